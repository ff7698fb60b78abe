import { expect, test } from "vitest";
import { StoredSubjects } from "./stored-subjects.ts";

/** One to one in 32 bits. */
function subjectOf(n: number): string {
  const print = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return print.toString(16).padStart(8, "0").padEnd(32, "0");
}

test("whoever was added is found, whatever their number, and a stranger is not", () => {
  const stored = new StoredSubjects();
  for (let n = 0; n < 5_000; n++) {
    expect(stored.has(subjectOf(2 * n))).toBe(false);
    stored.add(subjectOf(2 * n));
    stored.add(subjectOf(2 * n));
  }
  for (let n = 0; n < 5_000; n++) expect(stored.has(subjectOf(2 * n))).toBe(true);
});

test("a subject whose print is that of an empty slot is found all the same", () => {
  const stored = new StoredSubjects();
  expect(stored.has("0".repeat(32))).toBe(false);
  stored.add("0".repeat(32));
  expect(stored.has("0".repeat(32))).toBe(true);
});
