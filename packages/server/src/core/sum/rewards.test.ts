import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type RewardCell,
  type RewardOutcome,
  rewardOutcomes,
  rewardSlices,
} from "../fold/contribution.ts";
import { Items } from "./items.ts";
import { Rewards } from "./rewards.ts";

test("outcomes are counted by placement and item, from a day on", () => {
  const items = new Items();
  const rewards = new Rewards(items);
  const add = (placement: string, item: string, outcome: RewardOutcome, day: number): void =>
    rewards.add({ model: "rewards", placement, item, outcome, slice: 0, day, delta: 1 });
  add("up-next", "a", "shown", 10);
  add("up-next", "a", "shown", 12);
  add("up-next", "a", "click", 12);
  add("up-next", "b", "shown", 12);
  add("for-you", "a", "purchase", 12);
  const count = (placement: string, item: string, outcome: RewardOutcome, since?: number) =>
    rewards.count(items.find(placement), items.find(item), outcome, since);
  expect(count("up-next", "a", "shown")).toBe(2);
  expect(count("up-next", "a", "shown", 11)).toBe(1);
  expect(count("up-next", "a", "click")).toBe(1);
  expect(count("up-next", "a", "purchase")).toBe(0);
  expect(count("for-you", "a", "purchase", 12)).toBe(1);
  expect(count("for-you", "b", "shown")).toBe(0);
  expect(rewards.size).toBe(5);
});

test("what is subtracted is gone from totals and faded counts as well", () => {
  const items = new Items();
  const rewards = new Rewards(items);
  const cell = (item: string, outcome: RewardOutcome, day: number) =>
    ({
      model: "rewards",
      placement: "for-you",
      item,
      outcome,
      slice: day % 3,
      day,
      delta: 1,
    }) as const;
  const weights = Uint32Array.of(8, 4, 2, 1);
  const read = () => {
    const [placement, item] = [items.find("for-you"), items.find("a")];
    const of = (outcome: RewardOutcome) => [
      rewards.total(placement, outcome),
      rewards.faded(placement, item, 20, weights, 0).whole[rewardOutcomes.indexOf(outcome)],
    ];
    return [of("shown"), of("click"), of("purchase")];
  };
  for (const day of [20, 18, 3, 21]) rewards.add(cell("a", "shown", day));
  rewards.add(cell("b", "shown", 20));
  rewards.add(cell("a", "click", 19));
  const before = read();
  // Today, two days ago, long ago, and a day that has not begun.
  expect(before).toEqual([
    [5, 8 + 2 + 1 + 8],
    [1, 4],
    [0, 0],
  ]);
  const later = [cell("a", "click", 20), cell("a", "shown", 20), cell("b", "purchase", 20)];
  for (const one of later) rewards.add(one);
  expect(read()).not.toEqual(before);
  for (const one of later) rewards.subtract(one);
  expect(read()).toEqual(before);
  const other = Rewards.decode(rewards.encode(), new Items());
  expect(other.total(other.items.find("for-you"), "shown")).toBe(5);
});

test("all slices together are what was counted without slices, by days, faded and in all", () => {
  const cell: fc.Arbitrary<RewardCell> = fc.record({
    model: fc.constant("rewards" as const),
    placement: fc.constantFrom("for-you", "up-next"),
    item: fc.constantFrom("a", "b"),
    outcome: fc.constantFrom(...rewardOutcomes),
    slice: fc.nat(rewardSlices - 1),
    day: fc.integer({ min: 0, max: 30 }),
    delta: fc.constantFrom(1, 1, 3, -1),
  });
  const weights = Uint32Array.of(64, 32, 8, 1);
  let slicesMet = 0;
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 40 }), (cells) => {
      const [sliced, plain] = [new Rewards(new Items()), new Rewards(new Items())];
      for (const one of cells) sliced.add(one);
      for (const one of cells) plain.add({ ...one, slice: 0 });
      for (const placement of ["for-you", "up-next"]) {
        for (const item of ["a", "b"]) {
          for (const outcome of rewardOutcomes) {
            const read = (rewards: Rewards) => {
              const key = [rewards.items.find(placement), rewards.items.find(item)] as const;
              if (key[0] < 0 || key[1] < 0) return [0, 0, 0];
              const faded = (slice: number) => rewards.faded(...key, 20, weights, slice);
              const place = rewardOutcomes.indexOf(outcome);
              return [
                rewards.count(...key, outcome, 11),
                faded(0).whole[place],
                Array.from(
                  { length: rewardSlices },
                  (_, slice) => faded(slice).slice[place]!,
                ).reduce((sum, count) => sum + count),
              ];
            };
            const [since, whole, parts] = read(sliced);
            expect([since, whole]).toEqual(read(plain).slice(0, 2));
            expect(parts).toBe(whole);
            const totalOf = (rewards: Rewards) =>
              rewards.total(rewards.items.find(placement), outcome);
            expect(totalOf(sliced)).toBe(totalOf(plain));
          }
        }
      }
      if (new Set(cells.map(({ slice }) => slice)).size > 1) slicesMet++;
    }),
  );
  expect(slicesMet).toBeGreaterThan(10);
});
