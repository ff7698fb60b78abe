import { expect, test } from "vitest";
import type { AudienceCount, Audience } from "../../fold/contribution.ts";
import { Models } from "../../sum/models.ts";
import { Catalogue } from "../catalogue.ts";
import { MostPopular } from "./most-popular.ts";
import { placementReport } from "./placement-report.ts";
import { Popular } from "../source/popular.ts";

const day = 20_000;

function touch(models: Models, item: string, count: number, at = day): void {
  models.add({ model: "popularity", dimension: "all", item, hour: at * 24 + 3, delta: count });
}

function shown(models: Models, placement: string, item: string, count: number, at = day): void {
  // Of whatever circumstances: the report reads all of them.
  const slice = count % 3;
  models.add({ model: "rewards", placement, item, outcome: "shown", slice, day: at, delta: count });
}

function report(models: Models, catalogue: Catalogue, placement: string, gone: string[] = []) {
  const takedowns = Object.fromEntries(gone.map((id) => [id, { reason: "gone", version: 1 }]));
  const days = { from: day - 1, to: day };
  const steps = placementReport(models, catalogue, takedowns, placement, days);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const catalogueOf = (...ids: string[]) =>
  Catalogue.empty.changed({ put: ids.map((id) => ({ id, attributes: {} })) });

test("coverage, concentration and popularity are those of the seen slots of the days and the placement", () => {
  const models = new Models();
  for (const [item, count] of Object.entries({ a: 6, b: 3, c: 1 })) touch(models, item, count);
  touch(models, "a", 50, day - 2);
  touch(models, "a", 70, day + 1);
  models.add({ model: "popularity", dimension: "place:gym", item: "a", hour: day * 24, delta: 9 });
  shown(models, "row", "a", 2);
  shown(models, "row", "a", 1, day - 1);
  shown(models, "row", "c", 1);
  shown(models, "row", "c", 8, day - 2);
  shown(models, "other", "b", 5);
  const { catalogue, exposure, mostPopular } = report(
    models,
    catalogueOf("a", "b", "c", "d"),
    "row",
  );
  expect(catalogue).toBe(4);
  // Counts 0, 0, 1, 3: Gini 2 (3 * 1 + 4 * 3) / (4 * 4) - 5 / 4. Popularity (3 * 6 + 1) / 4, over 10 / 4 and 46 / 10.
  expect(exposure).toEqual({
    items: 2,
    coverage: 0.5,
    gini: 0.625,
    topPercentShare: 0.75,
    popularityLift: { overCatalogue: 1.9, overTouched: 1.032609 },
  });
  expect(mostPopular).toMatchObject({ items: 3, coverage: 0.75, gini: 0.25 });
  expect(mostPopular.popularityLift.overCatalogue).toBe(1.333333);
});

test("what is taken down or has left the catalogue counts nowhere; nothing at all has no shares", () => {
  const models = new Models();
  for (const item of ["a", "b", "gone"]) touch(models, item, 1);
  for (const item of ["a", "b", "gone"]) shown(models, "row", item, 1);
  const some = report(models, catalogueOf("a", "b", "c"), "row", ["b", "nobody"]);
  expect([some.catalogue, some.exposure.items]).toEqual([2, 1]);
  const none = report(new Models(), Catalogue.empty, "row");
  expect(none.exposure).toMatchObject({ items: 0, coverage: null, gini: null });
  expect(none.audiences.all).toMatchObject({ seen: 0, clickRate: null, hitRate: null });
  // Without a catalogue the items are those that anybody touched or saw.
  expect(report(models, Catalogue.empty, "row").catalogue).toBe(3);
});

test("the head is the hundredth of the items seen most, whole or in part of those seen alike", () => {
  const models = new Models();
  const ids = Array.from({ length: 300 }, (_, i) => `i${i}`);
  for (const id of ids) shown(models, "row", id, 1);
  shown(models, "row", "i7", 9);
  const { exposure } = report(models, catalogueOf(...ids), "row");
  // Three of 300: one seen ten times, two of the 299 seen once.
  expect(exposure.topPercentShare).toBe(0.038835);
  expect(exposure.coverage).toBe(1);
});

test("audiences have rates of their own, and both lists are judged on the same answers", () => {
  const models = new Models();
  const add = (audience: Audience, count: AudienceCount, delta: number, at = day) =>
    models.add({ model: "audiences", placement: "row", audience, count, day: at, delta });
  add("new", "shown", 10);
  add("new", "click", 1);
  add("heavy", "shown", 30);
  add("heavy", "click", 9);
  add("heavy", "neither", 1);
  add("heavy", "listed", 4);
  add("heavy", "popular", 2);
  add("heavy", "both", 3);
  add("heavy", "both", 90, day - 2);
  const { audiences } = report(models, Catalogue.empty, "row");
  expect(audiences.new).toMatchObject({ clickRate: 0.1, judged: 0, hitRate: null });
  expect(audiences.heavy).toMatchObject({ clickRate: 0.3, judged: 10, hitRate: 0.7 });
  expect(audiences.heavy.popularHitRate).toBe(0.5);
  expect(audiences.all).toMatchObject({ seen: 40, clicks: 10, clickRate: 0.25 });
});

test("the most popular items are those that there are", () => {
  const models = new Models();
  for (const [item, count] of Object.entries({ a: 9, b: 8, c: 8, d: 1 }))
    touch(models, item, count);
  for (let i = 0; i < 9; i++) touch(models, `e${i}`, 1);
  const list = new MostPopular(new Popular());
  const at = day * 86_400_000;
  const takedowns = { a: { reason: "gone", version: 1 } };
  const all = list.list(models, Catalogue.empty, undefined, at, 0);
  expect(all).toEqual(["a", "b", "c", "d", "e0", "e1", "e2", "e3", "e4", "e5"]);
  touch(models, "e8", 99);
  expect(list.list(models, Catalogue.empty, undefined, at + 59_999, 0)).toBe(all);
  expect(list.list(models, Catalogue.empty, undefined, at + 60_000, 0)[0]).toBe("e8");
  for (let i = 0; i < 100_001; i++) touch(models, `rare${i}`, 1);
  const hour = list.list(models, Catalogue.empty, undefined, at + 120_000, 0);
  expect(list.list(models, Catalogue.empty, undefined, at + 3_599_999, 0)).toBe(hour);
  expect(list.list(models, Catalogue.empty, undefined, at + 3_600_000, 0)).not.toBe(hour);
  // An erasure lets no list stand that knew the erased.
  touch(models, "e8", -99);
  expect(list.list(models, Catalogue.empty, undefined, at + 60_001, 1)[0]).toBe("a");
  expect(list.list(models, catalogueOf("a", "c", "d"), takedowns, at, 2)).toEqual(["c", "d"]);
});
