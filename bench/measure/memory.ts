/** Bytes an interaction costs in the arrays of the sums, and in the whole process, as the load comes in. */
import type { Models } from "../../packages/server/src/core/sum/models.ts";
import {
  decades,
  type Figure,
  type Measured,
  type Measurement,
  type Plot,
  type Setting,
} from "../figures.ts";
import { decoded, Folding } from "../folding.ts";
import type { Load } from "../generate.ts";
import { close, declareBasis, fill, open } from "../prepare.ts";
import { Records, tenant } from "../workload.ts";

export const memory: Measurement = {
  name: "memory",
  title: "Memory",
  method:
    "The load is appended to an engine with SQLite log and checkpoint at default settings (50,000 decoded users at " +
    "most). At each mark, after a checkpoint and a full collection: the bytes of the arrays of the session index and " +
    "of all models, the heap in use and the resident memory of the process, generator, runtime and log included. What the " +
    "process needed before the first record is the base and is taken off in the rows that say so. " +
    "The heap of a decoded user is what goes when all states of the load, folded without an engine afterwards, are let go of.",
  run,
};

interface Mark {
  interactions: number;
  indexBytes: number;
  modelBytes: number;
  heapBytes: number;
  arrayBytes: number;
  residentBytes: number;
}

async function run({ load, dir }: Setting): Promise<Measured> {
  const records = new Records(load);
  const { platform } = await open(dir, () => records.interactions.at);
  const { engine } = platform;
  await declareBasis(engine);
  const { models } = engine.tenant(tenant);
  const base = take(models);
  const marks: Mark[] = [];
  for (const size of sizesUpTo(load.interactions)) {
    await fill(engine, records, size - records.interactions.count);
    await engine.checkpoint();
    marks.push(take(models));
  }
  const cells = models.all().map(({ model, size, bytes }) => `${model} ${size} in ${mega(bytes)}`);
  await close(platform);
  return {
    notes: [`Cells at the end: ${cells.join(", ")}.`],
    figures: [
      ...marks.flatMap((mark) => figuresOf(mark, base)),
      {
        name: "base: resident before the first record",
        value: base.residentBytes / 1e6,
        unit: "MB",
      },
      {
        name: "heap of a decoded user",
        value: bytesOfDecodedUser(load),
        unit: "B",
        floor: { side: "at most", value: 1024 },
      },
    ],
    plots: [plotOf(marks)],
  };
}

/** Mean over the users of the load, of whom the most active have many times as much. */
function bytesOfDecodedUser(load: Load): number {
  const folding = new Folding();
  const records = new Records(load);
  while (records.interactions.count < Math.min(load.interactions, 1_000_000))
    folding.take(decoded(records.next()));
  const users = folding.states.size;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  folding.states.clear();
  globalThis.gc?.();
  return (before - process.memoryUsage().heapUsed) / users;
}

function sizesUpTo(interactions: number): number[] {
  const sizes = [];
  for (let size = 10_000; size < interactions; size *= 10) sizes.push(size);
  return [...sizes, interactions];
}

function take(models: Models): Mark {
  globalThis.gc?.();
  const { heapUsed, rss, arrayBuffers } = process.memoryUsage();
  return {
    interactions: models.sessions.size,
    indexBytes: models.sessions.bytes,
    modelBytes: models.all().reduce((sum, { bytes }) => sum + bytes, 0),
    heapBytes: heapUsed,
    arrayBytes: arrayBuffers,
    residentBytes: rss,
  };
}

function figuresOf(mark: Mark, base: Mark): Figure[] {
  const { interactions } = mark;
  const at = `${interactions.toLocaleString("en")} in the index`;
  const each = (bytes: number) => bytes / interactions;
  const floor = { side: "at most", value: 20 } as const;
  return [
    {
      name: `${at}: session index`,
      value: each(mark.indexBytes),
      unit: "B/interaction",
      ...(interactions < 500_000 ? {} : { floor }),
    },
    { name: `${at}: all models`, value: each(mark.modelBytes), unit: "B/interaction" },
    {
      name: `${at}: heap, without base`,
      value: each(mark.heapBytes - base.heapBytes),
      unit: "B/interaction",
    },
    {
      name: `${at}: resident, without base`,
      value: each(mark.residentBytes - base.residentBytes),
      unit: "B/interaction",
    },
    { name: `${at}: resident, whole process`, value: mark.residentBytes / 1e6, unit: "MB" },
  ];
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function plotOf(marks: readonly Mark[]): Plot {
  const line = (name: string, bytes: (mark: Mark) => number) => ({
    name,
    points: marks.map((mark) => [mark.interactions, bytes(mark) / 1e6] as const),
  });
  return {
    name: "memory",
    title: "Memory against interactions",
    x: { label: "interactions", scale: "log", ticks: decades(1_000, 10_000_000) },
    y: { label: "MB", scale: "log", ticks: decades(0.1, 10_000) },
    series: [
      line("session index", (mark) => mark.indexBytes),
      line("all models", (mark) => mark.modelBytes),
      line("heap", (mark) => mark.heapBytes),
      line("resident", (mark) => mark.residentBytes),
    ],
  };
}
