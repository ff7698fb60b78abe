import { once } from "node:events";
import "../access/route.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { CodedError } from "@attune/protocol";
import { assertCallerScope, type Authenticate } from "../access/caller.ts";

/**
 * GET /v1/stream: everything that happens in a tenant, events, effects and decisions, in log order, as SSE or
 * NDJSON. Each message has a cursor; a reader that comes back with it misses nothing and sees nothing twice.
 */
export interface StreamMessage {
  /** Opaque: hand the last one back as `from` (or Last-Event-ID) to go on behind it. */
  cursor: string;
  type: "event" | "effect" | "decision";
  tenant: number;
  data: Readonly<Record<string, unknown>>;
}

export interface StreamParts {
  authenticate: Authenticate;
  /**
   * Messages of a tenant behind the cursor, without end: first what is stored, then what comes. `from`
   * undefined: from now on. Throws `position_unrecoverable` at once.
   */
  messages(
    tenant: number,
    from: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<StreamMessage>;
}

const types = ["event", "effect", "decision"] as const;
const heartbeatMs = 15_000;
const Query = Type.Object({
  types: Type.Optional(Type.String({ description: "Of event, effect, decision; with commas." })),
  from: Type.Optional(Type.String({ maxLength: 256 })),
});
type Asked = FastifyRequest<{ Querystring: { types?: string; from?: string } }>;

export function streamRoutes(app: FastifyInstance, parts: StreamParts): void {
  const open = new Set<AbortController>();
  // A stream has no end of its own: a stop would wait for it for ever.
  app.addHook("preClose", async () => {
    for (const abort of open) abort.abort();
  });
  app.get<{ Querystring: { types?: string; from?: string } }>(
    "/v1/stream",
    { schema: { summary: "Everything that happens, in order, resumable", querystring: Query } },
    async (request, reply) => {
      const caller = await parts.authenticate(request);
      assertCallerScope(caller, "stream");
      const wanted = typesOf(request.query.types);
      const isSse = String(request.headers.accept ?? "").includes("text/event-stream");
      const from = cursorOf(request, isSse);
      const abort = new AbortController();
      const messages = parts.messages(caller.tenant, from, abort.signal);
      reply.hijack();
      const { raw } = reply;
      raw.once("close", () => abort.abort());
      open.add(abort);
      raw.writeHead(200, {
        "Content-Type": isSse ? "text/event-stream" : "application/x-ndjson",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      });
      raw.flushHeaders();
      const beat = setInterval(() => raw.write(isSse ? ":\n\n" : "\n"), heartbeatMs);
      try {
        for await (const message of messages) {
          if (!wanted.has(message.type)) continue;
          const isTaken = raw.write(isSse ? sseOf(message) : `${JSON.stringify(message)}\n`);
          if (!isTaken) await once(raw, "drain", { signal: abort.signal });
        }
      } catch (error) {
        if (!abort.signal.aborted) request.log.error({ err: error }, "stream ended");
      } finally {
        clearInterval(beat);
        open.delete(abort);
        raw.end();
      }
    },
  );
}

function typesOf(text: string | undefined): ReadonlySet<string> {
  if (text === undefined || text === "") return new Set(types);
  const wanted = new Set(text.split(","));
  for (const type of wanted) {
    if ((types as readonly string[]).includes(type)) continue;
    const message = `types: ${JSON.stringify(type)} is none of ${types.join(", ")}.`;
    throw new CodedError("request_invalid", message);
  }
  return wanted;
}

function cursorOf(request: Asked, isSse: boolean): string | undefined {
  const last = request.headers["last-event-id"];
  return isSse && typeof last === "string" && last !== "" ? last : request.query.from;
}

function sseOf(message: StreamMessage): string {
  return `id: ${message.cursor}\ndata: ${JSON.stringify(message)}\n\n`;
}
