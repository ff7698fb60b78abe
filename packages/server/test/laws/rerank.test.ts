/** The laws of an answer that learned weights have ordered again: for any weights, not those of one data set. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { groupCount, groups, offsets } from "../../src/core/rank/learned/groups.ts";
import { builtInDefinitions } from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import { linearMax } from "../../src/core/rank/learned/features.ts";
import { rowOf } from "../../src/core/rank/learned/row.ts";
import { solveTheta, thetaOne, ThetaView } from "../../src/core/rank/learned/theta.ts";
import { featureCount, RankerSum } from "../../src/core/sum/ranker.ts";
import { Items } from "../../src/core/sum/items.ts";
import { acts, ask, forget, permit, placements, type World, worldOf } from "./rank-world.ts";
import { runs } from "./summary.ts";

const short = { numRuns: Math.ceil(runs.numRuns / 2) };
const weights = fc
  .array(fc.integer({ min: -thetaOne, max: thetaOne }), {
    minLength: featureCount,
    maxLength: featureCount,
  })
  .map((list) => Int32Array.from(list));
/** The blend's own order and nothing else. */
const prior = Int32Array.from({ length: featureCount }, (_, k) =>
  k === 0 ? Math.round(thetaOne / linearMax) : 0,
);

const viewOf = (theta: Int32Array): ThetaView =>
  new ThetaView(1, "", new Map(placements.map((placement) => [placement, { take: theta }])));

function answerIn(
  { models, states }: World,
  user: number,
  placement: string,
  theta: Int32Array | undefined,
  ranker = new Ranker(),
): Answer {
  const state = states.get(user)!;
  return ranker.recommend(
    permit(state),
    state,
    models,
    Catalogue.empty,
    builtInDefinitions,
    ask(placement),
    Infinity,
    undefined,
    theta === undefined ? undefined : viewOf(theta),
  );
}

function all(world: World, theta: Int32Array | undefined, ranker = new Ranker()): Answer[] {
  const users = [...world.states.keys()].sort((x, y) => x - y);
  return users.flatMap((user) =>
    placements.map((placement) => answerIn(world, user, placement, theta, ranker)),
  );
}

test("shares sum to the score, each source and event once, and only a skip is named a skip", () => {
  fc.assert(
    fc.property(acts, weights, (list, theta) => {
      const skipped = new Set(list.filter(({ type }) => type === "skip").map(({ item }) => item));
      for (const { items } of all(worldOf(list), theta)) {
        for (const { item, score, reasons } of items) {
          expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
          expect(Number.isSafeInteger(score) && score > 0).toBe(true);
          const named = reasons.map(({ source, because }) => `${source} ${because}`);
          expect(new Set(named).size).toBe(named.length);
          if (!skipped.has(item)) expect(named.some((name) => name.startsWith("skip"))).toBe(false);
        }
      }
    }),
    short,
  );
});

test("users in another order, an own ranker or a used one: the answers are the same", () => {
  fc.assert(
    fc.property(acts, weights, (list, theta) => {
      const expected = all(worldOf(list), theta);
      const turned = worldOf(list, (users) => users.toReversed());
      const ranker = new Ranker();
      expect(all(turned, theta, ranker)).toEqual(expected);
      expect(all(turned, theta, ranker)).toEqual(expected);
    }),
    short,
  );
});

test("whom the sums forgot, they never knew", () => {
  fc.assert(
    fc.property(acts, weights, (list, theta) => {
      const world = worldOf(list);
      forget(world, list[0]!.user);
      const without = worldOf(list.filter(({ user }) => user !== list[0]!.user));
      expect(all(world, theta)).toEqual(all(without, theta));
    }),
    short,
  );
});

test("the prior alone keeps the order of the blend, and other weights do not", () => {
  const order = (answers: readonly Answer[]) =>
    answers.map(({ items }) => items.map(({ item }) => item));
  let moved = 0;
  fc.assert(
    fc.property(acts, weights, (list, theta) => {
      const world = worldOf(list.filter(({ type }) => type !== "skip"));
      const expected = order(all(world, undefined));
      expect(order(all(world, prior))).toEqual(expected);
      moved += Number(JSON.stringify(order(all(world, theta))) !== JSON.stringify(expected));
    }),
    short,
  );
  expect(moved).toBeGreaterThan(0);
});

test("every candidate has one bin of each group", () => {
  fc.assert(
    fc.property(acts, (list) => {
      const { models, states } = worldOf(list);
      const ranker = new Ranker();
      for (const state of states.values()) {
        const request = ask("up-next");
        const features = ranker.look(state, models, Catalogue.empty, builtInDefinitions, request);
        for (let i = 0; i < features.count; i++) {
          expect(features.linear[i]).toBeLessThanOrEqual(linearMax);
          groups.forEach(({ size }, g) => {
            const bin = features.bins[i * groupCount + g]! - offsets[g]!;
            expect(bin >= 0 && bin < size).toBe(true);
          });
        }
      }
    }),
    short,
  );
  expect(offsets.at(-1)! + groups.at(-1)!.size).toBeLessThanOrEqual(featureCount);
});

test("weights learned from rows lift what was taken, and go with the rows", () => {
  const sum = new RankerSum(new Items());
  const world = worldOf([
    { user: 1, item: "a", type: "play", minute: 1 },
    { user: 1, item: "b", type: "play", minute: 2 },
    { user: 1, item: "c", type: "play", minute: 3 },
    { user: 2, item: "a", type: "play", minute: 1 },
    { user: 2, item: "b", type: "play", minute: 2 },
    { user: 3, item: "a", type: "play", minute: 4 },
  ]);
  const [ranker, state] = [new Ranker(), world.states.get(3)!];
  const features = ranker.look(
    state,
    world.models,
    Catalogue.empty,
    builtInDefinitions,
    ask("up-next"),
  );
  const before = answerIn(world, 3, "up-next", undefined).items.map(({ item }) => item);
  const last = before.filter((item) => item !== "a").at(-1)!;
  const row = rowOf(features, world.models.items.find(last), 7)!;
  const empty = sum.digest();
  for (let i = 0; i < 20_000; i++)
    sum.add({ model: "ranker", placement: "up-next", row, delta: 1 });
  const theta = solveTheta(sum, "up-next")!;
  expect(answerIn(world, 3, "up-next", theta).items[0]!.item).toBe(last);
  sum.subtract({ model: "ranker", placement: "up-next", row, delta: 20_000 });
  expect(sum.digest()).toBe(empty);
  expect(sum.size).toBe(0);
  expect(solveTheta(sum, "up-next")).toBeUndefined();
});
