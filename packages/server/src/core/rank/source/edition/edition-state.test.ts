import { expect, test } from "vitest";
import { fullScore, placeScore } from "./edition-state.ts";

test("places of both sources fall all the way down, and no two sums of them are equal", () => {
  const weekly = Array.from({ length: 120 }, (_, i) =>
    placeScore(1 + i + Math.floor(i / 2), 120 - i),
  );
  const rising = Array.from({ length: 60 }, (_, i) => placeScore(3 * (i + 1), 0));
  for (const scores of [weekly, rising]) {
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(scores[0]).toBeLessThan(fullScore);
    expect(scores.at(-1)).toBeGreaterThan(0);
  }
  const sums = [...weekly, ...rising, ...weekly.flatMap((a) => rising.map((b) => a + b))];
  const alone = new Set([...weekly, ...rising]);
  expect(alone.size).toBe(180);
  // An item has one number, so of two sums with one weekly place the rising places differ.
  const byNumber = new Map<number, Set<number>>();
  for (const sum of sums) {
    const known = byNumber.get(sum % 128) ?? new Set();
    expect(known.has(sum)).toBe(false);
    byNumber.set(sum % 128, known.add(sum));
  }
});
