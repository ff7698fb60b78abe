import type { Decision, InteractionEvent, InteractionType } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import { decisionOf, headerOf } from "../../../test/laws/generate.ts";
import { AssertionError } from "../../base/assert.ts";
import { apply, refold } from "./apply.ts";
import { encodeState } from "./codec.ts";
import { rewardSlice } from "./context.ts";
import type { Contribution } from "./contribution.ts";
import { contributionsOf } from "./contributions.ts";
import { type FoldLimits, type UserState, emptyState, foldLimits, never } from "./state.ts";
import { isShiftedAt } from "./flow.ts";
import type { FoldRecord } from "./fold-record.ts";

const noon = Date.UTC(2026, 5, 1, 12);
const minute = 60_000;
const strengths: Partial<Record<InteractionType, number>> = { like: 3, dislike: -4, skip: -2 };

function interaction(
  type: InteractionType,
  item: string | undefined,
  minutes: number,
  more: Partial<InteractionEvent> = {},
): FoldRecord {
  const at = noon + minutes * minute;
  const strength = strengths[type] ?? 1;
  return {
    header: headerOf({ kind: "event", at, receivedAt: at }, 0),
    payload: { type, item, strength, ...more },
  };
}

const view = (item: string, minutes: number) => interaction("view", item, minutes);

function decision(id: string, slots: string[], minutes: number): FoldRecord {
  const at = noon + minutes * minute;
  return {
    header: headerOf({ kind: "decision", at, receivedAt: at }, 0),
    payload: decisionOf(id, "home", slots, at),
  };
}

/** Folds records that never ask for a refold. */
function folded(records: FoldRecord[], others: Partial<FoldLimits> = {}): UserState {
  let state = emptyState(1, records[0]!.header.subject);
  for (const record of records) {
    const applied = apply(state, record, { ...foldLimits, ...others });
    if (applied.refold) throw new Error("asks for a refold");
    state = applied.state;
  }
  return state;
}

function cellsOf<M extends Contribution["model"]>(state: UserState, model: M) {
  return contributionsOf(state, foldLimits).filter(
    (cell): cell is Extract<Contribution, { model: M }> => cell.model === model,
  );
}

const lengths = (state: UserState) => [...state.sessions].map(({ items }) => items.length);
const keysOf = (state: UserState) => [...state.sessions].map(({ keyHi }) => keyHi);

describe("a session", () => {
  test("ends after more than the idle time, not at it", () => {
    expect(lengths(folded([view("a", 0), view("b", 30)]))).toEqual([2]);
    const late = view("b", 30);
    late.header.at++;
    expect(lengths(folded([view("a", 0), late]))).toEqual([1, 1]);
  });

  test("holds sessionEventsMax interactions, the next opens another of its own key", () => {
    const views = (count: number) => Array.from({ length: count }, () => view("a", 0));
    expect(lengths(folded(views(3), { sessionEventsMax: 3 }))).toEqual([3]);
    const state = folded(views(10), { sessionEventsMax: 3, contributionsMax: 5 });
    expect(lengths(state)).toEqual([3, 1]);
    const keys = keysOf(folded(views(10), { sessionEventsMax: 3 }));
    expect(new Set(keys).size).toBe(4);
    // The key counts sessions of one start, those dropped included.
    expect(keysOf(state)).toEqual(keys.slice(2));
  });

  test("spans at most sessionSpanMinutesMax minutes", () => {
    const views = [view("a", 0), view("b", 20), view("c", 40), view("d", 41)];
    expect(lengths(folded(views, { sessionSpanMinutesMax: 40 }))).toEqual([3, 1]);
    expect(lengths(folded(views, { sessionSpanMinutesMax: 41 }))).toEqual([4]);
  });

  test("is not made of skips, dislikes and searches", () => {
    const others = [
      interaction("skip", "b", 1),
      interaction("dislike", "c", 2),
      interaction("search", undefined, 3),
    ];
    const state = folded([view("a", 0), ...others]);
    expect(lengths(state)).toEqual([1]);
    expect(state.ring.items).toEqual(["a", "b", "c"]);
    expect(state.sequence).toBe(4);
  });
});

describe("the cap", () => {
  const views = [view("a", 0), view("b", 1), view("c", 60), view("d", 120)];

  test("drops nothing at contributionsMax, whole oldest sessions beyond", () => {
    expect(folded(views, { contributionsMax: 4 }).horizon).toBe(never);
    const state = folded(views, { contributionsMax: 3 });
    expect(lengths(state)).toEqual([1, 1]);
    expect(state.horizon).toBe(noon + minute);
  });

  test("makes late what came out of order at or before the horizon", () => {
    const limits = { ...foldLimits, contributionsMax: 3 };
    const state = folded(views, limits);
    const late = apply(state, view("z", 1), limits);
    expect(late).toMatchObject({ refold: false, late: true, contributions: [], effects: [] });
    expect(apply(state, view("z", 2), limits)).toEqual({ refold: true, effects: [] });
  });
});

test("popularity counts an item once a day, with what its first event stated", () => {
  const phone = { context: { device: "phone", region: "north" } };
  const state = folded([
    interaction("view", "a", 0, phone),
    interaction("view", "a", 61, { context: { device: "desktop" } }),
    interaction("view", "a", 24 * 60),
  ]);
  const hour = noon / 3_600_000;
  const cells = cellsOf(state, "popularity").map((cell) => [cell.dimension, cell.hour - hour]);
  expect(cells).toEqual([
    ["all", 0],
    ["device:phone", 0],
    ["region:north", 0],
    ["all", 24],
  ]);
});

describe("taste", () => {
  const taste = (state: UserState) => cellsOf(state, "cooccurrence").map(({ a, b }) => a + b);

  test("holds what reaches tasteScoreMin, less what is disliked until it is liked", () => {
    const records = [view("a", 0), interaction("like", "b", 1)];
    expect(taste(folded(records))).toEqual(["bb"]);
    records.push(view("a", 2));
    expect(taste(folded(records))).toEqual(["aa", "ab", "bb"]);
    records.push(interaction("dislike", "b", 3), view("b", 4), view("b", 5));
    expect(taste(folded(records))).toEqual(["aa"]);
    records.push(interaction("like", "b", 6), interaction("like", "b", 7));
    expect(taste(folded(records))).toEqual(["aa", "ab", "bb"]);
  });

  test("keeps the newest tasteItemsMax, of equal times the smaller names", () => {
    const likes = ["c", "a", "b"].map((item) => interaction("like", item, 0));
    expect(taste(folded(likes, { tasteItemsMax: 3 }))).toHaveLength(6);
    const state = folded(likes, { tasteItemsMax: 2 });
    expect([...state.reactions.items].sort()).toEqual(["a", "b"]);
  });

  test("a forgotten dislike does not bring the liking back", () => {
    const records = [
      interaction("like", "a", 0),
      interaction("dislike", "a", 1),
      interaction("dislike", "b", 2),
    ];
    const state = folded(records, { dislikesMax: 1 });
    expect([...state.dislikes.keys()]).toEqual(["b"]);
    expect(taste(state)).toEqual([]);
  });
});

describe("a decision", () => {
  const outcomes = (records: FoldRecord[]) =>
    folded(records).exposures.map((each) => each.outcomes);

  test("that nobody reported as seen rewards nothing", () => {
    const state = folded([decision("d:1", ["a", "b"], 0)]);
    expect(cellsOf(state, "rewards")).toEqual([]);
  });

  test("is answered once for each outcome, and an answered slot was shown", () => {
    const records = [
      decision("d:1", ["a", "b", "c"], 0),
      interaction("seen", undefined, 1, { decisionId: "d:1", slots: [0, 1, 7] }),
      view("c", 2),
      view("c", 3),
      interaction("skip", "b", 4),
    ];
    expect(outcomes(records)).toEqual([[1, 1 | 8, 1 | 2]]);
    const cells = cellsOf(folded(records), "rewards");
    expect(cells.map(({ item, outcome }) => `${item} ${outcome}`)).toEqual([
      "a shown",
      "b shown",
      "b skip",
      "c shown",
      "c click",
    ]);
  });

  test("counts in the slice of what its own request states, whatever the events say", () => {
    const asked = decision("d:1", ["a"], 0);
    const request = { placement: "home", limit: 1, now: noon, context: { device: "tablet" } };
    const records = [
      { ...asked, payload: { ...(asked.payload as Decision), request } },
      interaction("view", "a", 600, { decisionId: "d:1", context: { device: "phone" } }),
    ];
    const slice = rewardSlice({ device: "tablet" }, noon);
    expect(slice).not.toBe(rewardSlice({ device: "phone" }, noon + 600 * minute));
    const cells = cellsOf(folded(records), "rewards");
    expect(cells.map((cell) => [cell.outcome, cell.slice])).toEqual([
      ["shown", slice],
      ["click", slice],
    ]);
  });

  test("is answered within the idle time, or at any time by its id", () => {
    const first = decision("d:1", ["a"], 0);
    expect(outcomes([first, view("a", 30)])).toEqual([[3]]);
    expect(outcomes([first, view("a", 31)])).toEqual([[0]]);
    const named = (id: string) => interaction("view", "a", 31, { decisionId: id });
    expect(outcomes([first, named("d:1")])).toEqual([[3]]);
    expect(outcomes([first, named("d:9")])).toEqual([[0]]);
  });

  test("gives way to the newest one that holds the item", () => {
    const records = [
      decision("d:1", ["a"], 0),
      decision("d:2", ["a"], 1),
      decision("d:3", ["b"], 2),
    ];
    expect(outcomes([...records, view("a", 3)])).toEqual([[0], [3], [0]]);
    // Its answer is not held back by a decision whose clock runs ahead.
    expect(outcomes([...records, view("a", 0)])).toEqual([[3], [0], [0]]);
  });
});

test("a record that acceptance would not let through fails before anything is changed", () => {
  const state = folded([view("a", 0)]);
  const before = encodeState(state);
  const broken = [
    interaction("view", "\ud800", 1),
    interaction("view", "a", 1, { strength: 0.5 }),
    interaction("stare" as InteractionType, "a", 1),
    interaction("seen", undefined, 1, { slots: 3 as unknown as number[] }),
    view("a", 0.00001),
    view("a", -1e12),
  ];
  for (const record of broken) {
    expect(() => apply(state, record, foldLimits)).toThrow(AssertionError);
    expect(() => refold([record], foldLimits)).toThrow(AssertionError);
  }
  expect(encodeState(state)).toEqual(before);
});

describe("a refusal", () => {
  const consent = (merged: boolean): FoldRecord => ({
    header: headerOf({ kind: "event", at: noon, receivedAt: noon, merged }, 0),
    payload: { type: "consent", purpose: "personalization", choice: "denied" },
  });
  const granted: FoldRecord = {
    ...consent(false),
    payload: { type: "consent", purpose: "personalization", choice: "granted" },
  };
  const mergedView: FoldRecord = {
    ...view("b", 1),
    header: headerOf({ kind: "event", at: noon + minute, receivedAt: 0, merged: true }, 1),
  };
  const items = (records: FoldRecord[]) => refold(records, foldLimits)?.ring.items;

  test("takes back what came before it in the log, whatever its clock says", () => {
    expect(items([view("a", -5), view("b", 5), consent(false), view("c", -1)])).toEqual(["c"]);
  });

  test("asks for a refold only where something lived by the purpose", () => {
    const first = apply(undefined, consent(false), foldLimits);
    expect(first).toMatchObject({ refold: false, effects: [{ type: "consent.changed" }] });
    const state = folded([view("a", 0)]);
    const effects = [{ type: "consent.changed", choice: "denied" }];
    expect(apply(state, consent(false), foldLimits)).toMatchObject({ refold: true, effects });
  });

  test("that a merge brings takes all, but merged records alone from who has spoken", () => {
    expect(items([view("a", 0), mergedView, consent(true), view("c", 2)])).toEqual(["c"]);
    const spoken = [granted, view("a", 0), mergedView, consent(true), view("c", 2)];
    expect(items(spoken)).toEqual(["a", "c"]);
  });
});

describe("an answer is judged by what its reader takes next", () => {
  const judgedDecision = (id: string, placement: string, items: string[], at: number) => {
    const record = decision(id, items, at);
    const payload = { ...(record.payload as Decision), sequence: 250, popular: ["p", "x"] };
    payload.request = { ...payload.request, placement };
    return { ...record, payload };
  };
  const verdicts = (records: FoldRecord[]) =>
    contributionsOf(folded(records), foldLimits).flatMap((cell) =>
      cell.model === "audiences" && cell.audience === "heavy"
        ? [`${cell.placement} ${cell.count} ${cell.delta}`]
        : [],
    );

  test("in the list, among the most popular, both, neither; in each placement, once", () => {
    const asked = [
      judgedDecision("d:1", "up", ["a", "x"], 0),
      judgedDecision("d:2", "row", ["b"], 0),
    ];
    expect(verdicts([...asked, view("c", 1), view("a", 2)])).toEqual([
      "up shown 1",
      "up click 1",
      "up neither 1",
      "row neither 1",
    ]);
    expect(verdicts([...asked, view("p", 1)])).toEqual(["up popular 1", "row popular 1"]);
    expect(verdicts([...asked, view("x", 1)])).toContain("up both 1");
    expect(verdicts([...asked, view("b", 1)])).toContain("row listed 1");
  });

  test("a newer answer of the placement, a pause, and what takes nothing, judge nothing", () => {
    const first = judgedDecision("d:1", "up", ["a"], 0);
    const second = judgedDecision("d:2", "up", ["b"], 1);
    expect(verdicts([first, second, view("p", 2)])).toEqual(["up popular 1"]);
    expect(verdicts([first, view("p", 31)])).toEqual([]);
    expect(verdicts([first, interaction("skip", "p", 1), interaction("complete", "p", 2)])).toEqual(
      [],
    );
  });

  test("beyond the first ten of a list nothing is a hit", () => {
    const items = Array.from({ length: 12 }, (_, i) => `i${i}`);
    const asked = judgedDecision("d:1", "up", items, 0);
    expect(verdicts([asked, view("i9", 1)])).toContain("up listed 1");
    expect(verdicts([asked, view("i10", 1)])).toContain("up neither 1");
  });

  test("a record brings few cells for it: one for all slots seen, two and one a placement for a click", () => {
    const items = Array.from({ length: 10 }, (_, i) => `i${i}`);
    const state = folded([
      judgedDecision("d:1", "up", items, 0),
      judgedDecision("d:2", "row", ["z"], 0),
    ]);
    const cells = (record: FoldRecord): number => {
      const applied = apply(state, record, foldLimits);
      if (applied.refold) throw new Error("asks for a refold");
      return applied.contributions.filter(({ model }) => model === "audiences").length;
    };
    const slots = items.map((_, i) => i).slice(1);
    expect(cells(interaction("seen", undefined, 1, { decisionId: "d:1", slots }))).toBe(1);
    expect(cells(view("i0", 2))).toBe(2 + 2);
    expect(cells(view("i1", 3))).toBe(1);
    expect(cells(view("q", 4))).toBe(0);
  });
});

describe("a session that shifts", () => {
  const second = 1 / 60;
  const skip = (seconds: number) => interaction("skip", `s${seconds}`, seconds * second);
  const isShiftedFor = (records: FoldRecord[], minutes: number): boolean =>
    isShiftedAt(folded(records), noon + minutes * minute);
  const three = [skip(0), skip(50), skip(90)];

  test("shifts with three skips within 90 s, whatever comes between them, and with no fewer", () => {
    expect(isShiftedFor(three, 2)).toBe(true);
    expect(isShiftedFor([skip(0), skip(50), skip(91)], 2)).toBe(false);
    expect(isShiftedFor([skip(0), skip(50)], 1)).toBe(false);
    expect(isShiftedFor([skip(0), view("a", 0.5), skip(50), skip(90)], 2)).toBe(true);
    const dislike = interaction("dislike", "a", 1.5);
    expect(isShiftedFor([skip(0), skip(50), dislike], 2)).toBe(false);
  });

  test("stays so until nothing happens for the idle time, and begins anew after that", () => {
    const on = [...three, view("a", 31.5), view("b", 61.5)];
    expect(isShiftedFor(on, 91.5)).toBe(true);
    expect(isShiftedFor(on, 91.6)).toBe(false);
    expect(isShiftedFor([...on, view("c", 91.6)], 91.6)).toBe(false);
    // Two of another session and one of this are no three of this.
    expect(isShiftedFor([...on, ...[6_000, 6_010].map(skip)], 101)).toBe(false);
  });

  test("shifts by event times, however late its skips come", () => {
    const late = [three[0]!, three[2]!, view("a", 10), three[1]!];
    expect(isShiftedAt(refold(late, foldLimits)!, noon + 12 * minute)).toBe(true);
    expect(encodeState(refold(late, foldLimits)!)).toEqual(
      encodeState(folded([...three, view("a", 10)])),
    );
  });

  test("without a skip never shifts", () => {
    const kinds = ["view", "play", "complete", "like", "dislike", "add", "purchase"] as const;
    const records = kinds.map((kind, i) => interaction(kind, `i${i}`, i * second));
    expect(folded(records).shiftedUntil).toBe(0);
  });
});
