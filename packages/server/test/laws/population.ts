/**
 * Logs for the laws of the engine: the records of many users side by side, in the order in which they came,
 * and an engine in memory over them.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { UserEvent } from "@attune/protocol";
import fc from "fast-check";
import { Prng } from "../../src/base/prng.ts";
import { type RecordInput, recordSchema } from "../../src/base/record.ts";
import { utf8Encode } from "../../src/base/text.ts";
import type { FoldLimits } from "../../src/core/fold/state.ts";
import type { FoldRecord } from "../../src/core/fold/apply.ts";
import { MemoryCheckpoint } from "../../src/engine/checkpoint/memory.ts";
import { Engine } from "../../src/engine/engine.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import type { Log } from "../../src/log/log.ts";
import { openMemoryLog } from "../../src/log/memory.ts";
import { userRecords } from "./generate.ts";

export const tenant = 1;
const hourMs = 3_600_000;

/** A person: the subject that is forgotten by name, and what was merged into it. */
export interface Member {
  subject: string;
  devices: string[];
}

export interface Population {
  members: Member[];
  /** In log order. */
  records: RecordInput[];
}

function inputOf({ header, payload }: FoldRecord): RecordInput {
  return { ...header, payload: utf8Encode(JSON.stringify(payload)) };
}

/** Generated users; one in six was somebody anonymous first. Clock records stand between them. */
export function generated(users: number, seed: number, recordsMax: number): Population {
  const prng = new Prng(seed);
  const records: RecordInput[] = [];
  const members: Member[] = [];
  const draw = (subject: string) =>
    fc.sample(userRecords({ subject, recordsMax }), { numRuns: 1, seed: prng.next() | 0 })[0]!;
  for (let i = 0; i < users; i++) {
    const member: Member = { subject: hashOf(`${seed}/${i}`), devices: [] };
    records.push(...draw(member.subject).map(inputOf));
    if (prng.chance(1 / 6)) {
      const device = hashOf(`${seed}/${i}/device`);
      member.devices.push(device);
      const own = draw(device).map(inputOf);
      const meets = prng.pick(own);
      records.push(...own);
      if (meets !== undefined) records.push(mergeOf(device, member.subject, meets.receivedAt));
    }
    members.push(member);
  }
  return { members, records: withClock(records.toSorted((a, b) => a.receivedAt - b.receivedAt)) };
}

function mergeOf(from: string, to: string, at: number): RecordInput {
  const id = `merge:${from}`;
  return engineRecord("merge", { from, to }, { tenant, subject: from, at, id });
}

/** The same people without anything that was merged into them. */
export function unmerged({ members, records }: Population): Population {
  const devices = new Set(members.flatMap((member) => member.devices));
  return {
    members: members.map(({ subject }) => ({ subject, devices: [] })),
    records: records.filter(({ subject }) => !devices.has(subject)),
  };
}

/** A clock record now and then, so that windows and buckets move. */
function withClock(records: readonly RecordInput[]): RecordInput[] {
  const every = Math.max(1, Math.floor(records.length / 20));
  return records.flatMap((record, i) => {
    if (i % every !== every - 1) return [record];
    const hour = Math.floor(record.receivedAt / hourMs);
    return [
      record,
      engineRecord("clock", { hour }, { tenant: 0, at: hour * hourMs, id: String(hour) }),
    ];
  });
}

/** Users and what they did, from rows of a public file. */
export function imported(
  rows: readonly { user: string; at: number; event: UserEvent }[],
): Population {
  const subjects = new Map<string, string>();
  const sorted = rows.toSorted((a, b) => a.at - b.at);
  const records = sorted.map(({ user, at, event }, i): RecordInput => {
    let subject = subjects.get(user);
    if (subject === undefined) subjects.set(user, (subject = hashOf(`user ${user}`)));
    return {
      schema: recordSchema,
      kind: "event",
      tenant,
      subject,
      identity: "verified",
      purposes: 3,
      merged: false,
      source: "import",
      at,
      receivedAt: at,
      messageHash: hashOf(`row ${i}`),
      payload: utf8Encode(JSON.stringify(event)),
    };
  });
  const members = [...subjects.values()].map((subject) => ({ subject, devices: [] }));
  return { members, records: withClock(records) };
}

/** The fields of a file's lines after its header. */
export async function linesOf(path: string, separator = "\t"): Promise<string[][]> {
  const lines: string[][] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line !== "") lines.push(line.split(separator));
  }
  return lines.slice(1);
}

export interface Machine {
  log: Log;
  engine: Engine;
  checkpoint: MemoryCheckpoint;
  limits: Readonly<FoldLimits>;
}

/** `shadowDecisionsPerSMax` 0: the log gets no rows of the ranker beside what is appended. */
export async function openMachine(
  limits: Readonly<FoldLimits>,
  shadowDecisionsPerSMax = 200,
  rankThreads = 0,
): Promise<Machine> {
  const log = await openMemoryLog({ partitions: 4, makeEpoch: () => "laws", salt: 1 });
  const checkpoint = new MemoryCheckpoint();
  const engine = await Engine.open({
    log,
    checkpoint,
    limits,
    now: () => Date.UTC(2026, 5, 1),
    checkpointRecords: 0,
    shadowDecisionsPerSMax,
    rankThreads,
    startId: "laws",
  });
  const bases = { analytics: "contract", personalization: "contract" } as const;
  await engine.setPolicy(tenant, { bases });
  return { log, engine, checkpoint, limits };
}

/** Appends in commits of about `size` records; `between` runs after each is folded. */
export async function feed(
  { engine }: Machine,
  records: readonly RecordInput[],
  size: number,
  between?: ((done: number) => Promise<void>) | undefined,
): Promise<void> {
  for (let i = 0; i < records.length; i += size) {
    await engine.append(records.slice(i, i + size));
    await engine.settled();
    await between?.(i);
  }
}
