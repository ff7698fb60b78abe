import fc from "fast-check";
import { expect, test } from "vitest";
import { Cooccurrence } from "./cooccurrence.ts";
import { Items } from "./items.ts";

const item = fc.constantFrom("a", "b", "c", "d", "é");
const baskets = fc.array(fc.uniqueArray(item, { minLength: 1 }), { maxLength: 12 });

test("counts and rows are those of the baskets, whichever end of a pair is asked", () => {
  fc.assert(
    fc.property(baskets, (all) => {
      const items = new Items();
      const sum = new Cooccurrence(items);
      for (const basket of all) {
        for (const a of basket) {
          for (const b of basket) if (a <= b) sum.add({ model: "cooccurrence", a, b, delta: 1 });
        }
      }
      const holding = (...wanted: string[]): number =>
        all.filter((basket) => wanted.every((one) => basket.some((item) => item === one))).length;
      for (const [a, keyA] of items.keys.entries()) {
        expect(sum.count(a)).toBe(holding(keyA));
        const start = sum.rowStart(a);
        const row = Array.from({ length: sum.rowLength(a) }, (_, at) => [
          items.keys[sum.otherAt(start + at)]!,
          sum.countAt(a, start + at),
        ]);
        const wanted = items.keys
          .filter((keyB) => keyB !== keyA && holding(keyA, keyB) > 0)
          .map((keyB) => [keyB, holding(keyA, keyB)]);
        expect(row).toEqual(wanted);
        for (const [b, keyB] of items.keys.entries()) {
          expect(sum.pair(a, b)).toBe(holding(keyA, keyB));
        }
      }
    }),
    { numRuns: 40 },
  );
});

test("a pair against the order of its keys is refused", () => {
  const sum = new Cooccurrence(new Items());
  expect(() => sum.add({ model: "cooccurrence", a: "b", b: "a", delta: 1 })).toThrow("order");
});
