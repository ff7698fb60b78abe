import fc from "fast-check";
import { expect, test } from "vitest";
import { Models } from "../../sum/models.ts";
import { decayTable } from "../../sum/decay.ts";
import { Scores } from "../scores.ts";
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
  const step = fc.record({ touches: fc.array(touch, { maxLength: 40, size: "max" }), now, clock });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const models = new Models();
      const rows = new TopRows((sum, row, now) => sum.decayed(row, now, weights), limit);
      const undo: (() => void)[] = [];
      for (const { touches, now, clock } of steps) {
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
        rows.score(models, now, scores);
        const found = Array.from({ length: scores.count }, (_, i) => scores.touched[i]!);
        const byName = found.map((item) => [models.items.keys[item], scores.get(item)]);
        expect(byName).toEqual(bestOf(models, now));
      }
    }),
    { numRuns: 60 },
  );
});

function bestOf(models: Models, now: number): [string, number][] {
  const all = models.items.find("all");
  return models.items.keys
    .map((key, item): [string, number] => {
      const row = models.popularity.rowOf(all, item);
      return [key, row < 0 ? 0 : models.popularity.decayed(row, now, weights)];
    })
    .filter(([, score]) => score > 0)
    .toSorted(([x, a], [y, b]) => b - a || (x < y ? -1 : 1))
    .slice(0, limit);
}
