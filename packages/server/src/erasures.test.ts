import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendErasures, readErasures } from "./erasures.ts";
import { lockDirectory } from "./lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-ledger-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const one = { tenant: 1, subject: "a".repeat(32), at: 5 };
const two = { tenant: 1, subject: "b".repeat(32), at: 6 };

test("a line that a crash cut short was never acknowledged, and the next one stands whole", () => {
  const path = join(folder, "erasures.jsonl");
  expect(readErasures(path)).toEqual([]);
  appendErasures(path, [one]);
  appendFileSync(path, '{"tenant":1,"subj');
  expect(readErasures(path)).toEqual([one]);
  appendErasures(path, [two]);
  expect(readErasures(path)).toEqual([one, two]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a damaged whole line is told by its number, not skipped", () => {
  const path = join(folder, "erasures.jsonl");
  appendErasures(path, [one]);
  appendFileSync(path, "torn\n");
  expect(() => readErasures(path)).toThrow("Line 2 of the erasure ledger");
});

test("a data directory has one holder, and is free again when the holder lets go", () => {
  const lock = join(folder, "lock");
  const unlock = lockDirectory(lock, folder);
  expect(() => lockDirectory(lock, folder)).toThrow("Another process has");
  unlock();
  lockDirectory(lock, folder)();
});
