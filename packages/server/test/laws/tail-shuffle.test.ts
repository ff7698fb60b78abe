/**
 * The laws of a tail in an order of chance: it comes as often as the logged propensities say, hangs on nothing but its
 * key, moves nothing that must stay, and comes out again from a logged decision.
 */
import type { RecommendationRequest } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision, replayDecision } from "../../src/core/rank/decision.ts";
import { leftMin } from "../../src/core/rank/explore/explorer.ts";
import { builtInDefinitions, defined, type Definitions } from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import { choices } from "../../src/eval/off-policy/plackett-luce.ts";
import { type Act, ask, now, permit, worldOf } from "./rank-world.ts";

const placement = "for-you";
const items = Array.from({ length: 24 }, (_, i) => `item ${i}`);
const acts: Act[] = Array.from({ length: 9 }, (_, user) =>
  items
    .filter((_item, i) => (i * 7 + user * 5) % 9 < 4)
    .map((item, i): Act => ({ user, item, type: "like", minute: 200 + user * 60 + i })),
).flat();
const firstSlot = 4;
const limit = 9;
const temperaturePermille = 400;

const { exploration, ...plain } = builtInDefinitions.placements[placement]!;
const without = defined(builtInDefinitions, { kind: "placement", ...plain });
const put = (more: object = {}): Definitions =>
  defined(builtInDefinitions, {
    kind: "placement",
    ...plain,
    tailShuffle: { firstSlot, temperaturePermille },
    ...more,
  });
const definitions = put();

const { models, states } = worldOf(acts);
const known = states.get(8)!;
const heard = { model: "rewards", placement, item: "elsewhere", outcome: "shown" } as const;
models.add({ ...heard, slice: 0, day: Math.floor(now / 86_400_000), delta: leftMin });

/** The answer to somebody who did so many things; undefined: to nobody. */
function answerAt(
  sequence: number | undefined,
  by: Definitions = definitions,
  request: Partial<RecommendationRequest> = {},
  ranker = new Ranker(),
): Answer {
  const who = sequence === undefined ? undefined : { ...known, sequence };
  const asked = { ...ask(placement, { limit }), ...request };
  return ranker.recommend(permit(who), who, models, Catalogue.empty, by, asked);
}

const idsOf = ({ items: list }: Answer): string[] => list.map(({ item }) => item);
const best = answerAt(0, without).items;

/** Weights as a textbook has them, from the scores without chance. */
const tail = best.slice(firstSlot);
const top = Math.max(...tail.map(({ score }) => score));
const weightOf = new Map(
  tail.map(({ item, score }) => [
    item,
    Math.exp((-1_000 * (top - score)) / (top * temperaturePermille)),
  ]),
);

describe("a shuffled tail", () => {
  test("says of each slot how often it comes so, after what stands before it", () => {
    expect(new Set(tail.map(({ score }) => score)).size).toBeGreaterThan(2);
    for (let sequence = 0; sequence < 100; sequence++) {
      let left = [...weightOf.keys()];
      for (const { item, propensity } of answerAt(sequence).items.slice(firstSlot)) {
        const parts = choices(left.map((id) => weightOf.get(id)!));
        // Weights are whole numbers in steps of e^(-1/64).
        expect(Math.abs(propensity / parts[left.indexOf(item)]! - 1)).toBeLessThan(1 / 64 + 1e-4);
        left = left.filter((id) => id !== item);
      }
      expect(left).toEqual([]);
      expect(answerAt(sequence).items.at(-1)!.propensity).toBe(1);
    }
  });

  test("comes as often as its propensities say, whole orders of it", () => {
    const answers = 20_000;
    const ranker = new Ranker();
    const seen = new Map<string, { count: number; probability: number }>();
    for (let sequence = 0; sequence < answers; sequence++) {
      const drawn = answerAt(sequence, definitions, {}, ranker).items.slice(firstSlot);
      const name = drawn.map(({ item }) => item).join();
      const probability = drawn.reduce((product, { propensity }) => product * propensity, 1);
      const before = seen.get(name) ?? { count: 0, probability };
      expect(probability).toBe(before.probability);
      seen.set(name, { count: before.count + 1, probability });
    }
    // All 120 orders: the propensities of all of them sum to 1, and chi-square has 119 degrees of freedom.
    expect(seen.size).toBe(120);
    const all = [...seen.values()];
    expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    const squares = (expectedOf: (probability: number) => number): number =>
      all.reduce((sum, { count, probability }) => {
        const expected = answers * expectedOf(probability);
        return sum + (count - expected) ** 2 / expected;
      }, 0);
    const deviation = Math.sqrt(2 * 119);
    expect(squares((probability) => probability)).toBeLessThan(119 + 4 * deviation);
    // The control: all orders alike.
    expect(squares(() => 1 / 120)).toBeGreaterThan(119 + 40 * deviation);
  });

  test("leaves the head, the scores by slot and what it is drawn from as they are; shares sum up", () => {
    const ranker = new Ranker();
    let moved = 0;
    for (let sequence = 0; sequence < 100; sequence++) {
      const answer = answerAt(sequence, definitions, {}, ranker);
      const pool = new Set(tail.map(({ item }) => item));
      answer.items.forEach(({ item, score, reasons, propensity }, slot) => {
        expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
        expect(score).toBe(best[slot]!.score);
        expect(new Set(ranker.poolAt(slot))).toEqual(slot < firstSlot ? new Set() : pool);
        if (slot >= firstSlot) {
          if (item !== best[slot]!.item) moved++;
          return;
        }
        expect(item).toBe(best[slot]!.item);
        expect(propensity).toBe(1);
      });
      expect(new Set(idsOf(answer))).toEqual(new Set(best.map(({ item }) => item)));
    }
    expect(moved).toBeGreaterThan(200);
  });

  test("is the same for the same key, a stranger's of the hour, and of a live list's beginning", () => {
    const orders = Array.from({ length: 20 }, (_, sequence) => String(idsOf(answerAt(sequence))));
    expect(orders).toEqual(
      Array.from({ length: 20 }, (_, sequence) => String(idsOf(answerAt(sequence)))),
    );
    expect(new Set(orders).size).toBeGreaterThan(10);
    const list = { size: limit, sequence: 7 };
    for (let sequence = 0; sequence < 20; sequence++)
      expect(String(idsOf(answerAt(sequence, definitions, { list })))).toBe(orders[7]);
    expect(answerAt(undefined, definitions, { now: now + 3_599_999 })).toEqual(answerAt(undefined));
  });

  test("is that of the list that is shown, also in a longer answer", () => {
    for (let sequence = 0; sequence < 30; sequence++) {
      const long = answerAt(sequence, definitions, { limit: 20, list: { size: limit } });
      expect(long.items.slice(0, limit)).toEqual(answerAt(sequence).items);
      expect(long.items.slice(limit).every(({ propensity }) => propensity === 1)).toBe(true);
    }
  });

  test("keeps what a rule pinned and what is on the screen in their slots", () => {
    const below = idsOf(answerAt(0, without, { limit: 15 }))[12]!;
    const pinned = [{ kind: "rule", id: "pin", items: [below], pin: { slot: 6 } }];
    const documents = pinned.reduce<Definitions>(defined, definitions);
    const calm = idsOf(answerAt(0, pinned.reduce<Definitions>(defined, without)));
    const request = { onScreen: [calm[5]!, calm[8]!] };
    expect(calm[6]).toBe(below);
    let moved = 0;
    for (let sequence = 0; sequence < 50; sequence++) {
      const { items: list } = answerAt(sequence, documents, request);
      for (const slot of [0, 1, 2, 3, 5, 6, 8]) {
        expect(list[slot]!.item).toBe(calm[slot]);
        expect(list[slot]!.propensity).toBe(1);
      }
      if (list[4]!.item !== calm[4]) moved++;
    }
    expect(moved).toBeGreaterThan(5);
  });

  test("leaves slots before it to the budget, which draws nothing of the tail and nothing from it", () => {
    const both = put({ exploration });
    let draws = 0;
    for (let sequence = 0; sequence < 200; sequence++) {
      const [mixed, shuffled] = [answerAt(sequence, both).items, answerAt(sequence).items];
      expect(mixed.slice(firstSlot)).toEqual(shuffled.slice(firstSlot));
      const drawn = mixed.slice(0, firstSlot).filter(({ propensity }) => propensity < 1);
      draws += drawn.length;
      const ids = mixed.map(({ item }) => item);
      expect(new Set(ids).size).toBe(limit);
    }
    expect(draws).toBeGreaterThan(20);
  });

  test("comes out again from a logged decision, and a tampered one does not", () => {
    for (let sequence = 0; sequence < 20; sequence++) {
      const state = { ...known, sequence };
      const facts = { id: "d", request: ask(placement, { limit }), position: 1, catalogue: 0 };
      const clockHour = models.popularity.clockHour;
      const versions = { definitions: definitions.version, sequence, clockHour };
      const decision = makeDecision(answerAt(sequence), { ...facts, ...versions });
      const replayed = (slots = decision.slots) =>
        replayDecision(
          JSON.parse(JSON.stringify({ ...decision, slots })),
          new Ranker(),
          permit(state),
          state,
          models,
          Catalogue.empty,
          definitions,
        ).outcome;
      expect(replayed()).toBe("equal");
      expect(
        replayed(
          decision.slots.map((slot) => ({ ...slot, propensity: slot.propensity * (1 - 2 ** -50) })),
        ),
      ).toBe("differs");
    }
  });
});
