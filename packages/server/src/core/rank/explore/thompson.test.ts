import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { certain, choiceParts, type Tried } from "./thompson.ts";

const tried: fc.Arbitrary<Tried> = fc
  .record({
    shown: fc.oneof(fc.nat(50), fc.nat(1_000_000)),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ shown, part }) => ({ shown, taken: Math.floor(shown * part) }));
const arms = fc.array(tried, { minLength: 1, maxLength: 16 });

describe("the shares of a draw", () => {
  test("are whole numbers that sum to one, and no arm is without a chance", () => {
    fc.assert(
      fc.property(arms, fc.integer({ min: 1, max: 1_000 }), (list, uniformPermille) => {
        const parts = choiceParts(list, uniformPermille);
        const least = Math.floor((certain * uniformPermille) / 1_000 / list.length) - 1;
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(certain);
        for (const part of parts) {
          expect(Number.isInteger(part)).toBe(true);
          expect(part).toBeGreaterThanOrEqual(Math.max(1, least));
        }
      }),
    );
  });

  test("do not hang on the order of the arms, but for the rounding that the first one gets", () => {
    fc.assert(
      fc.property(arms, (list) => {
        const there = choiceParts(list, 50);
        const back = choiceParts(list.toReversed(), 50).toReversed();
        there.forEach((part, i) =>
          expect(Math.abs(part - back[i]!)).toBeLessThanOrEqual(list.length),
        );
      }),
    );
  });

  test("grow with what is taken, and are alike where nothing is known", () => {
    const alike = choiceParts(Array<Tried>(8).fill({ shown: 0, taken: 0 }), 50);
    for (const part of alike) expect(Math.abs(part - certain / 8)).toBeLessThanOrEqual(8);
    const shares = [0, 5, 10, 20].map((taken) => {
      const list = [
        { shown: 100, taken },
        { shown: 100, taken: 10 },
        { shown: 0, taken: 0 },
      ];
      return choiceParts(list, 50)[0]!;
    });
    expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
    expect(shares[3]! / certain).toBeGreaterThan(0.6);
  });

  test("leave what was never shown a hearing beside what is known to be liked a little", () => {
    const list = [
      { shown: 1_000, taken: 100 },
      { shown: 1_000, taken: 90 },
      { shown: 0, taken: 0 },
    ];
    const [first, second, unknown] = choiceParts(list, 1);
    expect(unknown! / certain).toBeGreaterThan(0.25);
    expect(first!).toBeGreaterThan(second!);
    // As much known of it, and no better: it is let go.
    expect(
      choiceParts([list[0]!, list[1]!, { shown: 1_000, taken: 20 }], 1)[2]! / certain,
    ).toBeLessThan(0.001);
  });

  test("stand still in figures: the same on every engine, or past answers come out otherwise", () => {
    const list = [
      { shown: 40, taken: 9 },
      { shown: 1_203.5, taken: 240.25 },
      { shown: 0, taken: 0 },
      { shown: 12, taken: 0 },
    ];
    expect(choiceParts(list, 50)).toMatchInlineSnapshot(`
      [
        435035,
        198603,
        369042,
        45896,
      ]
    `);
  });
});
