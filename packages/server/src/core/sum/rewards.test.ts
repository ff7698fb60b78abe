import { expect, test } from "vitest";
import type { RewardOutcome } from "../fold/contribution.ts";
import { Items } from "./items.ts";
import { Rewards } from "./rewards.ts";

test("outcomes are counted by placement and item, from a day on", () => {
  const items = new Items();
  const rewards = new Rewards(items);
  const add = (placement: string, item: string, outcome: RewardOutcome, day: number): void =>
    rewards.add({ model: "rewards", placement, item, outcome, day, delta: 1 });
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
    ({ model: "rewards", placement: "for-you", item, outcome, day, delta: 1 }) as const;
  const weights = Uint32Array.of(8, 4, 2, 1);
  const read = () => {
    const [placement, item] = [items.find("for-you"), items.find("a")];
    const of = (outcome: RewardOutcome) => [
      rewards.total(placement, outcome),
      rewards.faded(placement, item, outcome, 20, weights),
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
