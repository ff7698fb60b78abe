/** The data directory that an engine is killed over: how it is opened, what goes into it, how it is counted. */
import { join } from "node:path";
import { type RecordInput, recordSchema } from "../../src/base/record.ts";
import { utf8Encode } from "../../src/base/text.ts";
import { openSqliteCheckpoint } from "../../src/engine/checkpoint/sqlite.ts";
import { storedDedupe } from "../../src/engine/checkpoint/checkpointer.ts";
import { Engine } from "../../src/engine/engine.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import type { Log } from "../../src/log/log.ts";
import { openSqliteLog } from "../../src/log/sqlite.ts";

export const tenant = 1;
const users = 23;
/** Users from here on are forgotten now and then; those just below were anonymous first. */
const firstForgotten = 20;
const firstMerged = 16;

export async function openData(dir: string, startId: string) {
  const checkpoint = await openSqliteCheckpoint(join(dir, "state.sqlite"));
  const log = await openSqliteLog({
    path: join(dir, "log.sqlite"),
    partitions: 8,
    dedupeWindowDays: 7,
    now: () => Date.now(),
    commitBytesMax: 1 << 20,
    dedupe: storedDedupe(checkpoint),
  });
  const engine = await Engine.open({
    log,
    checkpoint,
    now: () => Date.now(),
    startId,
    checkpointRecords: 400,
    hotUsersMax: 10,
  });
  const close = async (): Promise<void> => {
    await engine.close();
    await log.close();
    await checkpoint.close();
  };
  return { log, engine, checkpoint, close };
}

export function subjectOf(n: number): string {
  return hashOf(`user ${n % users}`);
}

export function isForgotten(n: number): boolean {
  return n % users >= firstForgotten;
}

/** Message number n; sent again it is the same but for the time at which it arrives. */
export function message(n: number, startedAt: number): RecordInput {
  const isDevice = n % users >= firstMerged && n % users < firstForgotten && n < 4 * users;
  const subject = isDevice ? hashOf(`device ${n % users}`) : subjectOf(n);
  const event = {
    type: n % 5 === 0 ? "like" : "view",
    strength: n % 5 === 0 ? 3 : 1,
    item: `item-${(n * 7) % 40}`,
    properties: { n },
  };
  return {
    schema: recordSchema,
    kind: "event",
    tenant,
    subject,
    identity: "verified",
    purposes: 3,
    merged: false,
    source: "kill",
    // One in nine comes late by a minute of event time.
    at: startedAt - 3_600_000 + n - (n % 9 === 0 ? 60_000 : 0),
    receivedAt: Date.now(),
    messageHash: hashOf(`message ${n}`),
    payload: utf8Encode(JSON.stringify(event)),
  };
}

/** The merges of the devices, at message `n`; their ids are fixed, so a second one is none. */
export function mergesAt(n: number, startedAt: number): RecordInput[] {
  const user = n % users;
  if (user < firstMerged || user >= firstForgotten || n < 4 * users || n >= 5 * users) return [];
  const [from, to] = [hashOf(`device ${user}`), subjectOf(n)];
  const at = { tenant, subject: from, at: startedAt + n, id: `merge:${from}` };
  return [engineRecord("merge", { from, to }, at)];
}

/** A change of the catalogue, at message `n`: some items are put, some of them again, some go. */
export function catalogueAt(n: number, startedAt: number): RecordInput {
  const put = Array.from({ length: 40 }, (_, i) => ({
    id: `item-${(n * 7 + i * 3) % 400}`,
    attributes: { n, text: "x".repeat(100) },
  }));
  const change = { put, remove: [`item-${(n * 11) % 400}`] };
  return engineRecord("catalogue", change, { tenant, at: startedAt + n, id: `catalogue:${n}` });
}

export interface Count {
  /** Highest number of a run from 0 in which nothing is missing but what may be forgotten; -1 at first. */
  unbroken: number;
  /** Messages that stand more than once under one subject. */
  doubled: number;
}

export async function count(log: Log): Promise<Count> {
  const seen = new Map<string, Set<string>>();
  let doubled = 0;
  for await (const { records } of log.read(0)) {
    for (const { kind, source, subject, messageHash } of records) {
      if (kind !== "event" || source !== "kill") continue;
      const subjects = seen.get(messageHash) ?? new Set<string>();
      if (subjects.has(subject)) doubled += 1;
      seen.set(messageHash, subjects.add(subject));
    }
  }
  let unbroken = -1;
  const isThere = (n: number) => isForgotten(n) || seen.has(hashOf(`message ${n}`));
  while (isThere(unbroken + 1) && unbroken < seen.size * 2) unbroken += 1;
  return { unbroken, doubled };
}
