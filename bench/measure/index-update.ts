/** What one update of the session index costs, and one event's update of all models. */
import type {
  Contribution,
  SessionCell,
} from "../../packages/server/src/core/fold/contribution.ts";
import {
  type Measured,
  type Measurement,
  percentile,
  say,
  type Setting,
  Times,
} from "../figures.ts";
import { decoded, Folding } from "../folding.ts";
import { Records } from "../workload.ts";
import { Models } from "../../packages/server/src/core/sum/models.ts";

/** Updates between two readings of the timer. */
const batch = 64;
const chunk = 6_400;

export const indexUpdate: Measurement = {
  name: "index",
  title: "Index update",
  method:
    "The load is folded outside the measured time. Its contributions are then added to two sets of models: in the " +
    "first only the session index is timed, cell by cell, in the second all models, event by event. " +
    "Chunks of 6,400 take turns: in one the timer is read every 64 updates and a sample is the mean of the " +
    "64, in the next it is read around every update, for the tail. The last row is what " +
    "an empty reading of the timer costs; it is contained in the single readings.",
  run,
};

/** Samples in microseconds. */
class Samples {
  readonly ofBatches = new Times();
  readonly ofSingles = new Times();
}

async function run({ load }: Setting): Promise<Measured> {
  const records = new Records(load);
  const folding = new Folding();
  const index = new Models();
  const sessions = new Samples();
  const models = new Samples();
  for (let turn = 0; records.interactions.count < load.interactions; turn++) {
    const count = Math.min(chunk, load.interactions - records.interactions.count);
    const events = records.take(count).map((record) => folding.apply(decoded(record)));
    folding.advance(records.interactions.at);
    const cells = events.flat().filter((cell) => cell.model === "sessions");
    const isBatched = turn % 2 === 0;
    measure(cells, isBatched, sessions, (cell: SessionCell) => index.sessions.add(cell));
    measure(events, isBatched, models, (event: Contribution[]) => folding.models.addAll(event));
    if (turn % 30 === 29) say(`index: ${records.interactions.count} interactions`);
  }
  return {
    notes: [
      `${index.sessions.size} interactions in ${index.sessions.count} sessions over ${index.items.size} items at the end.`,
    ],
    figures: [...figures("session index", sessions, 2), ...figures("all models", models), empty()],
  };
}

function measure<T>(
  work: readonly T[],
  isBatched: boolean,
  samples: Samples,
  add: (one: T) => void,
) {
  if (!isBatched) {
    for (const one of work) {
      const start = performance.now();
      add(one);
      samples.ofSingles.add((performance.now() - start) * 1000);
    }
    return;
  }
  for (let from = 0; from < work.length; from += batch) {
    const end = Math.min(work.length, from + batch);
    const start = performance.now();
    for (let i = from; i < end; i++) add(work[i]!);
    samples.ofBatches.add(((performance.now() - start) * 1000) / (end - from));
  }
}

function figures(name: string, { ofBatches, ofSingles }: Samples, floorUs?: number) {
  const means = ofBatches.sorted();
  const singles = (ofSingles.count > 0 ? ofSingles : ofBatches).sorted();
  const floor = floorUs === undefined ? undefined : ({ side: "at most", value: floorUs } as const);
  return [
    { name: `${name}, p50 of means of 64`, value: percentile(means, 0.5), unit: "us", floor },
    { name: `${name}, p99 of means of 64`, value: percentile(means, 0.99), unit: "us" },
    { name: `${name}, p50 of single updates`, value: percentile(singles, 0.5), unit: "us" },
    { name: `${name}, p99 of single updates`, value: percentile(singles, 0.99), unit: "us" },
  ];
}

function empty() {
  const times = new Times();
  for (let i = 0; i < 10_000; i++) {
    const start = performance.now();
    times.add((performance.now() - start) * 1000);
  }
  return { name: "an empty reading, p50", value: percentile(times.sorted(), 0.5), unit: "us" };
}
