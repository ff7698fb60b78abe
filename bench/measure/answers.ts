/** Latency of answers after the whole load, through the engine in process; every request is another user's. */
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import {
  decades,
  type Figure,
  type Measured,
  type Measurement,
  percentile,
  type Plot,
  say,
  type Setting,
  Times,
} from "../figures.ts";
import { Interactions, type Load } from "../generate.ts";
import { close, loadEnd, open } from "../prepare.ts";
import { subjectOf, tenant } from "../workload.ts";

export const placements = ["up-next", "for-you", "trending"];
const limit = 20;
const requestsMax = 20_000;
/** Answers before a server calls itself ready. */
const warmUp = 2_000;

const answered = { items: 0, requests: 0 };

export const answers: Measurement = {
  name: "answers",
  title: "Answers",
  method:
    "The engine is opened on the data directory of the whole load (SQLite log and checkpoint, default settings) and " +
    "asked in process, one request after the other, for 20 items; placements take turns. Every request is another " +
    "user's, in order of their last interaction, newest first, so each state is read from the checkpoint and decoded " +
    "within the measured time. Each answer is logged as a decision, appended and folded between requests. " +
    "The first answers meet cold code and empty scratch arrays and stand apart; 2,000 warm up, as a server does " +
    "before it is ready. A turn is one request with all that log, fold and checkpoint did in the same turn of the event loop.",
  needs: "data",
  run,
};

async function run({ load, data }: Setting): Promise<Measured> {
  let now = loadEnd(load);
  const { platform } = await open(data, () => now);
  const { engine } = platform;
  const users = usersByLastInteraction(load);
  const cold = new Times();
  const coldCount = Math.min(100, users.length >> 2);
  const warmCount = Math.min(warmUp, users.length >> 1);
  let next = 0;
  const askOne = (placement: string) => ask(engine, users[next++]!, placement, (now += 10));
  for (let i = 0; i < warmCount; i++) {
    const ms = await askOne(placements[i % placements.length]!);
    if (i < coldCount) cold.add(ms);
    await setImmediate();
  }
  say("answers: warm");
  const warm = await measureAnswers(askOne, Math.min(requestsMax * 3, users.length - warmCount));
  await close(platform);
  const first = cold.sorted();
  return {
    notes: [
      `${warm.requests} requests after ${warmCount} of warm-up; ${(answered.items / answered.requests).toFixed(1)} items answered on average; ` +
        `${users.length} users known.`,
    ],
    figures: [
      ...placements.flatMap((name) => figuresOf(name, warm.times.get(name)!)),
      { name: `slowest of the first ${coldCount}`, value: first.at(-1)!, unit: "ms" },
      { name: "longest collector pause", value: warm.pauseMs, unit: "ms" },
      { name: "longest turn", value: warm.turns.at(-1)!, unit: "ms" },
      { name: "p99.9 turn", value: percentile(warm.turns, 0.999), unit: "ms" },
      {
        name: "requests in a row, decisions logged and folded",
        value: warm.rate,
        unit: "answers/s",
      },
    ],
    plots: [plotOf(warm.times)],
  };
}

/** Placements take turns; a turn of the event loop ends after each request. */
export async function measureAnswers(
  askOne: (placement: string) => Promise<number>,
  requests: number,
) {
  const times = new Map(placements.map((name) => [name, new Times()]));
  const turns = new Times();
  let pauseMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauseMs = Math.max(pauseMs, duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  const start = performance.now();
  for (let i = 0; i < requests; i++) {
    const placement = placements[i % placements.length]!;
    const turnAt = performance.now();
    times.get(placement)!.add(await askOne(placement));
    await setImmediate();
    turns.add(performance.now() - turnAt);
  }
  const wallMs = performance.now() - start;
  await setImmediate();
  observer.disconnect();
  return {
    times,
    turns: turns.sorted(),
    pauseMs,
    requests,
    rate: requests / (wallMs / 1000),
  };
}

async function ask(engine: Engine, user: number, placement: string, now: number) {
  const subject = subjectOf(user);
  const start = performance.now();
  const answer = await engine.recommend(tenant, subject, { placement, limit, now });
  const ms = performance.now() - start;
  answered.items += answer.items.length;
  answered.requests += 1;
  return ms;
}

/** Those of the load that did anything, newest first. */
export function usersByLastInteraction(load: Load): number[] {
  const lastAt = new Float64Array(load.users);
  const interactions = new Interactions(load);
  while (interactions.count < load.interactions) {
    interactions.next();
    lastAt[interactions.user] = interactions.count;
  }
  const users = [...lastAt.keys()].filter((user) => lastAt[user]! > 0);
  return users.sort((a, b) => lastAt[b]! - lastAt[a]!);
}

function figuresOf(name: string, times: Times): Figure[] {
  const sorted = times.sorted();
  const floor = { side: "at most", value: 5 } as const;
  return [
    { name: `${name}, p50`, value: percentile(sorted, 0.5), unit: "ms" },
    { name: `${name}, p99`, value: percentile(sorted, 0.99), unit: "ms", floor },
    { name: `${name}, p99.9`, value: percentile(sorted, 0.999), unit: "ms" },
  ];
}

/** Latency over the share of requests that took longer: 0.1 is p90, 0.001 is p99.9. */
function plotOf(times: ReadonlyMap<string, Times>): Plot {
  const shares = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
  return {
    name: "answers",
    title: "Latency of answers",
    x: {
      label: "percentile",
      scale: "log",
      ticks: [
        [1 / 0.5, "p50"],
        [1 / 0.1, "p90"],
        [1 / 0.01, "p99"],
        [1 / 0.001, "p99.9"],
      ],
    },
    y: { label: "ms", scale: "log", ticks: decades(0.01, 100) },
    series: [...times].map(([name, values]) => {
      const sorted = values.sorted();
      return {
        name,
        points: shares.map((share) => [1 / (1 - share), percentile(sorted, share)] as const),
      };
    }),
  };
}
