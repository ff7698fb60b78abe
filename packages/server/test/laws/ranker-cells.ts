/** Rows for the laws of the ranker's sum, and a second opinion on what they add up to. */
import fc from "fast-check";
import { type RankerCell, rankerHeads } from "../../src/core/fold/contribution.ts";
import {
  cellOf,
  columnCount,
  featureCount,
  positionOf,
  rightSide,
} from "../../src/core/sum/ranker.ts";

const delta = fc.constantFrom(1, 1, -1, 2, 7, -3);

/** Features of one candidate, ascending; few of them, so that candidates share some. */
const candidate = fc
  .tuple(
    fc.nat(63),
    fc.uniqueArray(fc.constantFrom(1, 2, 3, 40, featureCount - 1), { minLength: 3, maxLength: 3 }),
  )
  .map(([value, features]) => [value, ...features.toSorted((x, y) => x - y)]);

const rowBytes = (version: number, candidates: readonly number[][]): Uint8Array =>
  Uint8Array.from([version, 3, ...candidates.flat()]);
const inPlacement = {
  model: fc.constant("ranker" as const),
  placement: fc.constantFrom("up-next", "a"),
  delta,
};
const lonelyCell: fc.Arbitrary<RankerCell> = fc.record({
  ...inPlacement,
  row: fc
    .tuple(fc.constantFrom(1, 2), fc.array(candidate, { minLength: 2, maxLength: 9 }))
    .map(([version, candidates]) => rowBytes(version, candidates)),
});
/** Rows of lists: of whatever stood in them none, some or all came true. */
const shownCell: fc.Arbitrary<RankerCell> = fc
  .tuple(
    fc.record(inPlacement),
    fc.constantFrom(...rankerHeads),
    fc.constantFrom(1, 2),
    fc.array(fc.tuple(candidate, fc.constantFrom(0, 1, 7, 11, 200)), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.nat(5),
  )
  .map(([cell, head, version, stood, most]) => ({
    ...cell,
    row: rowBytes(
      version,
      stood.map(([features]) => features),
    ),
    shown: {
      head,
      count: Math.min(most, stood.length),
      slots: Uint8Array.from(stood, ([, slot]) => slot),
    },
  }));
export const rankerCell = fc.oneof(lonelyCell, shownCell);

/** A, b and the number of rows by the book: whole vectors, one product after the other. */
export function equationsOf(cells: readonly RankerCell[]): number[] {
  const [a, b] = [new Map<number, number>(), new Map<number, number>()];
  const addTo = (map: Map<number, number>, at: number, value: number): void => {
    map.set(at, (map.get(at) ?? 0) + value);
  };
  const enter = (x: readonly number[], result: number, weight: number): void => {
    x.forEach((xi, i) => {
      if (xi === 0) return;
      addTo(b, i, weight * result * xi);
      for (let j = 0; j <= i; j++) if (x[j] !== 0) addTo(a, cellOf(i, j), weight * xi * x[j]!);
    });
  };
  for (const { row, shown, delta: times } of cells) {
    const vectors = Array.from({ length: (row.length - 2) / 4 }, (_, n) => {
      const [value, ...features] = row.subarray(2 + n * 4, 6 + n * 4);
      const slot = shown?.slots[n];
      if (slot !== undefined) features.push(positionOf(slot));
      return Array.from({ length: columnCount }, (_, k) =>
        k === 0 ? value! : Number(features.includes(k)),
      );
    });
    const { head, count } = shown ?? { head: "take", count: 1 };
    vectors.forEach((x, n) => enter(x, Number(n < count), 16 * times));
    if (head !== "take") continue;
    for (const taken of vectors.slice(0, count)) {
      for (const x of vectors.slice(count)) {
        enter(
          x.map((xi, k) => taken[k]! - xi),
          1,
          times,
        );
      }
    }
  }
  const rows = cells.reduce((sum, cell) => sum + cell.delta, 0);
  const cellsOfA = Array.from({ length: rightSide }, (_, at) => a.get(at) ?? 0);
  return [...cellsOfA, ...Array.from({ length: columnCount }, (_, i) => b.get(i) ?? 0), rows];
}
