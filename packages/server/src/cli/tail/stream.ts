/**
 * `tail --url`: reads `GET /v1/stream` of a server, and takes it up where it was when the connection breaks. A
 * refusal ends it; only what passes is tried again.
 */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { CodedError, type ErrorCode, errorTable } from "@attune/protocol";
import { shown } from "../terminal.ts";

export interface StreamAsk {
  url: string;
  key: string;
  /** With commas; all when undefined. */
  types: string | undefined;
  from: string | undefined;
}

interface Message {
  cursor: string;
  type: string;
  data: Record<string, unknown>;
}

const pauseMsFirst = 250;
const pauseMsMax = 10_000;

/** The key in a file of its own, or the secret key of the development keys. */
export function keyIn(path: string): string {
  if (!existsSync(path)) {
    const message = `There is no ${path}: give --key-file FILE with a secret key.`;
    throw new CodedError("not_found", message);
  }
  const text = readFileSync(path, "utf8").trim();
  return text.startsWith("{")
    ? String((JSON.parse(text) as { secretKey: string }).secretKey)
    : text;
}

/** Never resolves; rejects when the server refuses. */
export async function followStream(
  ask: StreamAsk,
  take: (message: Message) => void,
): Promise<never> {
  let { from } = ask;
  for (let pauseMs = pauseMsFirst; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    try {
      for await (const message of messagesOf(ask, from)) {
        take(message);
        from = message.cursor;
        pauseMs = pauseMsFirst;
      }
    } catch (error) {
      if (error instanceof CodedError) throw error;
    }
    await delay(pauseMs);
  }
}

async function* messagesOf(ask: StreamAsk, from: string | undefined): AsyncGenerator<Message> {
  const url = new URL("/v1/stream", ask.url);
  if (ask.types !== undefined) url.searchParams.set("types", ask.types);
  if (from !== undefined) url.searchParams.set("from", from);
  const response = await fetch(url, { headers: { authorization: `Bearer ${ask.key}` } });
  if (response.status !== 200 || response.body === null) await refused(response);
  let rest = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line !== "") yield JSON.parse(line) as Message;
  }
}

/** Throws: coded where it is for good. */
async function refused(response: Response): Promise<never> {
  const body = (await response.json().catch(() => undefined)) as
    | { error?: { code?: string; message?: string } }
    | undefined;
  const { code, message = `the server answers ${response.status}` } = body?.error ?? {};
  if (response.status < 500 && response.status !== 429 && code !== undefined)
    throw new CodedError(
      Object.hasOwn(errorTable, code) ? (code as ErrorCode) : "request_invalid",
      message,
    );
  throw new Error(message);
}

/** As with the file: what happened to which item, and nobody's id but a public one. */
export function lineOf({ cursor, type, data }: Message): string {
  const { subject, item, type: what, placement, name } = data;
  const words = Object.entries({ what, item, placement, name })
    .filter(([, value]) => typeof value === "string")
    .map(([key, value]) => `${key}=${shown(String(value), 40)}`);
  const short = typeof subject === "string" && subject !== "" ? subject.slice(0, 8) : "-";
  return `${cursor}  ${type.padEnd(8)} ${short.padEnd(8)} ${words.join(" ")}`;
}
