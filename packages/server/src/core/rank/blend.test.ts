import { expect, test } from "vitest";
import fc from "fast-check";
import { apportion, Blend, weightOne } from "./blend.ts";
import type { Ask, Source } from "./source.ts";

/** A source that gives fixed scores by item id, brought by the user's events "a" and "b". */
function fixed(name: string, scores: readonly number[]): Source {
  return {
    name,
    score(_ask, into) {
      scores.forEach((score, item) => {
        if (score > 0) into.add(item, score);
      });
    },
    parts(_ask, item) {
      const amount = scores[item] ?? 0;
      const first = Math.floor(amount / 3);
      return [
        { because: "a", amount: first },
        { because: "b", amount: amount - first },
      ];
    },
  };
}

const ask = { models: { items: { size: 8 } } } as unknown as Ask;
const score = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const scoresOfItems = fc.array(score, { minLength: 8, maxLength: 8 });
const weight = fc.integer({ min: 0, max: weightOne });

test("the best item of a source gets exactly its weight", () => {
  const blend = new Blend([fixed("x", [10, 7, 0]), fixed("y", [0, 1, 3])]);
  blend.collect(ask, [weightOne, 512]);
  blend.mix();
  expect(blend.term(0, 0)).toBe(weightOne);
  expect(blend.term(1, 2)).toBe(512);
  expect(blend.totals.get(1)).toBe(Math.floor((weightOne * 7) / 10) + Math.floor(512 / 3));
});

test("terms are the exact floor, sum to the total, and parts sum to the term", () => {
  fc.assert(
    fc.property(scoresOfItems, scoresOfItems, weight, weight, (x, y, v, w) => {
      const blend = new Blend([fixed("x", x), fixed("y", y)]);
      blend.collect(ask, [v, w]);
      blend.mix();
      const best = BigInt(Math.max(...x, 1));
      for (let item = 0; item < 8; item++) {
        expect(BigInt(blend.term(0, item))).toBe((BigInt(x[item]!) * BigInt(v)) / best);
        expect(blend.term(0, item) + blend.term(1, item)).toBe(blend.totals.get(item));
        const parts = blend.parts(1, ask, item);
        expect(parts.reduce((sum, part) => sum + part.amount, 0)).toBe(blend.term(1, item));
      }
    }),
  );
});

test("a barred item scores nothing and does not scale the others", () => {
  const blend = new Blend([fixed("x", [1000, 5, 1])]);
  blend.collect(ask, [weightOne]);
  blend.bar(0);
  blend.mix();
  expect(blend.totals.get(0)).toBe(0);
  expect(blend.totals.get(1)).toBe(weightOne);
  blend.collect(ask, [weightOne]);
  blend.mix();
  expect(blend.totals.get(0)).toBe(weightOne);
});

test("a source without weight is not asked", () => {
  const blend = new Blend([fixed("x", [1, 2]), fixed("y", [0, 0, 9])]);
  blend.collect(ask, [weightOne, 0]);
  blend.mix();
  expect(blend.totals.has(2)).toBe(false);
});

test("apportion gives what is left to the largest remainders", () => {
  const parts = [
    { because: "a", amount: 1 },
    { because: "b", amount: 1 },
    { because: "c", amount: 1 },
  ];
  expect(apportion(parts, 2)).toEqual([
    { because: "a", amount: 1 },
    { because: "b", amount: 1 },
  ]);
});

test("a source that says what certainty is gets no more than its share of that", () => {
  const blend = new Blend([{ ...fixed("x", [10, 5]), full: 1000 }]);
  blend.collect(ask, [weightOne]);
  blend.mix();
  expect(blend.totals.get(0)).toBe(Math.floor((weightOne * 10) / 1000));
});

test("widened it is what it would have been with these weights from the start", () => {
  const sources = [fixed("x", [10, 7, 0]), fixed("y", [0, 1, 3])];
  const [narrow, wide] = [new Blend(sources), new Blend(sources)];
  narrow.collect(ask, [weightOne, 0]);
  narrow.widen(ask, [weightOne, 512]);
  narrow.bar(0);
  narrow.mix();
  wide.collect(ask, [weightOne, 512]);
  wide.bar(0);
  wide.mix();
  for (let item = 0; item < 3; item++) expect(narrow.totals.get(item)).toBe(wide.totals.get(item));
});
