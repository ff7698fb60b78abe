import type { Decision } from "@attune/protocol";
import { expect, onTestFinished, test } from "vitest";
import { utf8Decode } from "../../base/text.ts";
import type { Contribution } from "../../core/fold/contribution.ts";
import { foldLimits } from "../../core/fold/state.ts";
import { solveEase } from "../../core/rank/ease.ts";
import { Cooccurrence } from "../../core/sum/cooccurrence.ts";
import { Items } from "../../core/sum/items.ts";
import { RamDisk } from "../../log/disk.ts";
import type { Log } from "../../log/log.ts";
import { openMemoryLog } from "../../log/memory.ts";
import { MemoryCheckpoint } from "../checkpoint/memory.ts";
import { Engine } from "../engine.ts";
import { hashOf } from "../payload.ts";
import { replayDecisions } from "../replay-decisions.ts";
import { verify } from "../verify.ts";
import { decisionsOf } from "../../../test/decisions.ts";
import { interaction } from "../../../test/interaction.ts";
import { EasePace, NewestEase } from "./ease.ts";
import { type SolvedEase, Views } from "./thread.ts";

/** As the server opens its engine: the small view thread, and ranking threads. */
const start = 1_700_000_000_000;
const request = { placement: "for-you", limit: 20, now: start + 3_600_000 };
const asServed = { hasRanker: true, rankThreads: 1, easeCorePermille: 1_000 };
const people = ["u0", "u1", "u3", "stranger"];

const turn = () => new Promise(setImmediate);

async function stage(likes: number, easeCorePermille = asServed.easeCorePermille) {
  const clock = { at: start };
  const now = () => clock.at;
  const disk = new RamDisk();
  const checkpoint = new MemoryCheckpoint();
  const open = async () => {
    const log = await openMemoryLog({ partitions: 4, now, disk });
    const engine = await Engine.open({ log, checkpoint, now, ...asServed, easeCorePermille });
    return { log, engine };
  };
  const { log, engine } = await open();
  await engine.setPolicy(1, { bases: { analytics: "contract", personalization: "contract" } });
  const records = Array.from({ length: likes }, (_, n) => {
    const user = n % 40;
    return interaction(
      "like",
      `u${user}`,
      `i${(user * 3 + Math.floor(n / 40) * 7) % 60}`,
      start + n,
    );
  });
  await engine.append(records);
  await engine.settled();
  return { clock, log, engine, open };
}

/** Until the thread answered; how long that takes decides nothing. */
async function solved(engine: Engine) {
  await engine.fireTimers();
  while (engine.tenant(1).ease === undefined) await turn();
  return engine.tenant(1).ease!;
}

/** Asks on a ranking thread and here; what a person would be told, and the lists of both. */
async function asked(engine: Engine, user: string): Promise<{ there: string[]; here: string[] }> {
  const { items } = JSON.parse(utf8Decode(await engine.answer(1, hashOf(user), request))) as {
    items: { id: string; score: number; reasons: unknown }[];
  };
  const preview = engine.preview(1, hashOf(user), request);
  return {
    there: items.map(({ id, score, reasons }) => JSON.stringify([id, score, reasons])),
    here: preview.items.map(({ item, score, reasons }) => JSON.stringify([item, score, reasons])),
  };
}

/** Those that somebody was shown. */
async function shownOf(log: Log): Promise<Decision[]> {
  return (await decisionsOf(log)).filter(({ shadow }) => shadow === undefined);
}

test("a served for-you is that of the view on every thread, names it, replays, and starts again from the counts", async () => {
  const { clock, log, engine, open } = await stage(1_200);
  const fromCounts = await asked(engine, "u1");
  const view = await solved(engine);
  expect(view.encode()).toEqual(solveEase(engine.tenant(1).models.cooccurrence, view.seq).encode());
  for (const user of people) {
    const { there, here } = await asked(engine, user);
    expect(there).toEqual(here);
  }
  expect(await asked(engine, "u1")).not.toEqual(fromCounts);
  await engine.settled();
  const named = (await shownOf(log)).map(({ views }) => views.join());
  expect(named).toEqual(["", ...[...people, "u1"].map(() => view.name)]);
  const replayed = await replayDecisions(log, foldLimits);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(named.map(() => "equal"));
  expect((await verify(log, engine, foldLimits)).isEqual).toBe(true);
  await engine.close();
  await log.close();

  const { log: log2, engine: again } = await open();
  expect(again.tenant(1).ease).toBeUndefined();
  expect(await asked(again, "u1")).toEqual(fromCounts);
  clock.at += 1_000;
  expect((await solved(again)).rows).toEqual(view.rows);
  await again.forget(1, hashOf("u2"), start + 3_600_000);
  expect(again.tenant(1).ease).toBeUndefined();
  const without = await asked(again, "u1");
  expect(without.there).toEqual(without.here);
  clock.at += 600_000;
  const after = await solved(again);
  expect(after.digest).toBe(again.tenant(1).models.cooccurrence.digest());
  expect(after.rows).not.toEqual(view.rows);
  await asked(again, "u1");
  await again.settled();
  const last = (await shownOf(log2)).slice(-2).map(({ views }) => views.join());
  expect(last).toEqual(["", after.name]);
  await again.close();
});

test("there is no view of few tastes, and none where it is given no part of a core", async () => {
  for (const [likes, permille] of [
    [960, 1_000],
    [1_200, 0],
  ] as const) {
    const { clock, log, engine } = await stage(likes, permille);
    await engine.fireTimers();
    clock.at += 60_000;
    await engine.fireTimers();
    for (let i = 0; i < 50; i++) await turn();
    await asked(engine, "u1");
    await engine.settled();
    expect((await shownOf(log)).map(({ views }) => views)).toEqual([[]]);
    await engine.close();
  }
});

const like = (a: string, b: string): Contribution => ({ model: "cooccurrence", a, b, delta: 1 });

test("while EASE is solved the thread goes on: weights come first, and the sums move on without it", async () => {
  const views = new Views(["theta", "ease"]);
  onTestFinished(() => views.close());
  const items = new Items();
  const sums = new Cooccurrence(items);
  const keys = Array.from({ length: 200 }, (_, item) => `i${1_000 + item}`);
  const add = (cells: Contribution[]) => {
    for (const cell of cells) {
      views.add({ number: 1, models: { items } }, cell);
      if (cell.model === "cooccurrence") sums.add(cell);
    }
  };
  for (const [at, key] of keys.entries()) add([like(key, key), like(keys[at >> 1]!, key)]);
  const expected = solveEase(sums, 5).encode();
  const order: string[] = [];
  const ease = views.ease(1, 5).then(({ view }) => {
    order.push("ease");
    return view;
  });
  add([like("i1000", "i1000"), like("i1001", "i1003")]);
  const theta = views.theta(1, 6).then(() => order.push("theta"));
  await Promise.all([ease, theta]);
  expect((await ease).encode()).toEqual(expected);
  expect(order).toEqual(["theta", "ease"]);
  const { view, cpuMs } = await views.ease(1, 7);
  expect(view.encode()).toEqual(solveEase(sums, 7).encode());
  expect(cpuMs).toBeGreaterThan(0);
});

test("solves of all tenants take turns, and rest twenty times as long as the last one took", async () => {
  const pace = new EasePace({ easeLikesMin: 4 });
  const waiting: { tenant: number; resolve(solved: SolvedEase): void }[] = [];
  const ease = (tenant: number) =>
    new Promise<SolvedEase>((resolve) => waiting.push({ tenant, resolve }));
  const items = new Items();
  const sums = new Cooccurrence(items);
  const newest = [1, 2].map((tenant) => new NewestEase({ ease }, tenant, pace));
  const refresh = (now: number) => {
    for (const one of newest.toSorted((a, b) => (a.askedAt < b.askedAt ? -1 : 1)))
      one.refresh(sums, 1, now);
    return waiting.map(({ tenant }) => tenant);
  };
  const came = async (cpuMs: number) => {
    waiting.at(-1)!.resolve({ view: solveEase(sums, 1), cpuMs });
    await turn();
  };
  for (let item = 0; item < 3; item++)
    sums.add({ model: "cooccurrence", a: `i${item}`, b: `i${item}`, delta: 1 });
  expect(refresh(0)).toEqual([]);
  sums.add({ model: "cooccurrence", a: "i0", b: "i0", delta: 1 });
  expect(refresh(1)).toEqual([1]);
  expect(refresh(500_000)).toEqual([1]);
  await came(10_000);
  expect(refresh(200_000)).toEqual([1]);
  expect(refresh(200_001)).toEqual([1, 2]);
  await came(100);
  // Nothing moved: nobody gains by another one.
  expect(refresh(900_000)).toEqual([1, 2]);
  for (let i = 0; i < 200; i++) sums.add({ model: "cooccurrence", a: "i1", b: "i1", delta: 1 });
  expect(refresh(900_000)).toEqual([1, 2, 1]);
  await came(100);
  expect(refresh(901_999)).toEqual([1, 2, 1]);
  expect(refresh(902_000)).toEqual([1, 2, 1, 2]);
  await came(100);
  // Three of two hundred are too few, a minute is too soon.
  for (let i = 0; i < 3; i++) sums.add({ model: "cooccurrence", a: "i1", b: "i1", delta: 1 });
  expect(refresh(999_999).length).toBe(4);
  for (let i = 0; i < 3; i++) sums.add({ model: "cooccurrence", a: "i1", b: "i1", delta: 1 });
  expect(refresh(959_999).length).toBe(4);
  expect(refresh(960_000)).toEqual([1, 2, 1, 2, 1]);
});
