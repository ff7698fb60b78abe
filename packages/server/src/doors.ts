/**
 * The doors around an engine: one HTTP server with a write door, a read door, the live channel and the
 * operator's door. It hands each of them the functions it needs; no door knows another.
 */
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { CodedError, errorTable, product } from "@attune/protocol";
import { authenticator } from "./access/authenticator.ts";
import {
  type DevelopmentKeys,
  developmentKeys,
  refuseDevelopmentKeys,
} from "./access/development-keys.ts";
import { Keys } from "./access/keys.ts";
import { UserTokens } from "./access/user-tokens.ts";
import { adminDoor } from "./admin/door.ts";
import { countBuffersInHeapLimit } from "./collector.ts";
import { type Config, listOf } from "./config.ts";
import { deliverDoor } from "./deliver/door.ts";
import { deliverParts, ingestObserver, meterLive, meterOf, serveParts } from "./door-parts.ts";
import { placementMetrics } from "./engine/metrics/placement-metrics.ts";
import { Documents } from "./engine/definitions/documents.ts";
import { PositionError } from "./engine/position.ts";
import { RequestError } from "./core/rank/request-error.ts";
import { ingestDoor } from "./ingest/http.ts";
import { type Commit, LogUnavailableError } from "./log/log.ts";
import { type Attune, open, paths } from "./main.ts";
import { serveDoor } from "./serve/door.ts";
import { traced, type Tracing, tracing } from "./tracing.ts";
import { writeParts } from "./write-parts.ts";

export interface Server {
  url: string;
  app: FastifyInstance;
  attune: Attune;
  /** Keys in clear, in development mode alone. */
  keys: DevelopmentKeys | undefined;
  /** Takes nothing new, finishes what is under way, stores everything. */
  close(): Promise<void>;
}

/** Fastify's code for a body beyond its limit. */
const tooLarge = "FST_ERR_CTP_BODY_TOO_LARGE";

export interface ServeOptions {
  now?: (() => number) | undefined;
  /** Adds routes of an application to the same server, before it listens. */
  register?:
    | ((app: FastifyInstance, server: Omit<Server, "url" | "close">) => void | Promise<void>)
    | undefined;
}

/** Opens the data directory and all doors, and listens. */
export async function serve(config: Config, options: ServeOptions = {}): Promise<Server> {
  countBuffersInHeapLimit();
  const now = options.now ?? Date.now;
  const mode = modeOf(config);
  const at = paths(config.data);
  if (mode === "production") refuseDevelopmentKeys(at.developmentKeys);
  const trace = tracing(config, (message) => app.log.warn(message));
  const app = httpServer(config);
  const onCommit = trace && ((commit: Commit) => trace.traces.committed(commit));
  const attune = await open(config, now, onCommit, true);
  try {
    return await openDoors(config, options, app, attune, trace);
  } catch (error) {
    // What was opened would keep the process alive, and the data directory in use.
    await app.close();
    await attune.close();
    throw error;
  }
}

async function openDoors(
  config: Config,
  options: ServeOptions,
  app: FastifyInstance,
  attune: Attune,
  trace: Tracing | undefined,
): Promise<Server> {
  const now = options.now ?? Date.now;
  const mode = modeOf(config);
  const at = paths(config.data);
  const keys = new Keys({ path: at.keys, now, mode });
  const tokens = await UserTokens.open(at.tokenKeys, now);
  const development = mode === "development" ? await prepareDevelopment(attune, keys) : undefined;
  const meter = meterOf(attune, now);
  const state = { isStopping: false };
  const notReady = (): string | undefined => whyNotReady(attune, state.isStopping);
  const through = trace && traced(trace, app, attune.engine, meter);
  const authenticate = authenticator(keys, tokens);
  adminDoor(app, {
    authenticate,
    documents: new Documents(attune.engine, now),
    placementMetrics: (...asked) => placementMetrics(attune.engine, ...asked),
    now,
    issueToken: (tenant, userId, ttlS) => tokens.issue({ tenant, userId, ttlS }),
    notReady,
    metrics: () => meter.text(),
    status: () => ({
      version: product.version,
      position: attune.engine.position(),
      durability: "fsync before every acknowledgement",
    }),
    title: product.name,
    version: product.version,
  });
  const write = writeParts(attune, {
    keys,
    tokens,
    now,
    notReady,
    publicUrl: config.publicUrl === "none" ? undefined : config.publicUrl,
    observe: ingestObserver(meter),
    append: through?.append,
  });
  const { deadLetters } = write;
  app.addHook("onClose", async () => deadLetters.close());
  const context = { attune, tokens, authenticate, deadLetters, meter, now };
  ingestDoor(app, write);
  serveDoor(app, serveParts(context));
  const live = { ...deliverParts(context), onListed: through?.onListed };
  meterLive(meter, deliverDoor(app, live).figures);
  await options.register?.(app, { app, attune, keys: development });
  const url = await listen(app, config);
  const timers = startTimers(attune, now);
  const close = async (): Promise<void> => {
    state.isStopping = true;
    clearInterval(timers);
    await closeWithin(app, config.closeMsMax);
    await trace?.exporter.close();
    await attune.close();
  };
  return { url, app, attune, keys: development, close };
}

function httpServer(config: Config): FastifyInstance {
  const app = Fastify({
    logger: { level: config.logLevel },
    bodyLimit: config.batchBytesMax,
    // A field nobody knows is a mistake to be told, not to be dropped.
    ajv: { customOptions: { removeAdditional: false } },
    // Ids of items and people stand in paths: 256 bytes, each escaped as three.
    routerOptions: { maxParamLength: 1_024 },
    requestTimeout: 120_000,
    // The doors refuse by themselves while it stops, with a Retry-After.
    return503OnClosing: false,
    trustProxy: config.trustedProxies === "none" ? false : listOf(config.trustedProxies),
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (codeOf(error) === undefined) request.log.error({ err: error }, "request failed");
    return refuse(reply, error);
  });
  // A body that is too large is read to its end and dropped. Fastify would close its connection, and a client that is still
  // writing then sees a broken pipe where the verdict was: stock clients send such a body again for ever. How long
  // anybody may send, `requestTimeout` bounds.
  app.addHook("onError", (_request, reply, error, done) => {
    if (error.code === tooLarge) reply.removeHeader("connection");
    done();
  });
  // The validator reads `1e999` as an integer, and then compares it with no bound.
  app.addHook("preHandler", (request, _reply, done) => {
    for (const [name, value] of Object.entries(request.query as object)) {
      if (value !== Infinity && value !== -Infinity) continue;
      return done(new CodedError("request_invalid", `querystring/${name} is no number`));
    }
    done();
  });
  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, new CodedError("not_found", "There is no such route.")),
  );
  return app;
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    const message = `Port ${port} of ${host} is in use. Choose another, such as ATTUNE_PORT=${port + 1}, or 0 for a free one.`;
    throw new CodedError("address_in_use", message, { cause });
  }
}

/** Waits for requests under way as long as `closeMsMax` allows; those that are left then are cut off. */
async function closeWithin(app: FastifyInstance, closeMsMax: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), closeMsMax);
  await app.close();
  clearTimeout(cut);
}

function modeOf(config: Config): "development" | "production" {
  if (config.mode === "development" || config.mode === "production") return config.mode;
  const message = `mode is ${JSON.stringify(config.mode)}; give development or production.`;
  throw new CodedError("setting_invalid", message);
}

/** The tenant `demo` declares its bases visibly, so that stock clients without a consent object work there. */
async function prepareDevelopment(attune: Attune, keys: Keys): Promise<DevelopmentKeys> {
  const tenant = attune.tenants[0]!;
  const { bases } = attune.engine.standing(tenant.number, "").policy;
  if (Object.keys(bases).length === 0)
    await attune.engine.setPolicy(tenant.number, {
      bases: { analytics: "legitimate-interest", personalization: "legitimate-interest" },
    });
  return developmentKeys(paths(attune.config.data).developmentKeys, keys, tenant);
}

function whyNotReady(attune: Attune, isStopping: boolean): string | undefined {
  if (isStopping) return "stopping";
  return attune.engine.failure === undefined ? undefined : "the engine has stopped; see the log";
}

/** Ticks of users and the hourly clock; both are records, so a replay sees them as they were. */
function startTimers({ engine }: Attune, now: () => number): NodeJS.Timeout {
  const step = async (): Promise<void> => {
    await engine.advanceClock(Math.floor(now() / 3_600_000));
    await engine.fireTimers();
  };
  let isUnderWay = false;
  // What fails here shows in the engine's own failure; a full disk is tried again a second later.
  const run = (): void => {
    if (isUnderWay) return;
    isUnderWay = true;
    void step()
      .catch(() => undefined)
      .finally(() => (isUnderWay = false));
  };
  run();
  return setInterval(run, 1_000).unref();
}

/** The code of the table for an error of any room; undefined for a fault of ours. */
function codeOf(error: unknown): CodedError | undefined {
  if (error instanceof CodedError) return error;
  if (error instanceof RequestError) return new CodedError("request_invalid", error.message);
  if (error instanceof PositionError)
    return new CodedError("position_unrecoverable", error.message);
  if (error instanceof LogUnavailableError) return new CodedError("log_unavailable", error.message);
  const { validation, statusCode, message, code } = error as FastifyError;
  if (code === tooLarge) return new CodedError("body_too_large", message);
  const isTheirs = validation !== undefined || (statusCode !== undefined && statusCode < 500);
  return isTheirs ? new CodedError("request_invalid", message) : undefined;
}

function refuse(reply: FastifyReply, error: unknown) {
  const coded = codeOf(error);
  if (coded === undefined)
    return reply
      .code(500)
      .send({ error: { code: "internal", message: "A fault of ours; it is in the log." } });
  const { status, caller } = errorTable[coded.code];
  if (status === 503) reply.header("Retry-After", "1");
  return reply
    .code(status === 200 ? 400 : status)
    .send({ error: { code: coded.code, message: coded.message, caller } });
}
