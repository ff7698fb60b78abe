import { expect, test } from "vitest";
import { Prng } from "../base/prng.ts";
import { Spread } from "./spread.ts";

/** `people` of whom each has an own rate around one half, and ten tries. */
function world(seed: number, people: number, spreadOfPeople: number) {
  const prng = new Prng(seed);
  const whole = new Spread(1);
  const torn = new Spread(1);
  for (let person = 0; person < people; person++) {
    const rate = 0.5 + (prng.chance(0.5) ? spreadOfPeople : -spreadOfPeople);
    for (let tried = 0; tried < 10; tried++) {
      const value = prng.chance(rate) ? 1 : 0;
      whole.add(person, [value]);
      torn.add(`${person}:${tried}`, [value]);
    }
  }
  return { whole, torn };
}

const share = (hits: readonly boolean[]): number => hits.filter(Boolean).length / hits.length;

test("intervals hold the truth in 95 of 100 worlds, and not if answers to one person count as independent", () => {
  const holds = { whole: [] as boolean[], torn: [] as boolean[] };
  for (let seed = 1; seed <= 300; seed++) {
    const worlds = world(seed, 60, 0.4);
    for (const name of ["whole", "torn"] as const) {
      const [low, high] = worlds[name].intervals(seed, 200)[0]!;
      holds[name].push(low <= 0.5 && 0.5 <= high);
    }
  }
  expect(share(holds.whole)).toBeGreaterThan(0.9);
  expect(share(holds.whole)).toBeLessThan(0.99);
  expect(share(holds.torn)).toBeLessThan(0.8);
});

test("the same seed gives the same interval, another seed another, one person none", () => {
  const { whole } = world(1, 30, 0.2);
  expect(whole.intervals(7)).toEqual(whole.intervals(7));
  expect(whole.intervals(7)).not.toEqual(whole.intervals(8));
  const lone = new Spread(2);
  lone.add("only", [1, 0]);
  lone.add("only", [0, 0]);
  expect(lone.means()).toEqual([0.5, 0]);
  expect(lone.intervals(1)).toEqual([undefined, undefined]);
});
