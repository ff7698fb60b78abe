import type { Decision } from "@attune/protocol";
import { expect, test } from "vitest";
import { contributionsOf } from "../../core/fold/contributions.ts";
import { foldLimits } from "../../core/fold/state.ts";
import { takeAlone } from "../../core/rank/learned/objectives.ts";
import { rowsMin, solveThetas, ThetaView } from "../../core/rank/learned/theta.ts";
import { openMemoryLog } from "../../log/memory.ts";
import { MemoryCheckpoint } from "../checkpoint/memory.ts";
import { Engine } from "../engine.ts";
import { hashOf } from "../payload.ts";
import { replayDecisions } from "../replay-decisions.ts";
import { verify } from "../verify.ts";
import { decisionsOf } from "../../../test/decisions.ts";
import { interaction } from "../../../test/interaction.ts";

const start = 1_700_000_000_000;
const minute = 60_000;
const usersMax = 60;

const play = (user: string, item: string, at: number) => interaction("play", user, item, at);

async function stage(shadowDecisionsPerSMax?: number) {
  const clock = { at: start };
  const now = () => clock.at;
  const log = await openMemoryLog({ partitions: 4, now });
  const checkpoint = new MemoryCheckpoint();
  const engine = await Engine.open({
    log,
    checkpoint,
    now,
    hasViews: true,
    shadowDecisionsPerSMax,
  });
  await engine.setPolicy(1, { bases: { analytics: "contract", personalization: "contract" } });
  let plays = 0;
  /** Users walk through a ring of items, each from a place of their own: what comes next is known. */
  const walk = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++, plays++) {
      clock.at += minute;
      const commit = Array.from({ length: usersMax }, (_, user) =>
        play(`u${user}`, `i${(user * 7 + plays) % 23}`, clock.at + user),
      );
      await engine.append(commit);
      await engine.settled();
    }
  };
  /** The thread answers in order: with the digests, weights asked for before have come. */
  const tick = async (ms: number): Promise<void> => {
    clock.at += ms;
    await engine.fireTimers();
    await engine.digests();
    await engine.settled();
  };
  const ask = async (user: string) => {
    const request = { placement: "up-next", limit: 10, now: clock.at };
    const { items } = await engine.recommend(1, hashOf(user), request);
    await engine.settled();
    return items;
  };
  /** Everybody is shown a list, sees all of it and takes what stands in one of its first slots; some skip it. */
  const show = async (round: number): Promise<void> => {
    clock.at += minute;
    for (let user = 0; user < usersMax; user++) {
      const name = `u${user}`;
      const request = { placement: "up-next", limit: 10, now: clock.at };
      const { decisionId, items } = await engine.recommend(1, hashOf(name), request);
      const slots = items.map((_, slot) => slot);
      const { item } = items[(user + round) % 4]!;
      await engine.append([
        interaction("seen", name, undefined, clock.at + 1, { decisionId, slots }),
        interaction("play", name, item, clock.at + 2, { decisionId }),
        ...(user % 4 === 0 ? [interaction("skip", name, item, clock.at + 3, { decisionId })] : []),
      ]);
    }
    await engine.settled();
  };
  return { engine, log, clock, walk, tick, ask, show };
}

const rowsOf = (engine: Engine): number => engine.tenant(1).models.ranker.rows("up-next", 1);

test("people who act without a list teach the ranker, decisions name its weights and replay", async () => {
  const { engine, log, walk, tick, ask } = await stage();
  await walk(3);
  await tick(1_000);
  const before = await ask("u1");
  // Too few rows yet: the weights of no placement are known, and the decision names none.
  expect(engine.tenant(1).theta?.weights("up-next")).toBeUndefined();
  await walk(50);
  const rows = rowsOf(engine);
  expect(rows).toBeGreaterThanOrEqual(rowsMin);
  await tick(60_000);
  const view = engine.tenant(1).theta!;
  expect(view.weights("up-next")).toBeDefined();
  expect(view.encode()).toEqual(solveThetas(engine.tenant(1).models.ranker, view.seq).encode());
  expect(ThetaView.decode(view.encode()).encode()).toEqual(view.encode());
  for (const { reasons, score } of await ask("u1")) {
    expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
  }
  const all = await decisionsOf(log);
  const shown = all.filter(({ shadow }) => shadow === undefined);
  expect(shown.map(({ views }) => views.filter((name) => name.startsWith("ranker")))).toEqual([
    [],
    [view.name],
  ]);
  expect(all.length - shown.length).toBeGreaterThanOrEqual(rows);
  expect(before.length).toBeGreaterThan(0);
  const replayed = await replayDecisions(log, foldLimits);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(["equal", "equal"]);
  expect((await verify(log, engine, foldLimits)).isEqual).toBe(true);
  await engine.close();
});

test("with a person go the person's rows, and no answer knows weights that knew them", async () => {
  const { engine, log, clock, walk, tick, ask } = await stage();
  await walk(55);
  await tick(60_000);
  const before = engine.tenant(1).theta!;
  const rows = rowsOf(engine);
  const own = engine.state(1, hashOf("u2"))!.rankerRows.length;
  expect(own).toBeGreaterThan(0);
  await engine.forget(1, hashOf("u2"), clock.at);
  expect(engine.tenant(1).theta).toBeUndefined();
  expect(rowsOf(engine)).toBe(rows - own);
  await tick(1_000);
  const after = engine.tenant(1).theta!;
  expect(after.digest).toBe(engine.tenant(1).models.ranker.digest());
  expect(after.encode()).not.toEqual(before.encode());
  await ask("u1");
  await engine.checkpoint();
  const outcomes = (await replayDecisions(log, foldLimits)).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(["equal"]);
  expect((await verify(log, engine, foldLimits)).isEqual).toBe(true);
  await engine.close();
});

test("who was just given a list acts not alone in what follows, until the list is old", async () => {
  const { engine, clock, walk, ask } = await stage();
  const lonelyRows = (): number => {
    let rows = 0;
    for (let user = 0; user < usersMax; user++)
      rows += engine.state(1, hashOf(`u${user}`))!.rankerRows.length;
    return rows;
  };
  await walk(10);
  for (let user = 0; user < usersMax; user++) await ask(`u${user}`);
  const rows = lonelyRows();
  expect(rows).toBeGreaterThan(0);
  await walk(10);
  expect(lonelyRows()).toBe(rows);
  // The lists are half an hour old, and so is what the users were in the middle of.
  clock.at += 31 * minute;
  await walk(2);
  expect(lonelyRows()).toBeGreaterThan(rows);
  await engine.close();
});

test("where every page has a list the lists teach, what they taught replays, and it goes with its person", async () => {
  const { engine, log, clock, walk, tick, show } = await stage(0);
  await walk(3);
  for (let round = 0; round < 50; round++) await show(round);
  const sum = engine.tenant(1).models.ranker;
  expect(sum.rows("up-next", 1)).toBeGreaterThanOrEqual(rowsMin);
  expect(sum.rows("up-next", 1, "skip")).toBeGreaterThanOrEqual(rowsMin);
  await tick(60_000);
  const view = engine.tenant(1).theta!;
  expect(view.weights("up-next")).toBeDefined();
  expect(view.weights("up-next")).not.toEqual(view.weights("up-next", takeAlone));
  expect(ThetaView.decode(view.encode()).encode()).toEqual(view.encode());
  await show(50);
  const all = await decisionsOf(log);
  const teaching = all.filter(({ features }) => features !== undefined);
  expect(teaching.length).toBeGreaterThan(all.length / 5);
  expect(teaching.length).toBeLessThan(all.length / 3);
  const isWeighed = ({ views }: Decision) => views.includes(view.name);
  expect(teaching.some(isWeighed)).toBe(true);
  expect(teaching.every(isWeighed)).toBe(false);
  // The stream tells of the decision, and not what the ranker saw.
  let told = 0;
  for await (const { type, data } of engine.follow(1, "start", new AbortController().signal)) {
    if (type !== "decision") continue;
    expect(data).not.toHaveProperty("features");
    if (++told === all.length) break;
  }
  const replayed = await replayDecisions(log, foldLimits);
  expect(new Set(replayed.map(({ outcome }) => outcome))).toEqual(new Set(["equal"]));
  expect((await verify(log, engine, foldLimits)).isEqual).toBe(true);

  const rows = rowsOf(engine);
  const own = contributionsOf(engine.state(1, hashOf("u2"))!, foldLimits).filter(
    (cell) => cell.model === "ranker" && cell.shown!.head === "take",
  ).length;
  expect(own).toBeGreaterThan(0);
  await engine.forget(1, hashOf("u2"), clock.at);
  expect(rowsOf(engine)).toBe(rows - own);
  expect(engine.tenant(1).theta).toBeUndefined();
  expect((await verify(log, engine, foldLimits)).isEqual).toBe(true);
  await engine.close();
});

test("a minute has room for so many rows, and for none at 0", async () => {
  const rowsAt = async (perSMax: number | undefined): Promise<number> => {
    const { engine, walk } = await stage(perSMax);
    await walk(12);
    const rows = rowsOf(engine);
    await engine.close();
    return rows;
  };
  // Twelve rounds are twelve minutes, and there is room for one minute at the start.
  const all = await rowsAt(undefined);
  expect(await rowsAt(1 / 30)).toBeLessThanOrEqual(26);
  expect(all).toBeGreaterThan(26);
  expect(await rowsAt(0)).toBe(0);
});

test("a thread that has the ranker's rows alone solves the same weights, and no other view", async () => {
  const clock = { at: start };
  const now = () => clock.at;
  const log = await openMemoryLog({ partitions: 4, now });
  const checkpoint = new MemoryCheckpoint();
  const engine = await Engine.open({ log, checkpoint, now, hasRanker: true });
  await engine.setPolicy(1, { bases: { analytics: "contract", personalization: "contract" } });
  for (let round = 0; round < 55; round++) {
    clock.at += minute;
    const commit = Array.from({ length: usersMax }, (_, user) =>
      play(`u${user}`, `i${(user * 7 + round) % 23}`, clock.at + user),
    );
    await engine.append(commit);
    await engine.settled();
  }
  await engine.fireTimers();
  while (engine.tenant(1).theta === undefined) await new Promise(setImmediate);
  const view = engine.tenant(1).theta!;
  expect(view.weights("up-next")).toBeDefined();
  expect(view.encode()).toEqual(solveThetas(engine.tenant(1).models.ranker, view.seq).encode());
  expect(engine.tenant(1).ease).toBeUndefined();
  await expect(engine.digests()).rejects.toThrow("without views");
  await engine.close();
});
