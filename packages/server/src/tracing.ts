/** Joins traces to what they go through: the log's commits, the engine's folds, the write door, the live lists. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { CodedError, product } from "@attune/protocol";
import { OtlpExporter } from "./admin/traces/otlp.ts";
import { traceRequests } from "./admin/traces/requests.ts";
import { Traces } from "./admin/traces/traces.ts";
import type { Meter } from "./base/meter.ts";
import type { Config } from "./config.ts";
import type { DeliverParts } from "./deliver/door.ts";
import type { Engine } from "./engine/engine.ts";
import type { IngestParts } from "./ingest/parts.ts";

export interface Tracing {
  traces: Traces;
  exporter: OtlpExporter;
}

const none = "none";

/** Nothing at all unless `traceUrl` is set: then no hook, no wrapper and no clock is on any path. */
export function tracing(config: Config, warn: (message: string) => void): Tracing | undefined {
  if (config.traceUrl === none) return undefined;
  const exporter = new OtlpExporter({
    url: traceUrl(config.traceUrl),
    resource: {
      "service.name": product.command,
      "service.version": product.version,
      "service.instance.id": randomBytes(8).toString("hex"),
    },
    onState: (failure) =>
      warn(failure === undefined ? "traces arrive again" : `traces are lost: ${failure}`),
  });
  const traces = new Traces({
    add: (span) => exporter.add(span),
    samplePermille: config.traceSamplePermille,
    perSMax: config.tracesPerS,
    now: () => performance.timeOrigin + performance.now(),
    chance: Math.random,
  });
  return { traces, exporter };
}

/** A collector's address without a path means the path of the standard. */
function traceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const message = `traceUrl is ${JSON.stringify(text)}; give an address such as http://127.0.0.1:4318.`;
    throw new CodedError("setting_invalid", message);
  }
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url;
}

export interface TracedParts {
  append: IngestParts["append"];
  onListed: NonNullable<DeliverParts["onListed"]>;
}

/** Must be called before any route is added and before the live lists listen to the engine. */
export function traced(
  { traces, exporter }: Tracing,
  app: FastifyInstance,
  engine: Engine,
  meter: Meter,
): TracedParts {
  const traceOf = traceRequests(app, traces);
  engine.onFolded((_users, commit) => traces.folded(commit));
  meter.gauge("attune_trace_spans_total", "Spans that a collector took.", () => exporter.sent);
  meter.gauge(
    "attune_trace_spans_dropped_total",
    "Spans that no collector took.",
    () => exporter.dropped,
  );
  const plain = engine.append.bind(engine);
  return {
    append: (records, request) => {
      const trace = request === undefined ? undefined : traceOf(request);
      return trace === undefined ? plain(records) : traces.append(trace, records, plain);
    },
    onListed: (person, tookMs) => traces.listed(person, tookMs),
  };
}
