import fc from "fast-check";
import { expect, test } from "vitest";
import { Models } from "../../sum/models.ts";
import { decayTable } from "../../sum/decay.ts";
import { Scores } from "../scores.ts";
import type { RowScore } from "./row-values.ts";
import { TopRows } from "./top-rows.ts";

const weights = decayTable(168, 256);
const limit = 3;

/** Far more than the limit, so that the list of those that may count grows and is cut. */
const others = Array.from({ length: 40 }, (_, n) => `other-${n}`);

const touch = fc.record({
  item: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", ...others),
  hour: fc.nat(500),
  delta: fc.integer({ min: 0, max: 40 }),
  dimension: fc.constantFrom("all", "all", "device:phone"),
});

test("the best rows are those of a full look at every row, whatever was asked before", () => {
  // Mostly the hour stays the same: then what is kept from one answer to the next counts.
  const now = fc.oneof(
    fc.integer({ min: 500, max: 600 }),
    fc.constantFrom(500, 500, 500, 501, 501, 502),
  );
  const clock = fc.option(fc.integer({ min: 480, max: 520 }));
  // What a filter lets in: everything, every so many items, or one alone.
  const every = fc.option(fc.constantFrom(1, 2, 7, 1_000));
  const touches = fc.array(touch, { maxLength: 40, size: "max" });
  const step = fc.record({ touches, now, clock, every });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const models = new Models();
      const rows = new TopRows((sum, row, now) => sum.decayed(row, now, weights), limit);
      const undo: (() => void)[] = [];
      for (const { touches, now, clock, every } of steps) {
        // Buckets move up with the clock of the log, which is not that of who asks.
        if (clock !== null) models.advance(clock);
        if (undo.length > 100) for (const back of undo.splice(0)) back();
        for (const cell of touches) {
          const added = { model: "popularity", ...cell } as const;
          models.add(added);
          undo.push(() => models.add({ ...added, delta: -cell.delta }));
        }
        const scores = new Scores();
        scores.reserve(models.items.size);
        const isOffered = (key: string) => models.items.find(key) % every! === 1 % every!;
        rows.score(models, now, scores, "all", every === null ? undefined : isOffered);
        const found = Array.from({ length: scores.count }, (_, i) => scores.touched[i]!);
        const byName = found.map((item) => [models.items.keys[item], scores.get(item)]);
        expect(byName).toEqual(bestOf(models, now, every === null ? () => true : isOffered));
      }
    }),
    { numRuns: 60 },
  );
});

/** A filter is asked about so few rows that it is often stopped before the last of them. */
const offersAsked = 12;

test("a filter is asked about the same rows whether their list is new or old", () => {
  const step = fc.record({
    touches: fc.array(touch, { maxLength: 30, size: "max" }),
    now: fc.constantFrom(500, 500, 501),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const models = new Models();
      const scoreOf: RowScore = (sum, row, now) => sum.decayed(row, now, weights);
      const old = new TopRows(scoreOf, limit, offersAsked);
      const undo: (() => void)[] = [];
      for (const { touches, now } of steps) {
        if (undo.length > 60) for (const back of undo.splice(0)) back();
        for (const cell of touches) {
          const added = { model: "popularity", ...cell } as const;
          models.add(added);
          undo.push(() => models.add({ ...added, delta: -cell.delta }));
        }
        const asked = [old, new TopRows(scoreOf, limit, offersAsked)].map((rows) => {
          const [names, scores] = [new Set<string>(), new Scores()];
          scores.reserve(models.items.size);
          rows.score(models, now, scores, "all", (key) => {
            names.add(key);
            return models.items.find(key) % 5 === 1;
          });
          return { names, found: new Set(scores.touched.subarray(0, scores.count)) };
        });
        expect(asked[0]).toEqual(asked[1]);
      }
    }),
    { numRuns: 60 },
  );
});

test("where the best rows have fallen, a filter is asked about those that were behind them", () => {
  const models = new Models();
  const rows = new TopRows((sum, row, now) => sum.decayed(row, now, weights), 1);
  const add = (item: string, delta: number) =>
    models.add({ model: "popularity", item, hour: 500, delta, dimension: "all" });
  const best = (): (string | undefined)[] => {
    const scores = new Scores();
    scores.reserve(models.items.size);
    rows.score(models, 500, scores, "all", (key) => key !== "not this one");
    return Array.from({ length: scores.count }, (_, i) => models.items.keys[scores.touched[i]!]);
  };
  add("first", 1_000);
  add("second", 50);
  add("third", 20);
  expect(best()).toEqual(["first"]);
  add("first", -990);
  expect(best()).toEqual(["second"]);
  add("second", -50);
  add("first", -10);
  expect(best()).toEqual(["third"]);
  add("third", -20);
  expect(best()).toEqual([]);
  add("second", 1);
  expect(best()).toEqual(["second"]);
});

function bestOf(
  models: Models,
  now: number,
  isOffered: (key: string) => boolean,
): [string, number][] {
  const all = models.items.find("all");
  return models.items.keys
    .map((key, item): [string, number] => {
      const row = models.popularity.rowOf(all, item);
      return [key, row < 0 ? 0 : models.popularity.decayed(row, now, weights)];
    })
    .filter(([key, score]) => score > 0 && isOffered(key))
    .toSorted(([x, a], [y, b]) => b - a || (x < y ? -1 : 1))
    .slice(0, limit);
}
