/**
 * `--save FILE`: a line for the run in a section between two marks, made where there is none. What stands outside
 * the marks is somebody's own words and stays to the byte; within them lines are added and none is taken away,
 * for a look at a data set is not undone by a second one.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { CodedError } from "@attune/protocol";
import type { Interval } from "../../eval/spread.ts";

export interface Run {
  /** The day, as 2026-11-27. */
  date: string;
  /** Of the files, what was learned and what was asked. */
  data: string;
  variant: string;
  /** Predictions, or users. */
  n: number;
  k: number;
  /** HR, MRR, ... -> the figure and its interval. */
  figures: Readonly<Record<string, Figure>>;
}

export interface Figure {
  value: number;
  interval?: Interval | undefined;
}

const begin = "<!-- saved runs: `attune eval --save` writes from here -->";
const end = "<!-- saved runs: to here -->";
const columns = ["HR", "MRR", "nDCG", "recall", "precision", "coverage"] as const;

const head = `## Saved runs

Written by \`attune eval --save\`, a line a run; 95 % intervals over sessions or users in brackets.

| date | data | variant | n | k | ${columns.join(" | ")} |
|${"---|".repeat(5 + columns.length)}`;

/** The page with the run in it; a line that stands there already is not said twice. */
export function withRun(page: string, run: Run, file: string): string {
  const line = lineOf(run);
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 && to < 0) {
    const gap = page === "" || page.endsWith("\n\n") ? "" : page.endsWith("\n") ? "\n" : "\n\n";
    return `${page}${gap}${begin}\n${head}\n${line}\n${end}\n`;
  }
  if (from < 0 || to < from) {
    const message = `${file} has one of the two marks of saved runs, or them in the wrong order: ${begin} and ${end}. Mend them.`;
    throw new CodedError("option_invalid", message);
  }
  if (page.slice(from, to).split("\n").includes(line)) return page;
  return `${page.slice(0, to)}${line}\n${page.slice(to)}`;
}

export function saveRun(file: string, run: Run): void {
  const page = withRun(existsSync(file) ? readFileSync(file, "utf8") : "", run, file);
  writeFileSync(`${file}.part`, page);
  renameSync(`${file}.part`, file);
}

function lineOf({ date, data, variant, n, k, figures }: Run): string {
  const cells = columns.map((name) => cellOf(figures[name]));
  return `| ${[date, safe(data), safe(variant), n, k, ...cells].join(" | ")} |`;
}

/** .6950 (.6521 to .7336) */
function cellOf(figure: Figure | undefined): string {
  if (figure === undefined) return "";
  const short = (value: number): string => value.toFixed(4).replace(/^0\./, ".");
  const { value, interval } = figure;
  if (interval === undefined) return short(value);
  return `${short(value)} (${short(interval[0])} to ${short(interval[1])})`;
}

/** A name of a file ends no cell, no line and no mark. */
function safe(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");
}
