/** Bodies that no client should send and some do: each with its headers, and what the door may answer. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export interface BadBody {
  name: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  statuses: readonly number[];
}

const naughtyFile = join(import.meta.dirname, "../../packages/server/test/data/blns/blns.json");
const megabyte = 2 ** 20;

/** `round` is part of the ids: a round of its own has new events, a round sent again has duplicates. */
export function badBodies(round: number): BadBody[] {
  const gzip = { "Content-Encoding": "gzip" };
  const whole = track(`whole-${round}`, "i1");
  const one = (name: string, body: string | Buffer, statuses: number[], headers = {}): BadBody => ({
    name,
    headers,
    body: Buffer.from(body),
    statuses,
  });
  return [
    one(
      "naughty strings",
      batch(naughty().map((text, i) => track(`n-${round}-${i}`, text))),
      [200],
    ),
    one(
      "too deep",
      batch([`{"type":"track","properties":${"[".repeat(9_999)}${"]".repeat(9_999)}}`, whole]),
      [200],
    ),
    one(
      "too many keys",
      batch([JSON.stringify({ type: "track", properties: keys(20_000) }), whole]),
      [200],
    ),
    one("a text too long", batch([track(`t-${round}`, "x".repeat(megabyte)), whole]), [200]),
    one(
      "too many events",
      batch(Array.from({ length: 3_000 }, (_, i) => track(`m-${round}-${i}`, "i2"))),
      [200],
    ),
    one("no JSON among events", batch([`{"type":"track",`, whole]), [200, 400]),
    one("no JSON at all", randomBytes(megabyte), [400]),
    one("larger than allowed", Buffer.alloc(5 * megabyte, 0x20), [413]),
    one("packed and larger than allowed", bomb, [413], gzip),
    one("packed and cut off", gzipSync(batch([whole])).subarray(0, 60), [400], gzip),
    one("packed in an unknown way", batch([whole]), [415], { "Content-Encoding": "br" }),
    one("empty", "", [400]),
  ];
}

/** 100 MB of blanks in 100 kB. */
const bomb = gzipSync(Buffer.alloc(100 * megabyte, 0x20));

function batch(events: readonly string[]): string {
  return `{"batch":[${events.join(",")}]}`;
}

function track(messageId: string, itemId: string): string {
  const properties = { itemId, text: itemId };
  return JSON.stringify({ type: "track", event: "play", messageId, userId: "u1", properties });
}

function keys(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
}

function naughty(): string[] {
  if (!existsSync(naughtyFile)) throw new Error(`${naughtyFile} is missing`);
  return JSON.parse(readFileSync(naughtyFile, "utf8")) as string[];
}
