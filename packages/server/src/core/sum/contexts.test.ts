import { expect, test } from "vitest";
import { timeSliceOf } from "../fold/contribution.ts";
import { Contexts } from "./contexts.ts";
import { Items } from "./items.ts";

const hourOf = (text: string): number => Date.parse(`${text}Z`) / 3_600_000;

test("hours fall into quarters of a weekday or of a day of the weekend, in UTC", () => {
  const slices = ["2026-11-27T05:00", "2026-11-27T06:00", "2026-11-28T06:00", "2026-11-29T23:00"];
  expect(slices.map((text) => timeSliceOf(hourOf(text)))).toEqual([0, 1, 5, 7]);
  expect(timeSliceOf(hourOf("2026-11-30T00:00"))).toBe(0);
  expect(timeSliceOf(0)).toBe(0); // a Thursday night
  const week = Array.from({ length: 168 }, (_, hour) => timeSliceOf(hour));
  const counts = Array.from({ length: 8 }, (_, at) => week.filter((slice) => slice === at).length);
  expect(counts).toEqual([30, 30, 30, 30, 12, 12, 12, 12]);
});

test("a touch by clocks of another zone counts in the part of the week that those say", () => {
  const sum = new Contexts(new Items());
  const touch = { model: "popularity", dimension: "all", item: "a", hour: 6, slice: 7 } as const;
  sum.add({ ...touch, delta: 1 });
  expect([sum.allInTime(timeSliceOf(6)), sum.allInTime(7)]).toEqual([0, 1]);
  sum.subtract({ ...touch, delta: 1 });
  expect([sum.size, sum.allTouches()]).toEqual([0, 0]);
});

test("touches are counted by item and time, and by circumstance whatever the item", () => {
  const items = new Items();
  const sum = new Contexts(items);
  const touch = (dimension: string, item: string, hour: number) =>
    sum.add({ model: "popularity", dimension, item, hour, delta: 1 });
  touch("all", "a", 6);
  touch("place:gym", "a", 6);
  touch("all", "a", 20);
  touch("all", "b", 7);
  touch("place:gym", "b", 7);
  const [a, b] = [items.find("a"), items.find("b")];
  expect([sum.inTime(a, 1), sum.inTime(a, 3), sum.inTime(b, 1), sum.inTime(b, 3)]).toEqual([
    1, 1, 1, 0,
  ]);
  expect([sum.touches(a), sum.allInTime(1), sum.allTouches()]).toEqual([2, 2, 3]);
  expect(sum.allIn(items.find("place:gym"))).toBe(2);
  expect(sum.allIn(a)).toBe(0);
});
