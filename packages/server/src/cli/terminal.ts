/**
 * Words on a terminal: colours only where somebody sees them, tables, and text from strangers made harmless.
 */
import { stripVTControlCharacters } from "node:util";

/** Colours when the stream is a terminal, unless NO_COLOR says otherwise. */
function hasColours(stream: { isTTY?: boolean | undefined }): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Paint = (style: keyof typeof codes, text: string) => string;

export function painter(stream: { isTTY?: boolean | undefined }): Paint {
  if (!hasColours(stream)) return (_style, text) => text;
  return (style, text) => `\u001B[${codes[style]}m${text}\u001B[0m`;
}

/** Text from outside, in one line and without control characters: an id must not steer the terminal. */
export function shown(text: string, unitsMax = 60): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, "\uFFFD");
  return clean.length > unitsMax ? `${clean.slice(0, unitsMax - 1).toWellFormed()}…` : clean;
}

/** Columns that line up; numbers stand right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const length = (text: string): number => stripVTControlCharacters(text).length;
  const widths = head.map((_, i) => Math.max(...cells.map((row) => length(row[i] ?? ""))));
  const isNumber = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"),
  );
  return cells
    .map((row) =>
      row
        .map((cell, i) => {
          const gap = " ".repeat(widths[i]! - length(cell));
          return isNumber[i] ? gap + cell : cell + gap;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 1)}\n`);
}

/** Progress and remarks: never on standard output, which belongs to the result. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** 12,345 whatever the locale of the machine. */
export function grouped(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** 1 user, 12,345 users. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 850 ms, 12.3 s, 4:05. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)}:${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, "0")}`;
}
