/**
 * The platform on a data directory, as a server opens it, and the directories that measurements start from:
 * `data` holds the whole load, folded and checkpointed; `tail` the same with records after the checkpoint.
 */
import { join } from "node:path";
import type { Checkpoint } from "../packages/server/src/engine/checkpoint/checkpoint.ts";
import { openSqliteCheckpoint } from "../packages/server/src/engine/checkpoint/sqlite.ts";
import { storedDedupe } from "../packages/server/src/engine/checkpoint/checkpointer.ts";
import { Engine } from "../packages/server/src/engine/engine.ts";
import { catalogueRecord } from "../packages/server/src/ingest/items/put.ts";
import type { Log } from "../packages/server/src/log/log.ts";
import { openSqliteLog } from "../packages/server/src/log/sqlite.ts";
import { say } from "./figures.ts";
import { dayMs, type Load, loadStart } from "./generate.ts";
import { Random, scatter } from "./random.ts";
import { Records, tenant } from "./workload.ts";

const hourMs = 3_600_000;
const batchRecords = 100;
const inFlight = 4;
const itemsPerRecord = 1_000;

export interface Platform {
  log: Log;
  checkpoint: Checkpoint;
  engine: Engine;
}

export interface Opening {
  platform: Platform;
  checkpointMs: number;
  /** With the deduplication set brought up to the head. */
  logMs: number;
  /** Rows decoded and every C(state) added. */
  statesMs: number;
  /** Records behind the checkpoint replayed. */
  tailMs: number;
}

/** Time at which the load is over: the "now" of whatever opens it afterwards. */
export function loadEnd(load: Load): number {
  return loadStart + load.days * dayMs;
}

/** `checkpointRecords` 0: no checkpoint is made but when asked. `onFolded` hears how long each commit took. */
export async function open(
  dir: string,
  now: () => number,
  checkpointRecords?: number,
  onFolded?: (ms: number, records: number) => void,
): Promise<Opening> {
  const start = performance.now();
  const checkpoint = await openSqliteCheckpoint(join(dir, "state.sqlite"));
  const dedupe = storedDedupe(checkpoint);
  const checkpointAt = performance.now();
  const log = await openSqliteLog({
    path: join(dir, "log.sqlite"),
    partitions: 64,
    dedupeWindowDays: 7,
    now,
    commitBytesMax: 4 << 20,
    dedupe,
  });
  const logAt = performance.now();
  let tailAt = Number.NaN;
  const read = log.read.bind(log);
  // The engine reads the log for the first time once the states are in.
  log.read = (afterSeq) => {
    if (Number.isNaN(tailAt)) tailAt = performance.now();
    return read(afterSeq);
  };
  if (onFolded !== undefined) timeFold(log, onFolded);
  const engine = await Engine.open({ log, checkpoint, now, checkpointRecords });
  const end = performance.now();
  return {
    platform: { log, checkpoint, engine },
    checkpointMs: checkpointAt - start,
    logMs: logAt - checkpointAt,
    statesMs: tailAt - logAt,
    tailMs: end - tailAt,
  };
}

/** The engine folds a commit in the very turn in which the log hands it over. */
function timeFold(log: Log, onFolded: (ms: number, records: number) => void): void {
  const onCommit = log.onCommit.bind(log);
  log.onCommit = (listener) =>
    onCommit((commit) => {
      const start = performance.now();
      listener(commit);
      onFolded(performance.now() - start, commit.records.length);
    });
}

/** Ends as a stop does: with a checkpoint. */
export async function close({ engine, log, checkpoint }: Platform): Promise<void> {
  await engine.close();
  await log.close();
  await checkpoint.close();
}

/** Appends the next `count` records of the load and the clock records between them, and waits for the fold. */
export async function fill(engine: Engine, records: Records, count: number): Promise<void> {
  const waiting: Promise<unknown>[] = [];
  let hour = engine.clockHour;
  for (let done = 0; done < count;) {
    const batch = records.take(Math.min(batchRecords, count - done));
    waiting.push(engine.append(batch));
    done += batch.length;
    const now = Math.floor(records.interactions.at / hourMs);
    if (now > hour) waiting.push(engine.advanceClock((hour = now)));
    while (waiting.length >= inFlight) await waiting.shift();
    if (done % 200_000 === 0) say(`filling: ${done} of ${count} records`);
  }
  await Promise.all(waiting);
  await engine.settled();
}

/** Items `item-0`, `item-1`, .. with attributes, in records as large as the door makes them; returns ms. */
export async function putCatalogue(engine: Engine, items: number, at: number): Promise<number> {
  const start = performance.now();
  for (let from = 0; from < items; from += itemsPerRecord) {
    const put = Array.from({ length: Math.min(itemsPerRecord, items - from) }, (_, i) =>
      itemOf(from + i),
    );
    await engine.append([catalogueRecord(tenant, { put }, at)]);
    if ((from + put.length) % 100_000 === 0) say(`catalogue: ${from + put.length} of ${items}`);
  }
  await engine.settled();
  return performance.now() - start;
}

function itemOf(item: number) {
  const chance = new Random(scatter(item));
  return {
    id: `item-${item}`,
    attributes: {
      title: `Title of item ${item}`,
      artist: `artist-${chance.zipf(50_000, 0.8)}`,
      category: `category-${chance.below(24)}`,
      tags: [`tag-${chance.zipf(300, 0.8)}`, `tag-${chance.zipf(300, 0.8)}`],
      year: 1970 + chance.below(56),
      explicit: chance.below(20) === 0,
    },
  };
}

/** The tenant's users need no consent of their own here, as after an import. */
export async function declareBasis(engine: Engine): Promise<void> {
  await engine.setPolicy(tenant, {
    bases: { analytics: "contract", personalization: "contract" },
  });
}

export async function prepareData(dir: string, load: Load): Promise<void> {
  const records = new Records(load);
  const { platform } = await open(dir, () => records.interactions.at);
  await declareBasis(platform.engine);
  await fill(platform.engine, records, load.interactions);
  await close(platform);
}

/** Records after the checkpoint: a tenth of the load, at most 100,000. */
export function tailOf(load: Load): number {
  return Math.min(100_000, Math.ceil(load.interactions / 10));
}

/** Adds the tail to a copy of `data`: the same users go on, and no checkpoint follows. */
export async function prepareTail(dir: string, load: Load): Promise<void> {
  const records = new Records({ ...load, seed: load.seed + 1 }, loadEnd(load));
  const { platform } = await open(dir, () => records.interactions.at, 0);
  await fill(platform.engine, records, tailOf(load));
  await platform.log.close();
  await platform.checkpoint.close();
}
