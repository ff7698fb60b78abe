import fc from "fast-check";
import { expect, test } from "vitest";
import { CellRows } from "./cell-rows.ts";
import { sumMax } from "./summary.ts";

const column = fc.oneof(fc.nat(12), fc.constant(0xffffffff));
/** Small values, and those around the edge of a word. */
const delta = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 31 - 1, -(2 ** 31) - 1, 2 ** 40, -(2 ** 40)),
);
/** An add, or a move to another column. */
const step = fc.record({
  row: fc.nat(12),
  column,
  delta,
  to: fc.option(column, { nil: undefined, freq: 4 }),
});

test("rows equal a map of sums, by key and by walk, after any steps", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const rows = new CellRows();
      const model = new Map<string, number>();
      for (const { row, column, delta, to } of steps) {
        const key = `${row} ${column}`;
        const other = `${row} ${to}`;
        if (to !== undefined && to !== column && model.has(key)) {
          const sum = (model.get(other) ?? 0) + model.get(key)!;
          expect(rows.move(row, column, to)).toBe(Number(sum !== 0 && !model.has(other)));
          model.delete(key);
          if (sum === 0) model.delete(other);
          else model.set(other, sum);
          continue;
        }
        const before = model.get(key) ?? 0;
        const sum = before + delta;
        const change = rows.add(row, column, delta);
        expect(change).toBe(Number(sum !== 0) - Number(before !== 0));
        if (sum === 0) model.delete(key);
        else model.set(key, sum);
        expect(rows.get(row, column)).toBe(sum);
      }
      const walked: string[] = [];
      for (let row = 0; row <= 12; row++) {
        const end = rows.start(row) + rows.length(row);
        for (let at = rows.start(row); at < end; at++) {
          walked.push(`${row} ${rows.columnAt(at)} ${rows.valueAt(row, at)}`);
        }
      }
      const visited: string[] = [];
      rows.each((row, column, value) => visited.push(`${row} ${column} ${value}`));
      const wanted = [...model].map(([key, sum]) => `${key} ${sum}`).toSorted();
      expect(walked.toSorted()).toEqual(wanted);
      expect(visited).toEqual(walked);
      expect(rows.size).toBe(wanted.length);
    }),
    { numRuns: 60 },
  );
});

test("long rows equal a map of sums while cells come and go in any order", () => {
  const change = fc.record({
    row: fc.nat(2),
    column: fc.nat(600),
    delta: fc.constantFrom(1, 1, 1, -1, 2 ** 40),
  });
  // Half of the logs are taken back whole, so that rows grow long and short again.
  const log = fc.array(change, { minLength: 300, maxLength: 3_000, size: "max" });
  fc.assert(
    fc.property(log, fc.boolean(), (steps, isTakenBack) => {
      const rows = new CellRows();
      const model = new Map<string, number>();
      const all = isTakenBack
        ? [...steps, ...steps.map((s) => ({ ...s, delta: -s.delta }))]
        : steps;
      all.forEach(({ row, column, delta }, i) => {
        const key = `${row} ${column}`;
        const before = model.get(key) ?? 0;
        const sum = before + delta;
        const change = rows.add(row, column, delta);
        if (change !== Number(sum !== 0) - Number(before !== 0))
          expect.fail(`step ${i}: ${change}`);
        if (sum === 0) model.delete(key);
        else model.set(key, sum);
        if (rows.get(row, column) !== sum) expect.fail(`step ${i}: ${rows.get(row, column)}`);
      });
      const visited: string[] = [];
      rows.each((row, column, value) => visited.push(`${row} ${column} ${value}`));
      expect(visited.toSorted()).toEqual([...model].map((cell) => cell.join(" ")).toSorted());
      for (const key of model.keys()) {
        const [row, column] = key.split(" ").map(Number) as [number, number];
        expect(rows.get(row, column)).toBe(model.get(key));
      }
      expect(rows.size).toBe(model.size);
    }),
    { numRuns: 40 },
  );
});

test("a sum beyond 2^52 or a fraction is refused", () => {
  const rows = new CellRows();
  rows.add(1, 1, sumMax);
  expect(() => rows.add(1, 1, 1)).toThrow("exact");
  expect(() => rows.add(1, 2, 0.5)).toThrow("integers");
  expect(() => rows.add(1, 1, -0.5)).toThrow("integers");
  expect(rows.get(1, 1)).toBe(sumMax);
});
