import fc from "fast-check";
import { expect, test } from "vitest";
import { CellTable, sumMax } from "./cell-table.ts";

const step = fc.record({
  row: fc.nat(12),
  column: fc.nat(12),
  tag: fc.nat(3),
  delta: fc.integer({ min: -2, max: 2 }),
});

/** Every cell, found by walking the rows (or the columns), sorted. */
function walked(table: CellTable, by: "row" | "column"): string[] {
  const found: string[] = [];
  const next = by === "row" ? table.nextInRow : table.nextInColumn;
  for (let head = 0; head < 16; head++) {
    let cell = by === "row" ? table.firstInRow(head) : table.firstInColumn(head);
    for (; cell !== 0; cell = next[cell]!) {
      expect(table[by][cell]).toBe(head);
      found.push(
        `${table.row[cell]} ${table.column[cell]} ${table.tag[cell]} ${table.value[cell]}`,
      );
    }
  }
  return found.toSorted();
}

test("a table equals a map of sums, by key, by row and by column, after any steps", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new CellTable(true);
      const model = new Map<string, number>();
      for (const { row, column, tag, delta } of steps) {
        table.add(row, column, tag, delta);
        const key = `${row} ${column} ${tag}`;
        const sum = (model.get(key) ?? 0) + delta;
        if (sum === 0) model.delete(key);
        else model.set(key, sum);
        expect(table.get(row, column, tag)).toBe(sum);
      }
      const wanted = [...model].map(([key, sum]) => `${key} ${sum}`).toSorted();
      expect(table.size).toBe(wanted.length);
      expect(walked(table, "row")).toEqual(wanted);
      expect(walked(table, "column")).toEqual(wanted);
    }),
    { numRuns: 60 },
  );
});

test("a sum beyond 2^52 or a fraction is refused", () => {
  const table = new CellTable();
  table.add(1, 1, 0, sumMax);
  expect(() => table.add(1, 1, 0, 1)).toThrow(RangeError);
  expect(() => table.add(1, 2, 0, 0.5)).toThrow(RangeError);
  expect(() => table.add(1, 1, 0, -0.5)).toThrow(RangeError);
  expect(table.get(1, 1, 0)).toBe(sumMax);
});
