/** The laws of an answer that learned weights have ordered again: for any weights, not those of one data set. */
import type { Decision } from "@attune/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { featuresOf, slotText } from "../../src/core/fold/shown-rows.ts";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision, replayDecision } from "../../src/core/rank/decision.ts";
import { groupCount, groups, offsets } from "../../src/core/rank/learned/groups.ts";
import { builtInDefinitions, defined, type Definitions } from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import { linearMax } from "../../src/core/rank/learned/features.ts";
import { rowOf } from "../../src/core/rank/learned/row.ts";
import { solveTheta, thetaOne, ThetaView } from "../../src/core/rank/learned/theta.ts";
import { featureCount, RankerSum } from "../../src/core/sum/ranker.ts";
import { Items } from "../../src/core/sum/items.ts";
import {
  type Act,
  acts,
  ask,
  folded,
  forget,
  now,
  permit,
  placements,
  type World,
  worldOf,
} from "./rank-world.ts";
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

test("an item of which the sums know nothing any more is as one of which they never knew", () => {
  const crowd: Act[] = ["a", "b", "c", "d"].flatMap((item, minute) =>
    [1, 2, 3].map((user): Act => ({ user, item, type: "play", minute })),
  );
  const world = worldOf([...crowd, { user: 4, item: "z", type: "play", minute: 3 }]);
  forget(world, 4);
  // Nobody of the crowd, so that nothing but the sums says what "z" is.
  const state = folded(
    ["z", "a"].map((item, minute) => ({ user: 9, item, type: "play", minute: 90 + minute })),
  )!;
  const binsIn = ({ models }: World) => {
    const on = [models, Catalogue.empty, builtInDefinitions, ask("up-next")] as const;
    const { bins, count } = new Ranker().look(state, ...on);
    return bins.slice(0, count * groupCount);
  };
  expect(binsIn(world).length).toBeGreaterThan(0);
  expect(binsIn(world)).toEqual(binsIn(worldOf(crowd)));
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

describe("what a decision says of its slots", () => {
  const decide = (world: World, user: number, theta?: Int32Array) => {
    const state = world.states.get(user)!;
    const answer = answerIn(world, user, "up-next", theta);
    const facts = { id: "d", position: 1, clockHour: world.models.popularity.clockHour };
    const versions = { catalogue: 0, definitions: 0, sequence: state.sequence };
    return makeDecision(answer, { ...facts, ...versions, request: ask("up-next") });
  };
  const again = (world: World, user: number, decision: Decision, theta?: Int32Array) => {
    const state = world.states.get(user)!;
    const [catalogue, definitions] = [Catalogue.empty, builtInDefinitions];
    const view = theta && viewOf(theta);
    const { models } = world;
    const on = [new Ranker(), permit(state), state, models, catalogue, definitions] as const;
    return replayDecision(decision, ...on, undefined, view).outcome;
  };

  test("is said of the same decisions with weights and without, and replays; other features do not", () => {
    let [said, silent] = [0, 0];
    fc.assert(
      fc.property(acts, weights, (list, theta) => {
        const world = worldOf(list);
        for (const user of world.states.keys()) {
          const [plain, learned] = [decide(world, user), decide(world, user, theta)];
          expect(again(world, user, plain)).toBe("equal");
          expect(again(world, user, learned, theta)).toBe("equal");
          expect(plain.features === undefined).toBe(learned.features === undefined);
          if (plain.features === undefined) {
            silent++;
            continue;
          }
          said++;
          const { version, slots } = plain.features;
          expect(slots.length).toBeLessThanOrEqual(plain.slots.length);
          const other = slots.with(0, slotText(linearMax - 1, Uint8Array.of(1)));
          for (const features of [{ version, slots: other }, { version: 9, slots }, undefined])
            expect(again(world, user, { ...plain, features })).toBe("differs");
        }
      }),
      short,
    );
    expect(said).toBeGreaterThan(silent / 6);
    expect(silent).toBeGreaterThan(said);
  });

  test("are the bins that the ranker looked at, of the item that stands there", () => {
    fc.assert(
      fc.property(acts, (list) => {
        const world = worldOf(list);
        for (const [user, state] of world.states) {
          const { features, slots } = decide(world, user);
          if (features === undefined) continue;
          const { models } = world;
          const on = [models, Catalogue.empty, builtInDefinitions, ask("up-next")] as const;
          const looked = new Ranker().look(state, ...on);
          const told = featuresOf({ features, slots } as Decision, [slots[0]!.item])!;
          const place = looked.items.indexOf(models.items.find(slots[0]!.item));
          expect([...told.subarray(2)]).toEqual([
            looked.linear[place],
            ...looked.bins.subarray(place * groupCount, (place + 1) * groupCount),
          ]);
        }
      }),
      short,
    );
  });

  test("is nothing of a stranger, and nothing where the lists of a placement do not teach", () => {
    const { objectives: _, ...plain } = builtInDefinitions.placements["up-next"]!;
    const silent = defined(builtInDefinitions, { kind: "placement", ...plain });
    const world = worldOf(
      ["a", "b", "c"].flatMap((item, minute) =>
        [1, 2].map((user): Act => ({ user, item, type: "play", minute })),
      ),
    );
    const state = world.states.get(1)!;
    const said = { own: 0, stranger: 0, silent: 0 };
    for (let sequence = 0; sequence < 100; sequence++) {
      const at = { ...state, sequence };
      const count = (which: keyof typeof said, definitions: Definitions, who = permit(at)) => {
        const { models } = world;
        const on = [who, at, models, Catalogue.empty, definitions, ask("up-next")] as const;
        said[which] += Number(new Ranker().recommend(...on).features !== undefined);
      };
      count("own", builtInDefinitions);
      count("silent", silent);
      const { models } = world;
      const request = ask("up-next", { now: now + sequence * 3_600_000 });
      const on = [undefined, undefined, models, Catalogue.empty, builtInDefinitions] as const;
      said.stranger += Number(new Ranker().recommend(...on, request).features !== undefined);
    }
    expect(said).toMatchObject({ stranger: 0, silent: 0 });
    expect(said.own).toBeGreaterThan(10);
    expect(said.own).toBeLessThan(45);
  });
});

test("weights of other heads count by their worth, and shares sum to the score", () => {
  const heads = fc.record({ take: weights, complete: weights, skip: weights });
  const worth = fc.record({
    take: fc.nat(1_000),
    complete: fc.integer({ min: -1_000, max: 1_000 }),
    skip: fc.integer({ min: -1_000, max: 1_000 }),
  });
  fc.assert(
    fc.property(acts, heads, worth, (list, own, objectives) => {
      const world = worldOf(list);
      const { "up-next": builtIn } = builtInDefinitions.placements;
      const definitions = defined(builtInDefinitions, {
        kind: "placement",
        ...builtIn,
        objectives,
      });
      const view = new ThetaView(1, "", new Map([["up-next", own]]));
      const sum = Int32Array.from({ length: featureCount }, (_, k) =>
        Math.round(
          (own.take[k]! * objectives.take +
            own.complete[k]! * objectives.complete +
            own.skip[k]! * objectives.skip) /
            1_000,
        ),
      );
      expect(view.weights("up-next", objectives)).toEqual(sum);
      for (const state of world.states.values()) {
        const on = [permit(state), state, world.models, Catalogue.empty, definitions] as const;
        const { items } = new Ranker().recommend(...on, ask("up-next"), Infinity, undefined, view);
        for (const { score, reasons } of items)
          expect(reasons.reduce((total, { share }) => total + share, 0)).toBe(score);
      }
    }),
    short,
  );
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
