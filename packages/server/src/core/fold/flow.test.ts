import type { InteractionType } from "@attune/protocol";
import { expect, test } from "vitest";
import { type Contribution, situationsPerAction } from "./contribution.ts";
import { addFlow, enterRing, situationAt, streakAt } from "./flow.ts";
import type { Interaction } from "./columns/ring.ts";
import { emptyState, foldLimits, type UserState } from "./state.ts";

const whole = "4".repeat(32);
const minute = 60_000;

type Told = [item: string, type: InteractionType, at: number];

const interaction = ([item, type, at]: Told): Interaction => {
  return { item, type, strength: 1, permille: -1, at };
};

/** The state after what was told, and the sum of what every step of it emitted. */
function lived(told: readonly Told[], subject = whole): { state: UserState; cells: string[] } {
  const state = emptyState(1, subject);
  const sums = new Map<string, number>();
  for (const one of told) {
    const sink: Contribution[] = [];
    enterRing(state, interaction(one), foldLimits, sink);
    for (const { delta, ...key } of sink) {
      const name = JSON.stringify(key);
      sums.set(name, (sums.get(name) ?? 0) + delta);
    }
  }
  const cells = [...sums].filter(([, sum]) => sum !== 0).map(([name, sum]) => `${sum} ${name}`);
  return { state, cells: cells.sort() };
}

function cellsOf(state: UserState): string[] {
  const sink: Contribution[] = [];
  addFlow(state, foldLimits, sink);
  const sums = new Map<string, number>();
  for (const { delta, ...key } of sink) {
    const name = JSON.stringify(key);
    sums.set(name, (sums.get(name) ?? 0) + delta);
  }
  return [...sums].map(([name, sum]) => `${sum} ${name}`).sort();
}

const plays = (told: readonly Told[], subject = whole) =>
  lived(told, subject)
    .cells.filter((cell) => cell.includes('"skips"'))
    .map((cell) => JSON.parse(cell.slice(cell.indexOf("{"))) as object);

test("a play and its skip are one play, that was skipped, whatever else was done to the item meanwhile", () => {
  const told: Told[] = [
    ["a", "play", 0],
    ["a", "like", 1_000],
    ["a", "skip", 2_000],
    ["b", "play", 3_000],
    ["b", "complete", 4_000],
  ];
  expect(plays(told)).toEqual([
    { model: "skips", item: "a", streak: 0, isSkipped: true },
    { model: "skips", item: "b", streak: 6, isSkipped: false },
  ]);
  expect(streakAt(lived(told).state.ring, 5, foldLimits)).toBe(11);
});

test("views alone are no plays, and a pause begins another session and another streak", () => {
  expect(
    plays([
      ["a", "view", 0],
      ["b", "view", 1],
    ]),
  ).toEqual([]);
  const told: Told[] = [
    ["a", "skip", 0],
    ["b", "play", 30 * minute + 1],
    ["b", "skip", 60 * minute + 2],
  ];
  expect(plays(told)).toEqual([
    { model: "skips", item: "a", streak: 0, isSkipped: true },
    { model: "skips", item: "b", streak: 0, isSkipped: false },
    { model: "skips", item: "b", streak: 0, isSkipped: true },
  ]);
});

test("a situation tells action, skips, steps, pause and repeat apart", () => {
  const base: Told[] = [
    ["a", "view", 0],
    ["b", "view", minute],
  ];
  const situation = (told: readonly Told[]): number => {
    const { ring } = lived(told).state;
    return situationAt(ring, ring.length - 1, foldLimits);
  };
  const others: Told[][] = [
    [base[0]!, ["b", "play", minute]],
    [["a", "skip", 0], base[1]!],
    [["z", "view", -minute], ...base],
    [base[0]!, ["b", "view", 2 * minute + 1_000 * 60]],
    [base[0]!, ["a", "view", minute]],
    [base[1]!],
  ];
  const all = [base, ...others].map(situation);
  expect(new Set(all).size).toBe(all.length);
  expect(Math.floor(situation(base) / situationsPerAction)).toBe(1);
  expect(Math.floor(situation(others[0]!) / situationsPerAction)).toBe(2);
});

test("a ring that lets the oldest go counts what it still knows the past of", () => {
  const told = Array.from({ length: 200 }, (_, at): Told => {
    return [`i${at % 7}`, at % 3 === 0 ? "skip" : "play", at * minute];
  });
  for (const length of [1, 8, 62, 63, 64, 65, 66, 130, 200]) {
    const { state, cells } = lived(told.slice(0, length));
    expect(cells).toEqual(cellsOf(state));
    const steps = state.ring.length - (length >= 64 ? foldLimits.recentMax + 1 : 0);
    const counted = cells.filter((cell) => cell.includes('"flow"'));
    expect(counted.reduce((sum, cell) => sum + Number.parseInt(cell, 10), 0)).toBe(steps);
  }
});

test("one user in four is asked about steps, one in two about plays", () => {
  const told: Told[] = [["a", "play", 0]];
  const models = "0123456789abcdef".split("").map((digit) => {
    const { state, cells } = lived(told, "1".repeat(31) + digit);
    expect(cells).toEqual(cellsOf(state));
    return cells.map((cell) => (cell.includes('"flow"') ? "flow" : "skips"));
  });
  expect(models.filter((asked) => asked.includes("flow")).length).toBe(4);
  expect(models.filter((asked) => asked.includes("skips")).length).toBe(8);
});
