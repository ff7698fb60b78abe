/**
 * The same streams for clients without a WebSocket: `/connection/uni_sse`, which any EventSource can read and
 * resume, and `/v1/live/history`, the fallback of the fallback. Every message is unnamed and has the cursor as its
 * id; a gap is announced by a `reset` with how things stand, never passed over in silence.
 */
import "../access/route.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { type ErrorCode, CodedError } from "@attune/protocol";
import { type Channels, ownName, type Person } from "./channels.ts";
import { type Code, closes, Refusal, refusals } from "./codes.ts";
import { cursorOf, parseCursor } from "./cursor.ts";
import { publicationJson } from "./frames.ts";
import type { Hub, Position, Publication } from "./hub.ts";
import type { DeliverLimits } from "./limits.ts";
import { type Entry, Outgoing } from "./outgoing.ts";
import { type Start, Subscriptions } from "./subscriptions.ts";
import { codeOf, type VerifiedToken, type VerifyToken } from "./tokens.ts";

export interface SseParts {
  channels: Channels;
  hub: Hub;
  limits: Readonly<DeliverLimits>;
  verify: VerifyToken;
  now: () => number;
  random: () => number;
  /** Whether a page of this origin may read. */
  isOriginAllowed: (origin: string, host: string) => boolean;
  /** Name of the cookie that may carry a user token. */
  cookie: string;
  onFault: (error: unknown) => void;
  atEndOfTick: (work: () => void) => void;
}

const Query = Type.Object({
  channel: Type.Optional(
    Type.Array(Type.String({ maxLength: 512 }), {
      maxItems: 16,
      description:
        "`user:me` (the default) or `reco:{placement}#me`; several of them are one stream.",
    }),
  ),
  data: Type.Optional(
    Type.String({ description: "Of live queries, as JSON: limit, context, onScreen." }),
  ),
  token: Type.Optional(Type.String({ description: "A user token, where no header can be set." })),
  lastEventId: Type.Optional(Type.String({ description: "Cursor to go on from." })),
});
const HistoryQuery = Type.Object({
  channel: Query.properties.channel,
  data: Query.properties.data,
  token: Query.properties.token,
  since: Type.Optional(Type.String({ description: "Cursor to go on from." })),
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
});
type Query = Static<typeof Query> & Static<typeof HistoryQuery>;

type Request = FastifyRequest<{ Querystring: Query }>;

const headers = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "X-Accel-Buffering": "no",
};
const frameBytes = 240;

/** The query may hold a token, and logs are no place for one. */
const logSerializers = {
  req: ({ method, url, ip }: { method: string; url: string; ip: string }) => ({
    method,
    url: url.split("?", 1)[0],
    remoteAddress: ip,
  }),
};

export class Sse {
  readonly #parts: SseParts;
  readonly #streams = new Set<SseStream>();
  /** Streams by person. */
  readonly #devices = new Map<string, number>();
  #isDraining = false;

  constructor(parts: SseParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#streams.size;
  }

  routes(app: FastifyInstance): void {
    const options = (summary: string, querystring: object) => ({
      schema: { summary, querystring },
      logSerializers,
      onRequest: async (request: FastifyRequest, reply: FastifyReply) =>
        this.#admit(request, reply),
    });
    app.get<{ Querystring: Query }>(
      "/connection/uni_sse",
      options("A user's channels as server-sent events, resumable", Query),
      (request, reply) => this.#open(request, reply),
    );
    app.get<{ Querystring: Query }>(
      "/v1/live/history",
      options("What was published on a user's channel since a cursor", HistoryQuery),
      (request) => this.#history(request),
    );
  }

  /** Called every `tickMs`. */
  tick(): void {
    const now = this.#parts.now();
    for (const stream of this.#streams) stream.tick(now);
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    const { limits, random } = this.#parts;
    const leaving = [...this.#streams].map(
      (stream) =>
        new Promise<void>((resolve) => {
          setTimeout(() => {
            stream.close(closes.shutdown);
            resolve();
          }, random() * limits.drainMs);
        }),
    );
    await Promise.all(leaving);
  }

  /** Pages of allowed origins may read the answer; that of any other is kept from them by the browser. */
  #admit({ headers: { origin, host } }: FastifyRequest, reply: FastifyReply): void {
    if (origin === undefined || !this.#parts.isOriginAllowed(origin, host ?? "")) return;
    void reply.headers({
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Credentials": "true",
      Vary: "Origin",
    });
  }

  async #open(request: Request, reply: FastifyReply): Promise<FastifyReply> {
    const { limits, random } = this.#parts;
    // An EventSource that is answered 503 never comes back: it is sent away with a 200 and a delay.
    const retryMs = 1_000 + Math.floor(random() * 4_000);
    const later = (): FastifyReply =>
      reply.code(200).headers(headers).send(`retry: ${retryMs}\n\n`);
    if (this.#isDraining || this.size >= limits.socketsMax) return later();
    const token = await this.#verify(request).catch((error: unknown) => {
      if (codeOf(error) === "token_expired") return undefined;
      throw error;
    });
    // The automatic return of a stream whose token has run out: it must stop, the page opens another.
    if (token === undefined) return reply.code(204).send();
    const person = `${token.tenant}/${token.userId}`;
    const count = this.#devices.get(person) ?? 0;
    if (count >= limits.devicesPerUserMax) return later();
    const names = namesOf(token, request.query);
    const cursor = header(request, "last-event-id") ?? request.query.lastEventId;
    const since = cursor === undefined ? undefined : (parseCursor(cursor, names.length) ?? null);
    const stream = new SseStream(this.#parts, reply, token, names);
    this.#enter(person, stream);
    try {
      const isStarted = await stream.start(dataOf(request.query), since, retryMs);
      return isStarted ? reply : later();
    } catch (error) {
      stream.end();
      throw codedOf(error);
    }
  }

  #enter(person: string, stream: SseStream): void {
    this.#streams.add(stream);
    this.#devices.set(person, (this.#devices.get(person) ?? 0) + 1);
    stream.onEnd = () => {
      this.#streams.delete(stream);
      const left = (this.#devices.get(person) ?? 1) - 1;
      if (left === 0) this.#devices.delete(person);
      else this.#devices.set(person, left);
    };
  }

  async #history(request: Request): Promise<object> {
    const token = await this.#verify(request);
    const names = namesOf(token, request.query);
    if (names.length !== 1) throw new CodedError("request_invalid", "channel: give exactly one.");
    const { hub, channels, limits } = this.#parts;
    const { since: cursor, limit } = request.query;
    const since = cursor === undefined ? undefined : parseCursor(cursor, 1)?.[0];
    const count = limit ?? limits.historyMax;
    const holder = {};
    try {
      const open = await channels.open(token, names[0]!, dataOf(request.query), holder);
      try {
        const isLost = cursor !== undefined && since === undefined;
        const history = isLost
          ? undefined
          : await hub.history(open.stream, { since, limit: count });
        if (history !== undefined) {
          const { position, publications } = history;
          return { channel: open.name, ...position, publications: publications.map(published) };
        }
        const { epoch, offset } = await hub.open(open.stream);
        const data: unknown = JSON.parse(await open.present());
        return { channel: open.name, reset: { data, epoch, offset } };
      } finally {
        open.close();
      }
    } catch (error) {
      throw codedOf(error);
    }
  }

  #verify(request: Request): Promise<VerifiedToken> {
    const token =
      request.query.token ??
      bearer(header(request, "authorization")) ??
      cookieOf(header(request, "cookie"), this.#parts.cookie);
    if (token === undefined)
      throw new CodedError("key_invalid", "A user token is needed: ?token= or a cookie.");
    return this.#parts.verify(token);
  }
}

interface Written extends Entry {
  index: number;
  channel: string;
  publication: Publication;
}

/** One open stream of events. */
class SseStream {
  readonly #parts: SseParts;
  readonly #reply: FastifyReply;
  readonly #token: VerifiedToken;
  readonly #names: readonly string[];
  readonly #subscriptions: Subscriptions;
  readonly #outgoing: Outgoing<Written>;
  /** What has been written of each channel. */
  readonly #positions: Position[];
  #beatAt: number;
  #isStarted = false;
  #isEnded = false;
  onEnd: () => void = () => {};

  constructor(
    parts: SseParts,
    reply: FastifyReply,
    token: VerifiedToken,
    names: readonly string[],
  ) {
    this.#parts = parts;
    this.#reply = reply;
    this.#token = token;
    this.#names = names;
    this.#positions = names.map(() => ({ epoch: "_", offset: 0 }));
    this.#beatAt = parts.now() + parts.limits.heartbeatS * 1_000;
    this.#subscriptions = new Subscriptions({
      channels: parts.channels,
      hub: parts.hub,
      onPublication: (channel, publication) => this.#publish(channel, publication),
      onInvalidated: () => this.close(closes.stateInvalidated),
    });
    this.#outgoing = new Outgoing<Written>({
      limits: parts.limits,
      buffered: () => reply.raw.writableLength,
      write: (entries, done) => {
        reply.raw.write(entries.map((entry) => this.#frame(entry)).join(""), () => done());
      },
      collapse: (entry) => this.#whole(entry),
      onSlow: () => this.close(closes.slow),
      atEndOfTick: parts.atEndOfTick,
    });
  }

  /**
   * False when it was over before it began, and nothing was written. `since` null: there was a cursor, and it is
   * none of ours.
   */
  async start(
    data: unknown,
    since: readonly Position[] | undefined | null,
    retryMs: number,
  ): Promise<boolean> {
    const starts: Start[] = [];
    for (const [i, name] of this.#names.entries()) {
      const from = since === null ? { epoch: "_", offset: 0 } : since?.[i];
      const start = await this.#subscriptions.add(this.#token, name, data, from);
      if (start === undefined) break;
      starts.push(start);
      this.#positions[i] = start.position;
    }
    const { raw } = this.#reply;
    if (starts.length < this.#names.length || this.#isEnded || raw.destroyed) {
      this.end();
      return false;
    }
    this.#reply.hijack();
    this.#isStarted = true;
    raw.once("close", () => this.end());
    raw.writeHead(200, { ...this.#reply.getHeaders(), ...headers } as Record<string, string>);
    raw.write(`retry: ${retryMs}\n\n`);
    starts.forEach((start, i) => this.#announce(i, start));
    for (const { go } of starts) go();
    return true;
  }

  tick(now: number): void {
    if (now >= this.#token.expiresAtS * 1_000) {
      this.close(closes.expired);
      return;
    }
    if (now < this.#beatAt || !this.#isStarted) return;
    this.#beatAt = now + this.#parts.limits.heartbeatS * 1_000;
    // A heartbeat behind a full buffer helps nobody.
    if (this.#reply.raw.writableLength === 0) this.#reply.raw.write(":\n\n");
  }

  close({ code, reason }: Code): void {
    if (this.#isEnded) return;
    this.#outgoing.flush();
    const { raw } = this.#reply;
    this.end();
    if (!this.#isStarted) return;
    raw.end(`data: ${JSON.stringify({ disconnect: { code, reason } })}\n\n`);
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#outgoing.end();
    this.#subscriptions.close();
    this.onEnd();
  }

  /** Where the stream stands: what it missed, or, after a gap and at its first start, how things stand. */
  #announce(index: number, { position, wasRecovering, recovered, missed, present }: Start): void {
    const channel = this.#names[index]!;
    if (recovered) {
      for (const publication of missed) this.#push(index, channel, publication);
      return;
    }
    const { epoch, offset } = position;
    const where = `"epoch":${JSON.stringify(epoch)},"offset":${offset}`;
    const what = wasRecovering
      ? `"reset":{"data":${present},${where}}`
      : `"subscribe":{"recoverable":true,"positioned":true,${where},"data":${present}}`;
    this.#reply.raw.write(
      `id: ${cursorOf(this.#positions)}\ndata: {"channel":${JSON.stringify(channel)},${what}}\n\n`,
    );
  }

  #publish(channel: string, publication: Publication): void {
    this.#push(this.#names.indexOf(channel), channel, publication);
  }

  #push(index: number, channel: string, publication: Publication): void {
    const { key, data } = publication;
    const collapsing = key === undefined ? undefined : `${index}\n${key}`;
    this.#outgoing.push({
      bytes: data.length + frameBytes,
      key: collapsing,
      index,
      channel,
      publication,
    });
  }

  #frame({ index, channel, publication }: Written): string {
    this.#positions[index] = { epoch: this.#positions[index]!.epoch, offset: publication.offset };
    const pub = publicationJson(publication);
    return `id: ${cursorOf(this.#positions)}\ndata: {"channel":${JSON.stringify(channel)},"pub":${pub}}\n\n`;
  }

  #whole(entry: Written): Written {
    const open = this.#subscriptions.get(entry.channel);
    if (open?.setOnScreen === undefined) return entry;
    const data = open.present() as string;
    const publication = { ...entry.publication, data };
    return { ...entry, bytes: data.length + frameBytes, publication };
  }
}

function namesOf(person: Person, { channel = ["user:me"] }: Query): string[] {
  const names = channel.map((name) => ownName(person, name));
  if (names.length === 0 || new Set(names).size !== names.length)
    throw new CodedError("request_invalid", "channel: give each once.");
  return names;
}

function dataOf({ data }: Query): unknown {
  if (data === undefined) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    throw new CodedError("request_invalid", "data: this is no JSON.");
  }
}

function published({ data, ...rest }: Publication): object {
  return { ...rest, data: JSON.parse(data) as unknown };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  [refusals.unknownChannel.code]: "not_found",
  [refusals.permissionDenied.code]: "permission_denied",
  [refusals.badRequest.code]: "request_invalid",
  [refusals.limitExceeded.code]: "rate_limited",
};

function codedOf(error: unknown): unknown {
  const code = error instanceof Refusal ? codes[error.code] : undefined;
  return code === undefined ? error : new CodedError(code, (error as Refusal).message);
}

function header(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function bearer(value: string | undefined): string | undefined {
  return value !== undefined && /^bearer /i.test(value) ? value.slice("bearer ".length) : undefined;
}

function cookieOf(value: string | undefined, name: string): string | undefined {
  for (const part of value?.split(";") ?? []) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
