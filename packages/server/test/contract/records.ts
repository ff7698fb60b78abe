/** Records for tests of the log: short to write, every field set. */
import { createHash } from "node:crypto";
import { nobody, type RecordInput, recordSchema } from "../../src/base/record.ts";
import type { Commit, Log } from "../../src/log/log.ts";

export const dayMs = 86_400_000;
export const someDay = 20_000 * dayMs;

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** An event of a user with a message id; the payload repeats both. */
export function event(user: string, id: string, change: Partial<RecordInput> = {}): RecordInput {
  return {
    schema: recordSchema,
    kind: "event",
    tenant: 1,
    subject: user === nobody ? nobody : hashOf(`user ${user}`),
    identity: "claimed",
    purposes: 3,
    merged: false,
    source: "key-1",
    at: someDay,
    receivedAt: someDay,
    messageHash: hashOf(`message ${id}`),
    payload: new TextEncoder().encode(`${user}:${id}`),
    ...change,
  };
}

export function clock(id: string): RecordInput {
  return event(nobody, id, { kind: "clock", tenant: 0, source: "engine" });
}

export function textOf(record: { payload: Uint8Array }): string {
  return new TextDecoder().decode(record.payload);
}

export async function readAll(log: Log, afterSeq = 0): Promise<Commit[]> {
  const commits: Commit[] = [];
  for await (const commit of log.read(afterSeq)) commits.push(commit);
  return commits;
}

/** Payload texts in log order. */
export async function readTexts(log: Log, afterSeq = 0): Promise<string[]> {
  const commits = await readAll(log, afterSeq);
  return commits.flatMap((commit) => commit.records.map(textOf));
}
