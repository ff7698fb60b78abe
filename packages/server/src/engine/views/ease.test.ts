import { expect, test } from "vitest";
import { utf8Encode } from "../../base/text.ts";
import { foldLimits } from "../../core/fold/state.ts";
import { solveEase } from "../../core/rank/ease.ts";
import { Cooccurrence } from "../../core/sum/cooccurrence.ts";
import { Items } from "../../core/sum/items.ts";
import type { Log } from "../../log/log.ts";
import { openMemoryLog } from "../../log/memory.ts";
import { MemoryCheckpoint } from "../checkpoint/memory.ts";
import { EasePace, NewestEase } from "./ease.ts";
import type { SolvedEase } from "./thread.ts";
import { Engine } from "../engine.ts";
import { hashOf, payloadOf } from "../payload.ts";
import { replayDecisions } from "../replay-decisions.ts";
import { verify } from "../verify.ts";
import { decisionsOf } from "../../../test/decisions.ts";
import { interaction } from "../../../test/interaction.ts";

const start = 1_700_000_000_000;
const request = { placement: "for-you", limit: 20, now: start + 3_600_000 };

/** What a solve takes is measured, and the clock here is not the machine's: a whole core is more than it needs. */
const often = { easeEveryMs: 60_000, easeLikesMin: 1, easeCorePermille: 1_000 };

const like = (user: string, item: string, at: number) => interaction("like", user, item, at);

async function stage(hasViews: boolean) {
  const clock = { at: start };
  const now = () => clock.at;
  const log = await openMemoryLog({ partitions: 4, now });
  const checkpoint = new MemoryCheckpoint();
  const engine = await Engine.open({ log, checkpoint, now, hasViews, ...often });
  await engine.setPolicy(1, { bases: { analytics: "contract", personalization: "contract" } });
  let count = 0;
  const events = async (more: number): Promise<void> => {
    for (const end = count + more; count < end; count++) {
      const item = `i${(count * 5 + (count % 7) * 3) % 11}`;
      await engine.append([like(`u${count % 7}`, item, start + count * 1_000)]);
    }
    await engine.settled();
  };
  /** The thread answers in order: with the digests, a view asked for before has come. */
  const tick = async (ms: number): Promise<void> => {
    clock.at += ms;
    await engine.fireTimers();
    if (hasViews) await engine.digests();
    await engine.settled();
  };
  const answers = async (): Promise<unknown[]> => {
    const lists = [];
    for (const user of ["u0", "u1", "u3", "stranger"]) {
      lists.push((await engine.recommend(1, hashOf(user), request)).items);
    }
    await engine.settled();
    return lists;
  };
  return { engine, log, events, tick, answers };
}

async function viewsOf(log: Log): Promise<(readonly string[])[]> {
  return (await decisionsOf(log)).map(({ views }) => views);
}

test("decisions name the view they were made with, and replay bit for bit, each with its own", async () => {
  const { engine, log, events, tick, answers } = await stage(true);
  await events(20);
  await answers();
  await tick(1_000);
  const first = engine.tenant(1).ease!;
  const sums = engine.tenant(1).models.cooccurrence;
  expect(first.seq).toBeLessThanOrEqual(engine.seq);
  expect(first.encode()).toEqual(solveEase(sums, first.seq).encode());
  const withFirst = await answers();
  await events(15);
  // The sums moved, but it is not time yet: the older view stands, the user's own taste is fresh.
  await tick(1_000);
  expect(engine.tenant(1).ease).toBe(first);
  await answers();
  await tick(60_000);
  const second = engine.tenant(1).ease!;
  expect(second.encode()).toEqual(solveEase(sums, second.seq).encode());
  expect(await answers()).not.toEqual(withFirst);
  await tick(60_000);
  expect(engine.tenant(1).ease).toBe(second);

  const named = (await viewsOf(log)).map((views) => views.join());
  const four = (name: string) => Array.from({ length: 4 }, () => name);
  expect(named).toEqual(["", first.name, first.name, second.name].flatMap(four));
  const replayed = await replayDecisions(log, foldLimits);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(named.map(() => "equal"));
  expect((await verify(log, engine, foldLimits)).isEqual).toBe(true);
  await engine.close();
});

test("a decision that names the view of another position does not pass for its own", async () => {
  const { engine, log, events, tick, answers } = await stage(true);
  await events(20);
  await tick(1_000);
  const { seq } = engine.tenant(1).ease!;
  await events(15);
  await answers();
  // The same log, read by one who finds the name of an earlier view in every decision.
  const renamed = new Proxy(log, {
    get: (target, name) =>
      name === "read" ? read : (Reflect.get(target, name) as () => void).bind(target),
  });
  async function* read(from: number) {
    for await (const commit of log.read(from)) {
      const records = commit.records.map((record) => {
        if (record.kind !== "decision") return record;
        const decision = { ...payloadOf(record, "decision"), views: [`ease@${seq - 10}`] };
        return { ...record, payload: utf8Encode(JSON.stringify(decision)) };
      });
      yield { ...commit, records };
    }
  }
  const outcomes = async (from: Log) =>
    (await replayDecisions(from, foldLimits)).map(({ outcome }) => outcome);
  expect(await outcomes(log)).toEqual(["equal", "equal", "equal", "equal"]);
  expect(await outcomes(renamed)).toContain("different");
  await engine.close();
});

test("with an erasure the view goes at once, a solve under way with it, and the next one never knew them", async () => {
  const { engine, log, events, tick, answers } = await stage(true);
  await events(30);
  await tick(1_000);
  await answers();
  const before = engine.tenant(1).ease!;
  await events(5);
  const asked = tick(60_000);
  await engine.forget(1, hashOf("u2"), start + 3_600_000);
  expect(engine.tenant(1).ease).toBe(undefined);
  await asked;
  await engine.digests();
  expect(engine.tenant(1).ease).toBe(undefined);
  await answers();
  await tick(1_000);
  const after = engine.tenant(1).ease!;
  expect(after.seq).toBeGreaterThan(before.seq);
  const { cooccurrence } = engine.tenant(1).models;
  expect(after.encode()).toEqual(solveEase(cooccurrence, after.seq).encode());
  await answers();
  await engine.checkpoint();
  const outcomes = (await replayDecisions(log, foldLimits)).map(({ outcome }) => outcome);
  expect(outcomes.slice(4)).toEqual(outcomes.slice(4).map(() => "equal"));
  expect(outcomes).not.toContain("different");
  await engine.close();
});

const turn = () => new Promise(setImmediate);

test("a view that was asked for before an erasure and comes after it is not taken", async () => {
  const sums = new Cooccurrence(new Items());
  sums.add({ model: "cooccurrence", a: "a", b: "a", delta: 1 });
  const solves: ((solved: SolvedEase) => void)[] = [];
  const ease = () => new Promise<SolvedEase>((resolve) => solves.push(resolve));
  const newest = new NewestEase({ ease }, 1, new EasePace(often));
  newest.refresh(sums, 1, 0);
  newest.refresh(sums, 1, 60_000);
  expect(solves.length).toBe(1);
  newest.drop();
  solves[0]!({ view: solveEase(sums, 1), cpuMs: 1 });
  await turn();
  expect(newest.view).toBe(undefined);
  newest.refresh(sums, 2, 60_001);
  solves[1]!({ view: solveEase(sums, 2), cpuMs: 1 });
  await turn();
  expect(newest.view?.seq).toBe(2);
  // Nothing moved, then it is not time, then it is.
  newest.refresh(sums, 3, 200_000);
  sums.add({ model: "cooccurrence", a: "b", b: "b", delta: 1 });
  newest.refresh(sums, 3, 120_000);
  expect(solves.length).toBe(2);
  newest.refresh(sums, 3, 120_001);
  expect(solves.length).toBe(3);
});

test("when the view thread is gone, answers go on from the counts and nobody asks it again", async () => {
  const sums = new Cooccurrence(new Items());
  sums.add({ model: "cooccurrence", a: "a", b: "a", delta: 1 });
  let asked = 0;
  const ease = () => {
    asked += 1;
    return Promise.reject(new Error("gone"));
  };
  const newest = new NewestEase({ ease }, 1, new EasePace(often));
  for (const now of [0, 60_000, 120_000]) {
    newest.refresh(sums, 1, now);
    await turn();
  }
  expect([newest.view, asked]).toEqual([undefined, 1]);
});

test("without the view thread there is no view, and no decision names one", async () => {
  const { engine, log, events, tick, answers } = await stage(false);
  await events(20);
  await tick(60_000);
  await answers();
  expect(engine.tenant(1).ease).toBe(undefined);
  expect(await viewsOf(log)).toEqual([[], [], [], []]);
  await engine.close();
});
