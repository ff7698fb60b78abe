import type { Decision, InteractionEvent, InteractionType } from "@attune/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decisionOf, headerOf, smallLimits } from "../../../test/laws/generate.ts";
import { apply, contributionsOf, type FoldRecord } from "./apply.ts";
import type { RankerCell } from "./contribution.ts";
import { slotText, slotsMax } from "./shown-rows.ts";
import { type FoldLimits, foldLimits, type UserState } from "./state.ts";

const start = 1_700_000_000_000;
const items = Array.from({ length: 16 }, (_, i) => `i${i}`);
/** Of item number `i`: features 1 + i and 40 + i. */
const bytesOf = (i: number): number[] => [i, 1 + i, 40 + i];
const textOf = (i: number): string => slotText(i, Uint8Array.from([1 + i, 40 + i]));

const features = { version: 1, slots: items.slice(0, slotsMax).map((_, i) => textOf(i)) };

function decided(more: Partial<Decision> = {}, number = 0): FoldRecord {
  const payload = { ...decisionOf("d:1", "home", items, start), features, ...more };
  return {
    header: headerOf({ kind: "decision", at: start, receivedAt: start }, number),
    payload,
  };
}

type Act = { type: "seen"; slots: number[] } | { type: InteractionType; item: string };

function acted(act: Act, number: number): FoldRecord {
  const payload: InteractionEvent = { strength: 0, decisionId: "d:1", ...act };
  const at = start + number;
  return { header: headerOf({ kind: "event", at, receivedAt: at }, number), payload };
}

/** Folds step by step; what the steps emitted, and the state. */
function folded(
  records: readonly FoldRecord[],
  limits: Readonly<FoldLimits> = foldLimits,
): { state: UserState; emitted: RankerCell[] } {
  let state: UserState | undefined;
  const emitted: RankerCell[] = [];
  for (const record of records) {
    const applied = apply(state, record, limits);
    if (applied.refold) throw new Error("what follows from a list changes no past");
    state = applied.state;
    for (const cell of applied.contributions) if (cell.model === "ranker") emitted.push(cell);
  }
  return { state: state!, emitted };
}

/** Cells by what they are, those that add up to nothing gone. */
function summed(cells: readonly RankerCell[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { delta, ...key } of cells) {
    const name = JSON.stringify(key);
    sums[name] = (sums[name] ?? 0) + delta;
    if (sums[name] === 0) delete sums[name];
  }
  return sums;
}

const rowsOf = (state: UserState): RankerCell[] =>
  contributionsOf(state, foldLimits).filter((cell) => cell.model === "ranker");

function told(acts: readonly Act[], more: Partial<Decision> = {}) {
  const records = [decided(more), ...acts.map((act, n) => acted(act, n + 1))];
  return rowsOf(folded(records).state).map(({ row, shown }) => ({
    head: shown!.head,
    count: shown!.count,
    slots: [...shown!.slots],
    row: [...row],
  }));
}

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    type: fc.constant("seen" as const),
    slots: fc.array(fc.nat(15), { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constantFrom<InteractionType>("play", "complete", "skip", "purchase", "dislike"),
    item: fc.constantFrom(...items),
  }),
);

test("in whatever order sights and outcomes come, the rows are the same, and what was emitted adds up to them", () => {
  let rows = 0;
  fc.assert(
    fc.property(fc.array(act, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (acts, keys) => {
      const turned = acts
        .map((one) => ({ one, key: keys.next().value! }))
        .sort((a, b) => a.key - b.key)
        .map(({ one }) => one);
      const [some, other] = [acts, turned].map((list) =>
        folded([decided(), ...list.map((one, n) => acted(one, n + 1))]),
      );
      const sums = summed(rowsOf(some!.state));
      expect(summed(some!.emitted)).toEqual(sums);
      expect(summed(other!.emitted)).toEqual(sums);
      rows += Object.keys(sums).length;
    }),
    { numRuns: 300 },
  );
  expect(rows).toBeGreaterThan(100);
});

test("what was looked at makes rows: first what came true, each with its slot; what nobody saw is in none", () => {
  const rows = told([
    { type: "seen", slots: [0, 1, 2, 5] },
    { type: "play", item: "i2" },
    { type: "play", item: "i7" },
    { type: "complete", item: "i7" },
    { type: "skip", item: "i2" },
    { type: "skip", item: "i5" },
  ]);
  const row = (slots: number[]) => [1, 2, ...slots.flatMap(bytesOf)];
  expect(rows).toEqual([
    { head: "take", count: 2, slots: [2, 7, 0, 1, 5], row: row([2, 7, 0, 1, 5]) },
    { head: "complete", count: 1, slots: [7, 2, 5], row: row([7, 2, 5]) },
    { head: "skip", count: 2, slots: [2, 5, 7], row: row([2, 5, 7]) },
  ]);
});

test("slots are those of the screen, and items that the answer did not speak of are in no row", () => {
  // The last two stand further down in the answer than features go.
  const shown = ["i3", "i15", "i0", "i14"];
  const acts: Act[] = [
    { type: "seen", slots: [0, 1, 2, 3] },
    { type: "play", item: "i0" },
  ];
  const [take] = told(acts, { shown });
  expect(take).toMatchObject({ head: "take", count: 1, slots: [2, 0] });
  expect(take!.row).toEqual([1, 2, ...bytesOf(0), ...bytesOf(3)]);
  const holes = { version: 1, slots: ["", textOf(1)] };
  expect(told([{ type: "seen", slots: [0, 1] }], { features: holes })).toEqual([
    { head: "take", count: 0, slots: [1], row: [1, 2, ...bytesOf(1)] },
  ]);
});

test("lists of which only takes are known do not teach that everything is taken", () => {
  expect(told([{ type: "play", item: "i3" }]).map(({ head }) => head)).toEqual([
    "complete",
    "skip",
  ]);
  expect(told([])).toEqual([]);
  const without = folded([
    decided({ features: undefined }),
    acted({ type: "seen", slots: [0, 1] }, 1),
  ]);
  expect(without.emitted).toEqual([]);
});

test("what changes no row emits none, and a list that is dropped takes its rows along", () => {
  const acts: Act[] = [
    { type: "seen", slots: [0, 1] },
    { type: "play", item: "i1" },
  ];
  const records = [decided(), ...acts.map((one, n) => acted(one, n + 1))];
  const before = folded(records).emitted.length;
  const again = [...records, acted(acts[0]!, 3), acted({ type: "purchase", item: "i1" }, 4)];
  expect(folded(again).emitted).toHaveLength(before);
  const lists = Array.from({ length: smallLimits.exposuresMax }, (_, n) =>
    decided({ id: `d:${n + 2}` }, n + 5),
  );
  const { state, emitted } = folded([...records, ...lists], smallLimits);
  expect(before).toBeGreaterThan(0);
  expect(state.exposures.some(({ decisionId }) => decisionId === "d:1")).toBe(false);
  expect(summed(emitted)).toEqual({});
});

test("features that no row could be made of fail before anything is changed", () => {
  const take = (slots: unknown, version: unknown = 1) => {
    const bad = { version, slots } as NonNullable<Decision["features"]>;
    return () => apply(undefined, decided({ features: bad }), foldLimits);
  };
  expect(take([textOf(1), "", textOf(2)])).not.toThrow();
  const slots: [string, unknown, RegExp][] = [
    ["not a list", "AB", /few slots/],
    ["too many", Array.from({ length: slotsMax + 1 }, () => "ABB"), /few slots/],
    ["no digits", ["A+B"], /digits/],
    ["another width", ["ABB", "ABBB"], /as many/],
    ["no feature", ["A"], /as many/],
    ["a feature twice", ["ABA"], /ascend/],
    ["beyond a byte", [`A${"_".repeat(5)}`], /a byte/],
  ];
  for (const [name, texts, fault] of slots) expect(take(texts), name).toThrow(fault);
  for (const version of [0, 256, 1.5, "1"]) expect(take(["ABB"], version)).toThrow(/version/);
  expect(() =>
    apply(undefined, decided({ slots: [], features: { version: 1, slots: ["ABB"] } }), foldLimits),
  ).toThrow(/those of slots/);
});
