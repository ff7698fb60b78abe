import { expect, test } from "vitest";
import { fadeTable, logByOctave, octavePlace, one, powerByOctave, powerTable } from "./weights.ts";

test("decay is e^-x to the last of its 12 bits, and none at a scale of 0", () => {
  const table = fadeTable(1.5, 64);
  table.forEach((weight, j) =>
    expect(Math.abs(weight - one * Math.exp(-j / 1.5))).toBeLessThan(0.51),
  );
  expect([...fadeTable(0, 3)]).toEqual([one, one, one]);
});

test("powers and logarithms are right to a hundredth, over all counts", () => {
  const roots = powerByOctave(0.5);
  for (let n = 1; n < 2 ** 31; n = Math.ceil(n * 1.37)) {
    expect(Math.abs(logByOctave[octavePlace(n)]! / one - Math.log(n))).toBeLessThan(0.01);
    expect(Math.abs(roots[octavePlace(n)]! - one / Math.sqrt(n))).toBeLessThan(0.005 * one);
  }
  expect(powerTable(1, 5)[4]).toBe(one / 4);
});

test("the tables are pinned: a change of them is a change of every answer", () => {
  const sum = (table: Float64Array): number => table.reduce((total, weight) => total + weight, 0);
  expect(sum(fadeTable(1.5, 64))).toBe(8418);
  expect(sum(logByOctave)).toMatchInlineSnapshot(`186686212`);
  expect(sum(powerByOctave(0.2))).toMatchInlineSnapshot(`3709553`);
});
