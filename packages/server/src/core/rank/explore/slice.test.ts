import fc from "fast-check";
import { expect, test } from "vitest";
import { elsewhereMax, triedIn } from "./slice.ts";

const one = 256;
const counts = fc
  .record({ shown: fc.nat(1_000 * one), part: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ shown, part }) => ({ shown, taken: Math.floor(shown * part) }));

test("what other slices lend is at most some shows at their own rate, to a part rounded down", () => {
  fc.assert(
    fc.property(counts, counts, (slice, others) => {
      const whole = { shown: slice.shown + others.shown, taken: slice.taken + others.taken };
      const { shown, taken } = triedIn(slice, whole, one);
      const lent = { shown: shown * one - slice.shown, taken: taken * one - slice.taken };
      expect(lent.shown).toBe(Math.min(others.shown, elsewhereMax * one));
      expect(Number.isInteger(lent.taken)).toBe(true);
      const exact = others.shown === 0 ? 0n : BigInt(others.taken) * BigInt(lent.shown);
      expect(BigInt(lent.taken)).toBe(others.shown === 0 ? 0n : exact / BigInt(others.shown));
    }),
  );
});

test("with one slice alone nothing is lost, and with few shows elsewhere neither", () => {
  const all = { shown: 5_000 * one, taken: 400 * one };
  expect(triedIn(all, all, one)).toEqual({ shown: 5_000, taken: 400 });
  const few = { shown: 7 * one, taken: 3 * one };
  expect(triedIn({ shown: 0, taken: 0 }, few, one)).toEqual({ shown: 7, taken: 3 });
});

test("a slice that was met often speaks for itself, one that was not leans on the whole", () => {
  const whole = { shown: 11_000 * one, taken: 1_100 * one };
  const rate = ({ shown, taken }: { shown: number; taken: number }) => taken / shown;
  expect(rate(triedIn({ shown: one, taken: one }, whole, one))).toBeLessThan(0.13);
  const often = { shown: 1_000 * one, taken: 900 * one };
  expect(rate(triedIn(often, whole, one))).toBeGreaterThan(0.86);
});
