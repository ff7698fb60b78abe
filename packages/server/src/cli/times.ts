/** The time that a command asks about, and times for people to read. */
import type { Attune } from "../main.ts";
import { timeOf } from "../ingest/dialect/fields.ts";
import { type Given, type Options, usage } from "./command.ts";

export const hourMs = 3_600_000;

export const timeOptions = {
  at: { value: "TIME", help: "the time to ask about: an ISO time, `now`, or `data` (the default)" },
} as const satisfies Options;

/**
 * By default the end of the hour that the log's clock stands at. Windows move on the clock records alone, so
 * after an import of last year's data "now" would ask about a year in which nothing happened.
 */
export function timeGiven(command: string, given: Given, attune: Attune): number {
  const text = given.text("at") ?? "data";
  if (text === "now") return Date.now();
  if (text === "data") {
    const { clockHour } = attune.engine;
    return clockHour === 0 ? Date.now() : Math.min((clockHour + 1) * hourMs - 1, Date.now());
  }
  const at = timeOf(text);
  if (at === undefined) throw usage(command, `--at ${text} is no time; write 2026-11-22T10:00:00Z`);
  return at;
}

/** 2026-11-22 10:00:00, in UTC. */
export function isoTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}
