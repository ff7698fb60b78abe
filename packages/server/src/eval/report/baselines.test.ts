import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { LastItem, MostPopular } from "./baselines.ts";

test("the most popular stand by their counts, after every count", () => {
  const prng = new Prng(5);
  const popular = new MostPopular();
  const counts = new Map<number, number>();
  for (let i = 0; i < 3_000; i++) {
    const item = Math.min(prng.below(60), prng.below(60));
    popular.add(item);
    counts.set(item, (counts.get(item) ?? 0) + 1);
    const list = popular.list(60, () => false);
    expect(list.map((one) => counts.get(one))).toEqual([...counts.values()].sort((x, y) => y - x));
    expect(new Set(list).size).toBe(counts.size);
  }
  expect(popular.list(3, (item) => item === 0)).not.toContain(0);
});

test("neighbours of the last item are those of its sessions, once a session, then the popular ones", () => {
  const popular = new MostPopular();
  const last = new LastItem([1], popular);
  const play = (user: number, ...items: number[]) =>
    items.forEach((item, at) => {
      popular.add(item);
      last.add(user, item, at === 0);
    });
  play(1, 1, 2, 2, 1);
  play(2, 3, 1);
  play(3, 3, 1);
  play(4, 9, 9, 9, 8);
  expect(last.list(1, 4)).toEqual([3, 2, 9, 8]);
  // Of an item that nobody asks about nothing is kept.
  expect(last.list(3, 2)).toEqual([1, 9]);
});
