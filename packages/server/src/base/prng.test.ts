import { expect, test } from "vitest";
import { Prng } from "./prng.ts";

const draw = (prng: Prng, count: number) => Array.from({ length: count }, () => prng.next());

test("gives the numbers of the published generator for the state 1, 2, 3, 4", () => {
  expect(draw(Prng.from([1, 2, 3, 4]), 4)).toEqual([11520, 0, 5927040, 70819200]);
});

test("gives the same numbers for the same seed and others for another", () => {
  expect(draw(new Prng(42), 8)).toEqual(draw(new Prng(42), 8));
  expect(draw(new Prng(42), 8)).not.toEqual(draw(new Prng(43), 8));
});

test("draws every number of a range, both ends included, about equally often", () => {
  const prng = new Prng(7);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 10_000; i++) counts[prng.between(0, 4)]! += 1;
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

test("draws entries by their weight", () => {
  const prng = new Prng(1);
  const entries = [
    { name: "a", weight: 3 },
    { name: "b", weight: 0 },
    { name: "c", weight: 1 },
  ];
  const names = Array.from({ length: 4000 }, () => prng.weighted(entries).name);
  expect(names).not.toContain("b");
  expect(Math.abs(names.filter((name) => name === "a").length - 3000)).toBeLessThan(150);
});
