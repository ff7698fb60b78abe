import fc from "fast-check";
import { expect, test } from "vitest";
import { Cooccurrence } from "../sum/cooccurrence.ts";
import { Items } from "../sum/items.ts";
import { easeName, easeSeq, EaseView, solveEase } from "./ease.ts";

/** Users by what they have a taste for, summed in the order given. */
function sumsOf(users: readonly (readonly string[])[]): Cooccurrence {
  const sums = new Cooccurrence(new Items());
  for (const user of users) {
    const taste = [...new Set(user)].sort();
    taste.forEach((b, at) => {
      for (const a of taste.slice(0, at + 1)) sums.add({ model: "cooccurrence", a, b, delta: 1 });
    });
  }
  return sums;
}

const users = fc.array(
  fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "é", "z\u{1F3B5}"), { maxLength: 6 }),
  { maxLength: 30 },
);

test("equal sums give equal bytes, whatever order users and items came in", () => {
  fc.assert(
    fc.property(users, (list) => {
      const bytes = solveEase(sumsOf(list), 7).encode();
      expect(solveEase(sumsOf(list.toReversed()), 7).encode()).toEqual(bytes);
    }),
  );
});

test("what was subtracted leaves no trace in a view", () => {
  fc.assert(
    fc.property(users, users, (list, gone) => {
      const sums = sumsOf(list);
      sums.merge(sumsOf(gone));
      const kept = solveEase(sumsOf(list), 7).encode();
      for (const user of gone) {
        const taste = [...new Set(user)].sort();
        taste.forEach((b, at) => {
          for (const a of taste.slice(0, at + 1))
            sums.subtract({ model: "cooccurrence", a, b, delta: 1 });
        });
      }
      expect(solveEase(sums, 7).encode()).toEqual(kept);
    }),
  );
});

test("decode(encode(view)) is the view", () => {
  fc.assert(
    fc.property(users, fc.nat(), (list, seq) => {
      const view = solveEase(sumsOf(list), seq);
      const decoded = EaseView.decode(view.encode());
      expect(decoded).toEqual(view);
      expect(decoded.encode()).toEqual(view.encode());
    }),
  );
});

test("a view holds the hottest items, then by key, no item speaks for itself, and the greatest weight is full", () => {
  const view = solveEase(sumsOf([["b", "a", "c"], ["b", "a"], ["b", "d"], ["d"]]), 3, {
    itemsMax: 3,
    cellsMax: 9,
  });
  expect(view.items).toEqual(["b", "a", "d"]);
  expect([0, 1, 2].map((place) => view.weight(place, place))).toEqual([0, 0, 0]);
  expect(Math.max(...view.rows.weights.map(Math.abs))).toBe(32_767);
  expect(view.weight(view.placeOf("a"), view.placeOf("b"))).toBeGreaterThan(0);
  expect(view.weight(view.placeOf("a"), view.placeOf("d"))).toBeLessThan(0);
  expect(view.placeOf("c")).toBe(-1);
});

test("two items that everybody holds together have the weights of the closed form", () => {
  // G = [[2, 2], [2, 2]], P = (G + 400 I)^-1 = [[402, -2], [-2, 402]] / det: B = 2 / 402 both ways.
  const view = solveEase(sumsOf([["a", "b"], ["a", "b"], ["c"]]), 1);
  expect(view.items).toEqual(["a", "b", "c"]);
  expect([view.weight(0, 1), view.weight(1, 0), view.weight(0, 2)]).toEqual([32_767, 32_767, 0]);
});

test("where the weights are too many, each row keeps its greatest, and the same ones as the whole", () => {
  const list = Array.from({ length: 40 }, (_, user) =>
    Array.from({ length: 5 }, (_, at) => `i${(user * (at + 3) + at * at + 1) % 17}`),
  );
  const whole = solveEase(sumsOf(list), 1);
  const cut = solveEase(sumsOf(list), 1, { itemsMax: 17, cellsMax: 17 * 5 });
  const { starts, columns, weights } = cut.rows;
  for (let row = 0; row < 17; row++) {
    const kept = [...weights.subarray(starts[row]!, starts[row + 1]!)];
    const own = [...Array(17).keys()].map((column) => whole.weight(row, column));
    expect(kept.length).toBe(5);
    expect(kept.map(Math.abs).sort((x, y) => y - x)).toEqual(
      own
        .map(Math.abs)
        .sort((x, y) => y - x)
        .slice(0, 5),
    );
    kept.forEach((weight, at) => expect(own[columns[starts[row]! + at]!]).toBe(weight));
  }
});

test("the name of a view says its position", () => {
  expect(easeSeq(easeName(12))).toBe(12);
  for (const other of ["ease@", "ease@x", "theta@12", "ease@12 "]) {
    expect(easeSeq(other)).toBe(undefined);
  }
});
