/** The laws that a simulated machine is held against, as functions that name what is broken. */
import { createHash } from "node:crypto";
import type { LogRecord } from "../../src/base/record.ts";
import { decodeState } from "../../src/core/fold/codec.ts";
import { contributionsOf } from "../../src/core/fold/contributions.ts";
import type { FoldLimits } from "../../src/core/fold/state.ts";
import { Models } from "../../src/core/sum/models.ts";
import { payloadOf } from "../../src/engine/payload.ts";
import {
  compare,
  Replay,
  type Snapshot,
  snapshotOf,
  type Snapshottable,
} from "../../src/engine/verify.ts";
import type { Commit, Log } from "../../src/log/log.ts";

/** A log in front of another that does some things its own way. */
export function over(log: Log, changes: Partial<Log>): Log {
  return {
    epoch: log.epoch,
    partitions: log.partitions,
    append: (records) => log.append(records),
    read: (afterSeq) => log.read(afterSeq),
    readSubject: (tenant, subject, seqs) => log.readSubject(tenant, subject, seqs),
    head: () => log.head(),
    onCommit: (listener) => log.onCommit(listener),
    rewrite: (tenant, subject, removal) => log.rewrite(tenant, subject, removal),
    backup: (dir) => log.backup(dir),
    dedupeSnapshot: () => log.dedupeSnapshot(),
    backlogBytes: () => log.backlogBytes(),
    close: () => log.close(),
    ...changes,
  };
}

/** The log with some of its records left out: what a replay of it would have been without them. */
export function without(log: Log, isLeftOut: (record: LogRecord) => boolean): Log {
  const kept = (records: LogRecord[]) => records.filter((record) => !isLeftOut(record));
  return over(log, {
    read: (afterSeq) => readKept(log.read(afterSeq), kept),
    readSubject: async (tenant, subject, seqs) =>
      kept(await log.readSubject(tenant, subject, seqs)),
  });
}

async function* readKept(
  commits: AsyncIterable<Commit>,
  kept: (records: LogRecord[]) => LogRecord[],
): AsyncGenerator<Commit> {
  for await (const { seq, records } of commits) yield { seq, records: kept(records) };
}

export interface Forgotten {
  tenant: number;
  subjects: readonly string[];
  at: number;
  /** Position of the forget records in the log. */
  seq: number;
}

/** A record of somebody who was forgotten: all up to the forget, and later ones of an older time. */
export function isOfForgotten(record: LogRecord, forgotten: Forgotten): boolean {
  if (record.tenant !== forgotten.tenant) return false;
  const isOld = record.seq <= forgotten.seq || record.at <= forgotten.at;
  if (!isOld) return false;
  if (forgotten.subjects.includes(record.subject)) return true;
  return record.kind === "merge" && forgotten.subjects.includes(payloadOf(record, "merge").to);
}

export async function replayed(log: Log, limits: FoldLimits, through: number): Promise<Snapshot> {
  const replay = new Replay(log, limits);
  await replay.run(through);
  return snapshotOf(replay);
}

/** Live = replay from zero; returns what differs. */
export async function replayFaults(
  log: Log,
  live: Snapshottable,
  limits: FoldLimits,
): Promise<string[]> {
  const shown = snapshotOf(live);
  const { differences } = compare(shown, await replayed(log, limits, live.seq));
  return differences.map((name) => `live and replay differ in ${name} at ${live.seq}`);
}

/** The sums are the sum of C(state) over all states. */
export function sumFaults(
  live: Snapshottable & { clockHour: number },
  limits: FoldLimits,
): string[] {
  const models = new Map<number, Models>();
  for (const { tenant, body } of live.rows()) {
    if (body === null) continue;
    let own = models.get(tenant);
    if (own === undefined) models.set(tenant, (own = freshModels(live.clockHour)));
    own.addAll(contributionsOf(decodeState(body), limits));
  }
  const faults: string[] = [];
  for (const tenant of live.tenants()) {
    const own = models.get(tenant.number) ?? freshModels(live.clockHour);
    own.all().forEach((summary, i) => {
      const held = tenant.models.all()[i]!;
      const isEqual = held.digest() === summary.digest() && sha(held) === sha(summary);
      if (!isEqual) faults.push(`${tenant.number}/${summary.model} is not the sum of the users`);
    });
  }
  return faults;
}

function freshModels(clockHour: number): Models {
  const models = new Models();
  models.advance(clockHour);
  return models;
}

function sha(summary: { encode(): Uint8Array }): string {
  return createHash("sha256").update(summary.encode()).digest("hex");
}

/** Numbers of the canaries that stand in some bytes. */
export function canariesIn(bytes: Uint8Array): number[] {
  const text = Buffer.from(bytes).toString("latin1");
  return [...text.matchAll(/canary:(\d+);/g)].map((match) => Number(match[1]));
}
