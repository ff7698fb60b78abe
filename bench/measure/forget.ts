/** Forgetting: the subtraction of one user from the sums, and a whole erasure down to the bytes of the log. */
import { contributionsOf } from "../../packages/server/src/core/fold/apply.ts";
import { foldLimits, type UserState } from "../../packages/server/src/core/fold/state.ts";
import {
  type Figure,
  type Measured,
  type Measurement,
  percentile,
  say,
  scaled,
  type Setting,
  Times,
} from "../figures.ts";
import { decoded, Folding } from "../folding.ts";
import { Interactions, type Load } from "../generate.ts";
import { close, loadEnd, open } from "../prepare.ts";
import { Random } from "../random.ts";
import { Records, subjectOf, tenant } from "../workload.ts";

const usersMeasured = 1_000;
const heaviest = 100;
const erasures = 100;

export const forget: Measurement = {
  name: "forget",
  title: "Forgetting",
  method:
    "In the sums: after the whole load, 1,000 users drawn at random, and apart from them the 100 with the most " +
    "cells; measured is making C(state) and subtracting it from all models, one user after the other. End to end: " +
    "an engine on the data directory of the whole load (SQLite) forgets 100 other users drawn at random, one after the other: the " +
    "forget record made durable and folded (what the caller waits for), and then the checkpoint and the rewriting " +
    "of the log, after which the bytes are gone from the disk.",
  needs: "data",
  run,
};

async function run({ load, data }: Setting): Promise<Measured> {
  const sums = inTheSums(load);
  globalThis.gc?.();
  const whole = await endToEnd(load, data);
  const floor = { side: "at most", value: 1 } as const;
  return {
    notes: [sums.note, `${whole.count} users erased end to end.`],
    figures: [
      ...figuresOf("sums, users at random", sums.random, floor),
      ...figuresOf("sums, heaviest users", sums.heavy),
      ...figuresOf("end to end, acknowledged and folded", whole.acknowledged),
      ...figuresOf("end to end, bytes gone from the log", whole.gone),
    ],
  };
}

function figuresOf(name: string, times: Times, floor?: Figure["floor"]): Figure[] {
  const sorted = times.sorted();
  return [
    { name: `${name}, p50`, value: percentile(sorted, 0.5), unit: "ms", floor },
    { name: `${name}, p99`, value: percentile(sorted, 0.99), unit: "ms" },
  ];
}

function inTheSums(load: Load) {
  const folding = new Folding();
  const records = new Records(load);
  while (records.interactions.count < load.interactions) {
    folding.take(decoded(records.next()));
    if (records.interactions.count % 200_000 === 0)
      say(`forget: ${records.interactions.count} records`);
  }
  const cells = (state: UserState) => contributionsOf(state, foldLimits).length;
  const byWeight = [...folding.states.values()]
    .map((state) => ({ state, cells: cells(state) }))
    .sort((a, b) => b.cells - a.cells);
  const heavy = byWeight.splice(0, Math.min(heaviest, byWeight.length >> 2));
  const chosen = shuffled(byWeight, load.seed).slice(0, usersMeasured);
  const mean = chosen.reduce((sum, each) => sum + each.cells, 0) / chosen.length;
  const subtract = (users: typeof chosen) => {
    const times = new Times();
    for (const { state } of users) {
      const start = performance.now();
      folding.models.subtractAll(contributionsOf(state, foldLimits));
      times.add(performance.now() - start);
    }
    return times;
  };
  return {
    random: subtract(chosen),
    heavy: subtract(heavy),
    note:
      `${chosen.length} users at random with ${mean.toFixed(0)} cells on average; ` +
      `the ${heavy.length} heaviest have ${heavy.at(-1)?.cells} to ${heavy[0]?.cells} cells.`,
  };
}

async function endToEnd(load: Load, data: string) {
  const acknowledged = new Times();
  const gone = new Times();
  let now = loadEnd(load);
  const { platform } = await open(data, () => now);
  const { engine } = platform;
  const count = scaled(erasures, load, 5);
  const known = new Set<number>();
  const interactions = new Interactions(load);
  for (let i = 0; i < load.interactions; i++) {
    interactions.next();
    known.add(interactions.user);
  }
  for (const user of shuffled([...known], load.seed).slice(0, count)) {
    const start = performance.now();
    await engine.forget(tenant, subjectOf(user), (now += 1000));
    acknowledged.add(performance.now() - start);
    await engine.checkpoint();
    gone.add(performance.now() - start);
  }
  await close(platform);
  return { acknowledged, gone, count };
}

function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = new Random(seed);
  const all = [...values];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
