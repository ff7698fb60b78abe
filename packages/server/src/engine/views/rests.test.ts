import { expect, test } from "vitest";
import { type Machine, Rests } from "./rests.ts";

function stage(cores: number) {
  const at = { now: 0, others: 0 };
  const machine: Machine = { cores, othersMs: () => at.others, nowMs: () => at.now };
  /** Half a second later, in which the other threads took so much. */
  const pass = (othersMs: number) => {
    at.now += 500;
    at.others += othersMs;
  };
  return { machine, pass };
}

test("rests are those of its part of a core while others are busy, and three steps long while they are not", () => {
  const { machine, pass } = stage(2);
  const rests = new Rests(50, machine);
  expect(rests.after(2)).toBe(38);
  pass(249);
  expect(rests.after(2)).toBe(6);
  pass(250);
  expect(rests.after(2)).toBe(38);
  // What was seen holds for half a second.
  expect(rests.after(4)).toBe(76);
  pass(0);
  expect(rests.after(4)).toBe(12);
});

test("who gives it more than a quarter of a core gets no more than that while it runs", () => {
  const { machine, pass } = stage(64);
  for (const permille of [250, 600, 1_000]) {
    const rests = new Rests(permille, machine);
    expect(rests.after(1)).toBe(3);
    pass(64 * 500);
    expect(rests.after(1)).toBe(3);
  }
});

test("without one it looks at the machine it runs on: the rests are one or the other", () => {
  const rests = new Rests(100);
  expect([27, 9]).toContain(rests.after(3));
});
