/**
 * The erasure ledger: one line a forgotten subject, appended and fsynced before the log knows of it. It lies
 * beside the log and outlives a restore, so that a backup never brings back whom it had not yet forgotten. It
 * holds subjects (keyed hashes) and times, no ids.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { CodedError } from "@attune/protocol";

export interface Erasure {
  tenant: number;
  subject: string;
  /** Events up to this time are barred (ms). */
  at: number;
}

export function readErasures(path: string): Erasure[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  // What follows the last line break is a line that a crash cut short: it was never acknowledged.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as Erasure;
    } catch (cause) {
      const message = `Line ${i + 1} of the erasure ledger ${path} is damaged; restore the file.`;
      throw new CodedError("data_invalid", message, { cause });
    }
  });
}

export function appendErasures(path: string, erasures: readonly Erasure[]): void {
  const whole = readErasures(path);
  const text = erasures.map((erasure) => `${JSON.stringify(erasure)}\n`).join("");
  // A line cut short by a crash would run into the next one: the file is cut back to whole lines first.
  const kept = whole.map((erasure) => `${JSON.stringify(erasure)}\n`).join("");
  const isTorn = existsSync(path) && readFileSync(path, "utf8") !== kept;
  const file = openSync(path, isTorn ? "w" : "a", 0o600);
  try {
    writeSync(file, isTorn ? kept + text : text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
