/** Durable appends: the SQLite log beside a plain growing file that is synced after every batch. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { RecordInput } from "../../packages/server/src/base/record.ts";
import type { Log } from "../../packages/server/src/log/log.ts";
import { openSqliteLog } from "../../packages/server/src/log/sqlite.ts";
import {
  type Figure,
  type Measured,
  type Measurement,
  median,
  percentile,
  say,
  scaled,
  type Setting,
  Times,
} from "../figures.ts";
import { Records } from "../workload.ts";

const roundsMax = 9;
const inFlight = 8;
const batchSizes = [20, 100];
/** Bytes of a record's header beside its payload. */
const headerBytes = 75;

export const append: Measurement = {
  name: "append",
  title: "Durable append",
  method:
    `Three ways take turns in ${roundsMax} rounds, each on the same batches in the same directory: a plain file that grows ` +
    "by one write and one fdatasync a batch, on the thread that measures; the log with one batch awaited " +
    `after the other; the log with ${inFlight} batches in flight. The plain file's bytes are ready beforehand; the log ` +
    "packs records, tells duplicates, computes checksums and hands its commits to a worker thread within the measured time. " +
    "Rates and ratios are medians of the rounds, the ratio taken within each round; acknowledgement times are over all rounds.",
  run,
};

interface Round {
  wallMs: number;
  /** Ms from handing a batch over until it is durable, one a batch. */
  acks: Float64Array;
}

type Way = (batches: RecordInput[][]) => Promise<Round>;

class Rounds {
  readonly rates: number[] = [];
  readonly acks = new Times();

  add({ wallMs, acks }: Round, events: number): void {
    this.rates.push(events / (wallMs / 1000));
    for (const ms of acks) this.acks.add(ms);
  }
}

async function run({ load, dir }: Setting): Promise<Measured> {
  const records = new Records(load);
  const log = await openSqliteLog({
    path: join(dir, "log.sqlite"),
    partitions: 64,
    dedupeWindowDays: 7,
    now: () => records.interactions.at,
    commitBytesMax: 4 << 20,
  });
  const file = openSync(join(dir, "plain"), "a");
  const ways: Way[] = [
    (batches) => plainly(file, batches),
    (batches) => oneByOne(log, batches),
    (batches) => severalAtOnce(log, batches),
  ];
  const rounds = scaled(roundsMax, load, 3);
  const figures: Figure[] = [];
  try {
    for (const size of batchSizes) {
      const count = scaled(30_000 / size, load, 5);
      const batches = () => Array.from({ length: count }, () => records.take(size));
      figures.push(...(await measureSize(size, rounds, batches, ways)));
    }
  } finally {
    closeSync(file);
    await log.close();
  }
  const bytes = Math.round(records.bytes / records.interactions.count) + headerBytes;
  return { notes: [`About ${bytes} bytes an event, header included.`], figures };
}

async function measureSize(
  size: number,
  rounds: number,
  batches: () => RecordInput[][],
  ways: readonly Way[],
): Promise<Figure[]> {
  const results = ways.map(() => new Rounds());
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < ways.length; turn++) {
      // No way always follows the same other one.
      const way = (turn + round) % ways.length;
      const work = batches();
      const result = await ways[way]!(work);
      if (round > 0) results[way]!.add(result, size * work.length);
    }
    say(`append: batches of ${size}, round ${round} of ${rounds}`);
  }
  const [plain, single, several] = results as [Rounds, Rounds, Rounds];
  return [
    ...figuresOf(`${size} a batch, plain file`, plain),
    ...figuresOf(`${size} a batch, log, one at a time`, single, plain),
    ...figuresOf(`${size} a batch, log, ${inFlight} in flight`, several, plain),
  ];
}

function figuresOf(name: string, rounds: Rounds, plain?: Rounds): Figure[] {
  const acks = rounds.acks.sorted();
  const figures: Figure[] = [
    { name, value: median(rounds.rates), unit: "events/s" },
    { name: `${name}: p50 ack`, value: percentile(acks, 0.5), unit: "ms" },
    { name: `${name}: p99 ack`, value: percentile(acks, 0.99), unit: "ms" },
  ];
  if (plain === undefined) return figures;
  const ratios = rounds.rates.map((rate, round) => rate / plain.rates[round]!);
  const floor = { side: "at least", value: 0.5 } as const;
  return [
    ...figures,
    { name: `${name}: ratio to the plain file`, value: median(ratios), unit: "", floor },
  ];
}

async function plainly(file: number, batches: RecordInput[][]): Promise<Round> {
  const header = Buffer.alloc(headerBytes);
  const bytes = batches.map((batch) =>
    Buffer.concat(batch.flatMap(({ payload }) => [header, payload])),
  );
  const acks = new Float64Array(bytes.length);
  const start = performance.now();
  for (let i = 0; i < bytes.length; i++) {
    const from = performance.now();
    writeSync(file, bytes[i]!);
    fdatasyncSync(file);
    acks[i] = performance.now() - from;
  }
  return { wallMs: performance.now() - start, acks };
}

async function oneByOne(log: Log, batches: RecordInput[][]): Promise<Round> {
  const acks = new Float64Array(batches.length);
  const start = performance.now();
  for (let i = 0; i < batches.length; i++) {
    const from = performance.now();
    await log.append(batches[i]!);
    acks[i] = performance.now() - from;
  }
  return { wallMs: performance.now() - start, acks };
}

async function severalAtOnce(log: Log, batches: RecordInput[][]): Promise<Round> {
  const acks = new Float64Array(batches.length);
  let next = 0;
  const writer = async () => {
    while (next < batches.length) {
      const i = next++;
      const from = performance.now();
      await log.append(batches[i]!);
      acks[i] = performance.now() - from;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, writer));
  return { wallMs: performance.now() - start, acks };
}
