/** How answers, updates and memory go with the number of users, of items and of events. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Axis as PlotAxis,
  decades,
  type Measured,
  type Measurement,
  type Plot,
  say,
  type Setting,
  type Table,
} from "../figures.ts";
import { inProcess } from "../process.ts";
import { type Axis, axes, type Point, pointsOf } from "./axes.ts";

/** Records a second and seconds a point that the time left is guessed from, until points are done. */
const guess = { recordsPerS: 15_000, s: 15 };

interface Taken {
  point: Point;
  of(name: string): number;
}

export const curves: Measurement = {
  name: "curves",
  title: "Curves",
  method:
    "One axis is moved at a time, round a base of 200,000 users, 50,000 items and 1,000,000 events (ATTUNE_LONG=1 goes on " +
    "to 20,000,000 events; `--curves users=N,..` asks for other sizes). Each point is a process of its own: an engine on a SQLite log and " +
    "checkpoint at default settings, without a view thread, gets a catalogue of all the items, then the seeded load, made while it is filled in. Over the last 100,000 events: " +
    "the first half gives the rate of decoding, fold and sums (time inside the engine; the log's own threads work beside it), in the second half every update of the session " +
    "index is timed (two readings of the timer included). Then, after a checkpoint and a full collection, memory; whole process means all of it: runtime, generator, log, 50,000 decoded users. " +
    "Answers are asked for one after the other, 20 items each, three placements in turns, 2,000 each after a third as many to warm up; every request is " +
    "another user's as long as there are users, those active last first, so states are read from the checkpoint and decoded; every answer is logged as a decision and folded. " +
    "The p99.9 of 2,000 is the third slowest. A turn is a request with all that log, fold and checkpoint did in the same turn of the event loop.",
  run,
};

async function run({ load, dir, curves: asked }: Setting): Promise<Measured> {
  const points = pointsOf(load, asked ?? {}, process.env["ATTUNE_LONG"] === "1");
  const events = points.reduce((sum, { load: { interactions } }) => sum + interactions, 0);
  const cost = ({ load: { interactions } }: Point) => interactions / guess.recordsPerS + guess.s;
  const total = points.reduce((sum, point) => sum + cost(point), 0);
  say(`curves: ${points.length} points, ${events} events, about ${Math.ceil(total / 60)} min`);
  const start = performance.now();
  const taken: Taken[] = [];
  let done = 0;
  for (const point of points) {
    const { users, items, interactions } = point.load;
    say(`curves: ${users} users, ${items} items, ${interactions} events`);
    const own = join(dir, `point-${taken.length}`);
    mkdirSync(own, { recursive: true });
    const task = {
      do: "curve point",
      name: "curves",
      dir: own,
      data: "",
      load: point.load,
    } as const;
    const { figures } = await inProcess(task);
    rmSync(own, { recursive: true, force: true });
    const values = new Map(figures.map(({ name, value }) => [name, value]));
    taken.push({ point, of: (name) => values.get(name)! });
    done += cost(point);
    const elapsedS = (performance.now() - start) / 1000;
    const leftMin = Math.ceil(((elapsedS / done) * (total - done)) / 60);
    say(
      `curves: ${taken.length} of ${points.length} after ${elapsedS.toFixed(0)} s, about ${leftMin} min left`,
    );
  }
  return {
    notes: [`${points.length} points, ${events} events in all.`],
    figures: figuresOf(taken),
    tables: axes.flatMap((axis) => tablesOf(axis, along(taken, axis))),
    plots: [
      ...axes.map((axis) => latencyPlot(axis, along(taken, axis))),
      memoryPlot(along(taken, "events")),
      ratePlot(taken),
    ],
  };
}

function along(taken: readonly Taken[], axis: Axis): Taken[] {
  const of = taken.filter(({ point }) => point.on.includes(axis));
  return of.sort((a, b) => sizeOf(a, axis) - sizeOf(b, axis));
}

function sizeOf({ point: { load } }: Taken, axis: Axis): number {
  return axis === "events" ? load.interactions : load[axis];
}

/** The worst of all points, which is what a floor has to hold for. */
function figuresOf(taken: readonly Taken[]) {
  const worst = (name: string) => Math.max(...taken.map(({ of }) => of(name)));
  const atMost = (value: number) => ({ side: "at most", value }) as const;
  // A small index pays for the room that it has taken in advance.
  const large = taken.filter(({ point }) => point.load.interactions >= 500_000);
  const ofLarge = large.length > 0 ? large : taken;
  return [
    {
      name: "up-next, p99, worst point",
      value: worst("up-next p99"),
      unit: "ms",
      floor: atMost(5),
    },
    {
      name: "for-you, p99, worst point",
      value: worst("for-you p99"),
      unit: "ms",
      floor: atMost(5),
    },
    {
      name: "trending, p99, worst point",
      value: worst("trending p99"),
      unit: "ms",
      floor: atMost(5),
    },
    { name: "longest turn, worst point", value: worst("longest turn"), unit: "ms" },
    {
      name: "longest collector pause, worst point",
      value: worst("longest collector pause"),
      unit: "ms",
    },
    {
      name: "index update, p50, worst point",
      value: worst("index update p50"),
      unit: "us",
      floor: atMost(2),
    },
    {
      name: "index, worst point of 500,000 events and more",
      value: Math.max(...ofLarge.map(({ of }) => of("index"))),
      unit: "B/interaction",
      floor: atMost(20),
    },
  ];
}

function tablesOf(axis: Axis, taken: readonly Taken[]): Table[] {
  const columns: readonly (readonly [head: string, name: string])[][] = [
    [
      ...["up-next", "for-you", "trending"].flatMap((placement) =>
        ["p50", "p99", "p99.9"].map(
          (share) => [`${placement} ${share}, ms`, `${placement} ${share}`] as const,
        ),
      ),
      ["longest turn, ms", "longest turn"],
      ["longest pause, ms", "longest collector pause"],
      ["first answer, ms", "first answer"],
    ],
    [
      ["index update p50, us", "index update p50"],
      ["decode + fold + sum, records/s", "decode + fold + sum"],
      ["filled in, records/s", "filled"],
      ["index, B/interaction", "index"],
      ["all models, B/interaction", "all models"],
      ["whole process, B/interaction", "whole process"],
      ["resident, MB", "resident"],
      ["catalogue, items/s", "catalogue put"],
      ["users known", "users known"],
      ["items answered", "items answered"],
    ],
  ];
  return columns.map((own, i) => ({
    title: `By ${axis}: ${i === 0 ? "answers" : "updates and memory"}`,
    head: [axis, ...own.map(([head]) => head)],
    rows: taken.map((one) => [sizeOf(one, axis), ...own.map(([, name]) => one.of(name))]),
  }));
}

const sizes = (label: string): PlotAxis => ({
  label,
  scale: "log",
  ticks: decades(100, 100_000_000),
});

function latencyPlot(axis: Axis, taken: readonly Taken[]): Plot {
  const names = ["up-next p50", "up-next p99", "for-you p99", "trending p99"];
  return {
    name: `curves-${axis}`,
    title: `Latency of answers against ${axis}`,
    x: sizes(axis),
    y: { label: "ms", scale: "log", ticks: decades(0.01, 1_000) },
    series: names.map((name) => lineOf(name, taken, axis, name)),
  };
}

function memoryPlot(taken: readonly Taken[]): Plot {
  const names = ["index", "all models", "whole process"];
  return {
    name: "curves-memory",
    title: "Bytes per interaction against events",
    x: sizes("events"),
    y: { label: "B", scale: "log", ticks: decades(1, 1_000_000) },
    series: names.map((name) => lineOf(name, taken, "events", name)),
  };
}

function ratePlot(taken: readonly Taken[]): Plot {
  return {
    name: "curves-rate",
    title: "Decode, fold and sum against each axis",
    x: sizes("users, items or events"),
    y: { label: "per s", scale: "log", ticks: decades(1_000, 1_000_000) },
    series: axes.map((axis) => lineOf(axis, along(taken, axis), axis, "decode + fold + sum")),
  };
}

function lineOf(name: string, taken: readonly Taken[], axis: Axis, of: string) {
  return { name, points: taken.map((one) => [sizeOf(one, axis), one.of(of)] as const) };
}
