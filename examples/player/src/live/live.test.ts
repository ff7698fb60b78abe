import { describe, expect, test } from "vitest";
import type { LiveDiff, LiveItem, LiveList } from "@attune/protocol";
import { movedPlaces } from "../stopwatch.ts";
import { applied } from "./applied.ts";
import { countFrom, subjectOf } from "./shelves.ts";
import { nextTime } from "./slow-list.ts";
import { headline, whyOf } from "./words.ts";

const entry = (id: string, score: number): LiveItem => ({
  id,
  score,
  reasons: [
    { source: "neighbours", because: "x", share: score - 1 },
    { source: "popular", share: 1 },
  ],
});
const list: LiveList = {
  type: "recommendation.list",
  placement: "up-next",
  v: 3,
  decisionId: "d3",
  position: "e.3",
  personal: true,
  items: [entry("a", 30), entry("b", 20), entry("c", 10)],
};
const diff: LiveDiff = {
  type: "recommendation.changed",
  placement: "up-next",
  v: 4,
  from: 3,
  personal: true,
  decisionId: "d4",
  position: "e.4",
  order: ["d", "b", "a"],
  set: [entry("d", 40)],
  shares: { b: [25, 24, 1] },
};

describe("a diff", () => {
  test("leads to the new list: order, newcomers, and numbers that changed", () => {
    const next = applied(list, diff);
    expect(next?.items).toEqual([entry("d", 40), entry("b", 25), entry("a", 30)]);
    expect([next?.v, next?.decisionId]).toEqual([4, "d4"]);
  });
  test("for another list leads nowhere", () => {
    expect(applied({ ...list, v: 2 }, diff)).toBeUndefined();
  });
  test("that names what nobody sent leads nowhere", () => {
    expect(applied(list, { ...diff, order: ["e"] })).toBeUndefined();
  });
});

describe("reasons", () => {
  const titleOf = (id: string): string => `Title ${id}`;
  const item: LiveItem = {
    id: "a",
    score: 100,
    reasons: [
      { source: "neighbours", because: "x", share: 60 },
      { source: "neighbours", because: "y", share: 30 },
      { source: "popular", share: 20 },
      { source: "skip", because: "a", share: -10 },
    ],
  };
  test("are told whole: the percents sum to a hundred", () => {
    const whys = whyOf(item, titleOf);
    expect(whys.reduce((sum, { percent }) => sum + percent, 0)).toBe(100);
    expect(whys[0]?.text).toBe("In sessions that had “Title x”");
  });
  test("have a line of their own, which names two tracks, or the skip", () => {
    const { reasons } = item;
    const liked = whyOf({ ...item, reasons: reasons.slice(0, 3) }, titleOf);
    expect(headline(liked)).toBe("In sessions that had “Title x” and “Title y”");
    expect(headline(whyOf(item, titleOf))).toBe("Lowered: you skipped it");
  });
  test("of a source nobody has words for are told by its name", () => {
    const odd = { ...item, reasons: [{ source: "moon", because: "x", share: 100 }] };
    expect(headline(whyOf(odd, titleOf))).toBe("moon, through “Title x”");
  });
  test("with signs in a title do not garble the sentence", () => {
    const [why] = whyOf({ ...item, reasons: [item.reasons[0]!] }, () => "$& %");
    expect(why?.text).toBe("In sessions that had “$& %”");
  });
});

describe("a row", () => {
  const about = (id: string, source: string, because?: string): LiveItem => ({
    id,
    score: 1,
    reasons: [because === undefined ? { source, share: 1 } : { source, because, share: 1 }],
  });
  const items = [about("a", "similar", "x"), about("b", "content", "x"), about("c", "popular")];
  test("is about the track that most of its reasons name, or about nothing", () => {
    expect(subjectOf({ ...list, items })).toBe("x");
    expect(subjectOf({ ...list, items: items.slice(2) })).toBeUndefined();
  });
  test("counts what a source has a share in", () => {
    expect(countFrom(items, "similar")).toBe(1);
    expect(countFrom(items, "weekly")).toBe(0);
  });
});

describe("the timetables", () => {
  test("go by the minute, or to the next three in the morning", () => {
    expect(nextTime("minute", 1_000)).toBe(61_000);
    const at = (day: number, hour: number) => new Date(2026, 0, day, hour).getTime();
    expect(nextTime("nightly", at(5, 1))).toBe(at(5, 3));
    expect(nextTime("nightly", at(5, 3))).toBe(at(6, 3));
    expect(nextTime("nightly", at(5, 22))).toBe(at(6, 3));
  });
});

test("a place has moved when it holds another track", () => {
  expect(movedPlaces(["a", "b", "c"], ["a", "c", "b"], 3)).toBe(2);
  expect(movedPlaces(["a", "b"], ["a", "b", "c"], 2)).toBe(0);
});
