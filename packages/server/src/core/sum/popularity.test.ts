import fc from "fast-check";
import { expect, test } from "vitest";
import { decayTable } from "./decay.ts";
import { Items } from "./items.ts";
import { Popularity } from "./popularity.ts";

const clockHour = 24 * 20_000 + 7;

function summed(touches: readonly (readonly [string, number])[]) {
  const items = new Items();
  const popularity = new Popularity(items);
  popularity.advance(clockHour);
  for (const [item, ago] of touches) {
    popularity.add({
      model: "popularity",
      dimension: "all",
      item,
      hour: clockHour - ago,
      delta: 1,
    });
  }
  const rowOf = (item: string) => popularity.rowOf(items.find("all"), items.find(item));
  return { popularity, rowOf };
}

test("recent counts the hours asked for, the running one included, and days that overlap whole", () => {
  const { popularity, rowOf } = summed([
    ["a", 0],
    ["a", 1],
    ["a", 2],
    ["a", 71],
    ["a", 24 * 6],
    ["a", 24 * 8],
    ["b", 0],
  ]);
  const recent = (hours: number) => popularity.recent(rowOf("a"), clockHour, hours);
  expect([recent(1), recent(2), recent(3), recent(72), recent(168)]).toEqual([1, 2, 3, 4, 5]);
  expect(popularity.recent(rowOf("b"), clockHour, 168)).toBe(1);
  expect(rowOf("unheard of")).toBe(-1);
});

test("a decayed count falls as time goes by, and a newer touch weighs more", () => {
  const weights = decayTable(6, 4096);
  fc.assert(
    fc.property(fc.array(fc.nat(2_000), { minLength: 1 }), fc.nat(400), (agos, later) => {
      const { popularity, rowOf } = summed(agos.map((ago) => ["a", ago] as const));
      const at = (hour: number) => popularity.decayed(rowOf("a"), hour, weights);
      expect(at(clockHour + later)).toBeLessThanOrEqual(at(clockHour));
      expect(at(clockHour + later)).toBeGreaterThanOrEqual(agos.length);
    }),
    { numRuns: 50 },
  );
});

test("the decay table halves with each half-life and never reaches nothing", () => {
  const weights = decayTable(6, 4096);
  expect([0, 6, 12, 36].map((age) => weights[age])).toEqual([4096, 2048, 1024, 64]);
  expect([1, 2, 3].map((age) => weights[age])).toEqual([3649, 3250, 2896]);
  expect(weights.at(-1)).toBe(1);
});

test("changed rows are told since a revision, or that it is too long ago", () => {
  const { popularity, rowOf } = summed([["a", 0]]);
  const since = popularity.revision;
  const seen: number[] = [];
  expect(popularity.eachChanged(since, (row) => seen.push(row))).toBe(true);
  expect(seen).toEqual([]);
  const touch = {
    model: "popularity",
    dimension: "all",
    item: "b",
    hour: clockHour,
    delta: 1,
  } as const;
  popularity.add(touch);
  expect(popularity.eachChanged(since, (row) => seen.push(row))).toBe(true);
  expect(seen).toEqual([rowOf("b")]);
  for (let i = 0; i < 8192; i++) popularity.add(touch);
  expect(popularity.eachChanged(since, () => seen.push(-1))).toBe(false);
  expect(seen).toHaveLength(1);
});

test("with many rows more changes are remembered, and none is told that was forgotten before there was room", () => {
  const { popularity } = summed([["a", 0]]);
  const touched: string[] = [];
  const since: number[] = [];
  for (let n = 0; n < 40_000; n++) {
    const item = `item-${n}`;
    since.push(popularity.revision);
    popularity.add({ model: "popularity", dimension: "all", item, hour: clockHour, delta: 1 });
    touched.push(item);
  }
  // 40,001 rows make room for 16,384 changes; when it was made, at row 32,769, 8,192 were known.
  const told = (from: number): string[] | undefined => {
    const items: string[] = [];
    const visit = (row: number) => items.push(popularity.items.keys[popularity.itemOf(row)]!);
    return popularity.eachChanged(since[from]!, visit) ? items : undefined;
  };
  expect(told(40_000 - 12_000)).toEqual(touched.slice(40_000 - 12_000));
  expect(told(40_000 - 15_000)).toEqual(touched.slice(40_000 - 15_000));
  expect(told(40_000 - 16_000)).toBeUndefined();
});

test("a cell that comes and goes takes no more room, and still moves up once", () => {
  const { popularity, rowOf } = summed([["a", 0]]);
  const touch = { model: "popularity", dimension: "all", item: "b", delta: 1 } as const;
  const hour = clockHour - 1;
  for (let i = 0; i < 500; i++) {
    popularity.add({ ...touch, hour });
    popularity.subtract({ ...touch, hour });
  }
  const { bytes } = popularity;
  for (let i = 0; i < 5_000; i++) {
    popularity.add({ ...touch, hour });
    popularity.subtract({ ...touch, hour });
  }
  expect(popularity.bytes).toBeLessThan(bytes * 1.1);
  popularity.add({ ...touch, hour });
  popularity.advance(clockHour + 200);
  expect(popularity.size).toBe(2);
  expect(popularity.recent(rowOf("b"), clockHour, 24)).toBe(1);
});
