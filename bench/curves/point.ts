/** One point of the curves, in a process of its own: an engine filled with a load, then asked. */
import { setImmediate } from "node:timers/promises";
import { type Measured, percentile, Times } from "../figures.ts";
import type { Load } from "../generate.ts";
import { measureAnswers, placements, usersByLastInteraction } from "../measure/answers.ts";
import { close, declareBasis, fill, open, putCatalogue } from "../prepare.ts";
import { subjectOf, tenant } from "../workload.ts";
import type { Models } from "../../packages/server/src/core/sum/models.ts";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import { Records } from "../workload.ts";

const limit = 20;
const requestsEach = 2_000;
/** Of the load at its end: one stretch for the fold's rate, one for updates of the index. */
const stretch = 50_000;

export async function measurePoint(dir: string, load: Load): Promise<Measured> {
  const records = new Records(load);
  let later = 0;
  const folded = { ms: 0, records: 0 };
  const { platform } = await open(
    dir,
    () => records.interactions.at + later,
    undefined,
    (ms, count) => {
      folded.ms += ms;
      folded.records += count;
    },
  );
  const { engine } = platform;
  await declareBasis(engine);
  const catalogueMs = await putCatalogue(engine, load.items, records.interactions.at);
  const start = performance.now();
  const last = Math.min(stretch, Math.floor(load.interactions / 4));
  await fill(engine, records, load.interactions - 2 * last);
  Object.assign(folded, { ms: 0, records: 0 });
  await fill(engine, records, last);
  const foldRate = folded.records / (folded.ms / 1000);
  const { models } = engine.tenant(tenant);
  const index = await timeIndex(models, () => fill(engine, records, last));
  await engine.checkpoint();
  const fillMs = performance.now() - start;
  const memory = take(models);
  const asked = await ask(engine, load, (ms) => records.interactions.at + (later += ms));
  await close(platform);
  const each = (bytes: number) => bytes / memory.interactions;
  const figures = [
    ...placements.flatMap((name) => {
      const sorted = asked.times.get(name)!.sorted();
      return [0.5, 0.99, 0.999].map((share) => ({
        name: `${name} p${share * 100}`,
        value: percentile(sorted, share),
        unit: "ms",
      }));
    }),
    { name: "first answer", value: asked.firstMs, unit: "ms" },
    { name: "longest turn", value: asked.turns.at(-1)!, unit: "ms" },
    { name: "longest collector pause", value: asked.pauseMs, unit: "ms" },
    { name: "index update p50", value: percentile(index, 0.5), unit: "us" },
    { name: "index", value: each(memory.indexBytes), unit: "B/interaction" },
    { name: "all models", value: each(memory.modelBytes), unit: "B/interaction" },
    { name: "whole process", value: each(memory.residentBytes), unit: "B/interaction" },
    { name: "resident", value: memory.residentBytes / 1e6, unit: "MB" },
    { name: "decode + fold + sum", value: foldRate, unit: "records/s" },
    { name: "filled", value: load.interactions / (fillMs / 1000), unit: "records/s" },
    { name: "catalogue put", value: load.items / (catalogueMs / 1000), unit: "items/s" },
    { name: "users known", value: asked.users, unit: "" },
    { name: "items answered", value: asked.items, unit: "" },
  ];
  return { figures, notes: [] };
}

/** Every update of the session index during `work` is timed on its own, the two readings of the timer included. */
async function timeIndex({ sessions }: Models, work: () => Promise<void>) {
  const times = new Times();
  const add = sessions.add.bind(sessions);
  sessions.add = (cell) => {
    const start = performance.now();
    add(cell);
    times.add((performance.now() - start) * 1000);
  };
  await work();
  Reflect.deleteProperty(sessions, "add");
  return times.sorted();
}

function take(models: Models) {
  globalThis.gc?.();
  return {
    interactions: models.sessions.size,
    indexBytes: models.sessions.bytes,
    modelBytes: models.all().reduce((sum, { bytes }) => sum + bytes, 0),
    residentBytes: process.memoryUsage().rss,
  };
}

/** Users in order of their last interaction, newest first; where there are fewer than requests, again from the first. */
async function ask(engine: Engine, load: Load, nowAfter: (ms: number) => number) {
  const users = usersByLastInteraction(load);
  let [next, items, answers] = [0, 0, 0];
  const askOne = async (placement: string): Promise<number> => {
    const subject = subjectOf(users[next++ % users.length]!);
    const request = { placement, limit, now: nowAfter(10) };
    const start = performance.now();
    const answer = await engine.recommend(tenant, subject, request);
    const ms = performance.now() - start;
    items += answer.items.length;
    answers += 1;
    return ms;
  };
  const firstMs = await askOne(placements[0]!);
  const requests = Math.max(30, Math.min(requestsEach * placements.length, load.interactions / 10));
  for (let i = 0; i < requests / 3; i++) {
    await askOne(placements[i % placements.length]!);
    await setImmediate();
  }
  const { times, turns, pauseMs } = await measureAnswers(askOne, requests);
  return { times, turns, pauseMs, firstMs, users: users.length, items: items / answers };
}
