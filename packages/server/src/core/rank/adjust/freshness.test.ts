import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalogue } from "../catalogue.ts";
import { Entries } from "../entries.ts";
import { Items } from "../../sum/items.ts";
import { Scores } from "../scores.ts";
import { fade, freshnessOf, msOfDate } from "./freshness.ts";
import { Moves } from "./moves.ts";

const dayMs = 86_400_000;

test("a text's first ten characters are its day, as the platform's own calendar has it", () => {
  const days = fc.integer({
    min: Date.UTC(1600, 0, 1) / dayMs,
    max: Date.UTC(2999, 11, 31) / dayMs,
  });
  fc.assert(
    fc.property(days, fc.constantFrom("", "T23:59:59Z", " late"), (day, rest) => {
      const text = new Date(day * dayMs).toISOString().slice(0, 10);
      expect(msOfDate(text + rest)).toBe(day * dayMs);
    }),
    { numRuns: 1_000 },
  );
  for (const text of [
    "",
    "2026",
    "2026-13-01",
    "2026-00-01",
    "2026-01-32",
    "2026/01/01",
    "x026-01-01",
  ])
    expect(msOfDate(text)).toBe(undefined);
});

test("a score halves with each half-life, never below 1, and what states no time keeps its own", () => {
  const now = 1_000 * dayMs;
  const since: Record<string, unknown> = {
    new: now,
    future: now + dayMs,
    week: now - 7 * dayMs,
    fortnight: now - 14 * dayMs,
    ancient: 0,
    dated: "1972-09-20",
    odd: true,
  };
  const items = new Items();
  const totals = new Scores();
  const ids = [...Object.keys(since), "unstated", "unknown"];
  const catalogue = Catalogue.empty.changed({
    put: [
      ...Object.entries(since).map(([id, value]) => ({ id, attributes: { since: value } })),
      { id: "unstated", attributes: {} },
    ],
  });
  for (const id of ids) totals.add(items.intern(id), 1 << 20);
  const moves = new Moves();
  const entries = new Entries();
  entries.follow(catalogue, items);
  fade({ attribute: "since", halfLifeDays: 7 }, now, entries, totals, moves);
  const parts = ids.map((id) => [id, totals.get(items.find(id)) / (1 << 20)]);
  expect(Object.fromEntries(parts)).toEqual({
    new: 1,
    future: 1,
    week: 0.5,
    fortnight: 0.25,
    ancient: 2 ** -16,
    dated: 0.5,
    odd: 1,
    unstated: 1,
    unknown: 1,
  });
  const week = items.find("week");
  expect(moves.reasonsOf(new Set([week])).get(week)).toEqual([
    { source: "freshness", share: -(1 << 19) },
  ]);
});

test("what cannot be meant names its field", () => {
  const of = (value: object) => () =>
    freshnessOf({ attribute: "since", halfLifeDays: 7, ...value });
  expect(of({})).not.toThrow();
  expect(of({ halfLifeDays: 3_650 })).not.toThrow();
  expect(of({ halfLifeDays: 3_651 })).toThrow(/freshness\.halfLifeDays/);
  expect(of({ halfLifeDays: 0 })).toThrow(/freshness\.halfLifeDays/);
  expect(of({ attribute: "" })).toThrow(/freshness\.attribute/);
  expect(of({ days: 1 })).toThrow(/freshness\.days/);
});
