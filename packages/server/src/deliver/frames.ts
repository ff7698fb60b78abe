/**
 * The frames of the live channel: commands in, replies and pushes out. The meaning is one, the encodings may be
 * several: a codec turns bytes into commands and what is to be said into bytes, and knows nothing else. Payloads
 * are JSON text everywhere, made once and framed for each receiver.
 */
import { closes, Disconnect, type Code } from "./codes.ts";
import type { Publication } from "./hub.ts";

export type Method =
  | "connect"
  | "subscribe"
  | "unsubscribe"
  | "publish"
  | "history"
  | "presence"
  | "presence_stats"
  | "rpc"
  | "send"
  | "refresh"
  | "sub_refresh";

/** `method` is undefined for a pong, and for a command nobody knows. */
export interface Command {
  /** 0 when the sender expects no reply. */
  id: number;
  method: Method | undefined;
  /** True for the empty command. */
  isPong: boolean;
  /** Fields of the request as the sender gave them: unchecked. */
  request: Readonly<Record<string, unknown>>;
}

/** Where a subscription stands, and what came before. */
export interface SubscribeResult {
  epoch: string;
  offset: number;
  wasRecovering: boolean;
  recovered: boolean;
  publications: readonly Publication[];
  /** JSON of how things stand. */
  data?: string | undefined;
}

export interface ConnectResult {
  client: string;
  version: string;
  ttl: number;
  ping: number;
  subs: ReadonlyMap<string, SubscribeResult>;
  /** Server time, ms since 1970. */
  time: number;
}

export type Result =
  | { method: "connect"; result: ConnectResult }
  | { method: "subscribe"; result: SubscribeResult }
  | {
      method: "history";
      result: { epoch: string; offset: number; publications: readonly Publication[] };
    }
  /** `data` is JSON. */
  | { method: "rpc"; result: { data: string } }
  /** Fields that are plain values: presence, refresh, and the empty results. */
  | {
      method: "unsubscribe" | "publish" | "presence" | "presence_stats" | "refresh";
      result: Readonly<Record<string, unknown>>;
    };

/**
 * Duties of an implementation. `decode` throws a Disconnect on a frame that is none. What it encodes can be
 * joined in any number into one frame. A ping is a frame like any other.
 */
export interface Codec {
  /** Name to answer with when the client asked for a subprotocol. */
  readonly subprotocol: string;
  decode(frame: Buffer, isBinary: boolean): Command[];
  reply(id: number, result: Result): string;
  refusal(id: number, error: Code & { temporary: boolean }): string;
  publication(channel: string, publication: Publication): string;
  unsubscribe(channel: string, reason: Code): string;
  readonly ping: string;
  join(parts: readonly string[]): string;
}

const methods: readonly Method[] = [
  "connect",
  "subscribe",
  "unsubscribe",
  "publish",
  "history",
  "presence",
  "presence_stats",
  "rpc",
  "send",
  "refresh",
  "sub_refresh",
];
const known: ReadonlySet<string> = new Set(methods);
const idMax = 2 ** 32 - 1;

export const jsonCodec: Codec = {
  subprotocol: "centrifuge-json",

  decode(frame, isBinary) {
    if (isBinary) throw new Disconnect(closes.badRequest);
    const commands: Command[] = [];
    for (const line of frame.toString("utf8").split("\n")) {
      if (line !== "") commands.push(commandOf(line));
    }
    if (commands.length === 0) throw new Disconnect(closes.badRequest);
    return commands;
  },

  reply: (id, result) => `{"id":${id},"${result.method}":${resultJson(result)}}`,

  refusal(id, { code, reason, temporary }) {
    const error = { code, message: reason, ...(temporary ? { temporary } : {}) };
    return JSON.stringify({ id, error });
  },

  publication: (channel, publication) =>
    `{"push":{"channel":${JSON.stringify(channel)},"pub":${publicationJson(publication)}}}`,

  unsubscribe: (channel, { code, reason }) =>
    JSON.stringify({ push: { channel, unsubscribe: { code, reason } } }),

  ping: "{}",

  join: (parts) => parts.join("\n"),
};

function commandOf(line: string): Command {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Disconnect(closes.badRequest);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Disconnect(closes.badRequest);
  const fields = value as Record<string, unknown>;
  const id = fields["id"] ?? 0;
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > idMax)
    throw new Disconnect(closes.badRequest);
  const method = methods.find((name) => known.has(name) && Object.hasOwn(fields, name));
  const request = method === undefined ? {} : fields[method];
  if (typeof request !== "object" || request === null || Array.isArray(request))
    throw new Disconnect(closes.badRequest);
  const isPong = id === 0 && Object.keys(fields).length === 0;
  return { id, method, isPong, request: request as Record<string, unknown> };
}

function resultJson(result: Result): string {
  switch (result.method) {
    case "connect":
      return connectJson(result.result);
    case "subscribe":
      return subscribeJson(result.result);
    case "history": {
      const { epoch, offset, publications } = result.result;
      const list = publications.map(publicationJson).join(",");
      return `{"epoch":${JSON.stringify(epoch)},"offset":${offset},"publications":[${list}]}`;
    }
    case "rpc":
      return `{"data":${result.result.data}}`;
    default:
      return JSON.stringify(result.result);
  }
}

function connectJson({ client, version, ttl, ping, subs, time }: ConnectResult): string {
  const head = JSON.stringify({ client, version, expires: true, ttl, ping, pong: true, time });
  const parts = [...subs].map(([name, sub]) => `${JSON.stringify(name)}:${subscribeJson(sub)}`);
  return `${head.slice(0, -1)},"subs":{${parts.join(",")}}}`;
}

function subscribeJson(result: SubscribeResult): string {
  const { epoch, offset, wasRecovering, recovered, publications, data } = result;
  const head = { recoverable: true, positioned: true, epoch, offset };
  const fields = [JSON.stringify(head).slice(1, -1)];
  if (wasRecovering) fields.push(`"was_recovering":true`);
  if (recovered) fields.push(`"recovered":true`);
  if (publications.length > 0)
    fields.push(`"publications":[${publications.map(publicationJson).join(",")}]`);
  if (data !== undefined) fields.push(`"data":${data}`);
  return `{${fields.join(",")}}`;
}

/** Made once a publication, whatever the number of receivers. */
const encoded = new WeakMap<Publication, string>();

export function publicationJson(publication: Publication): string {
  const made = encoded.get(publication);
  if (made !== undefined) return made;
  const { offset, time, key, version, tags, data } = publication;
  const head = JSON.stringify({ offset, time, key, version, tags });
  const text = `${head.slice(0, -1)},"data":${data}}`;
  encoded.set(publication, text);
  return text;
}
