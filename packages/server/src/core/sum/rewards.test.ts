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
