/**
 * Figures with their 95 % intervals as one SVG: a row each, a dot for the figure and a line for the interval. It
 * reads alone or inside a page, on light and dark, without colour (every row and dot is labelled in words).
 */
import { escaped } from "./markup.ts";
import type { Interval } from "./spread.ts";

export interface ChartRow {
  label: string;
  value: number;
  interval?: Interval | undefined;
  /** Drawn apart from the others: what the chart is about. */
  isMain?: boolean | undefined;
}

const width = 720;
const left = 250;
const right = 90;
const rowHeight = 34;
const top = 46;
const bottom = 34;
/** What fits across; the whole title is in the label that is read out. */
const titleUnitsMax = 84;

// Every rule is under the class, so that a page around it keeps its own style.
const style = `
  .attune-chart { background: #fff; }
  .attune-chart text { font: 13px system-ui, sans-serif; fill: #2b2b2b; }
  .attune-chart .title { font-size: 15px; font-weight: 600; }
  .attune-chart .mark { font-size: 12px; fill: #595959; }
  .attune-chart .grid { stroke: #dcdcdc; }
  .attune-chart .span { stroke: #6b6b6b; stroke-width: 2; }
  .attune-chart .dot { fill: #6b6b6b; }
  .attune-chart .main .span { stroke: #1f5fa8; stroke-width: 3; }
  .attune-chart .main .dot { fill: #1f5fa8; }
  @media (prefers-color-scheme: dark) {
    .attune-chart { background: #161616; }
    .attune-chart text { fill: #e4e4e4; }
    .attune-chart .mark { fill: #b0b0b0; }
    .attune-chart .grid { stroke: #454545; }
    .attune-chart .span { stroke: #ababab; }
    .attune-chart .dot { fill: #ababab; }
    .attune-chart .main .span { stroke: #7fb2ee; }
    .attune-chart .main .dot { fill: #7fb2ee; }
  }`;

export function chartOf(
  title: string,
  rows: readonly ChartRow[],
  inFigures: InFigures = figure,
): string {
  const height = top + rows.length * rowHeight + bottom;
  const highest = Math.max(0, ...rows.map(({ value, interval }) => interval?.[1] ?? value));
  const step = stepOf(highest);
  const end = Math.max(step, Math.ceil(highest / step - 1e-9) * step);
  const at = (value: number): number =>
    Math.round((left + (value / end) * (width - left - right)) * 10) / 10;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  const said = rows.map(
    ({ label, value, interval }) => `${label} ${inWords(value, interval, inFigures)}`,
  );
  return [
    `<svg class="attune-chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${title}. ${said.join("; ")}`, 2_000)}">`,
    `<style>${style}\n</style>`,
    `<text class="title" x="8" y="22">${escaped(title, titleUnitsMax)}</text>`,
    ...ticks.map((tick) => gridLine(at(tick), inFigures(tick), height)),
    ...rows.map((row, i) => rowOf(row, at, top + i * rowHeight + rowHeight / 2, inFigures)),
    `</svg>`,
  ].join("\n");
}

type InFigures = (value: number) => string;

/** 0.3412 (0.3301 to 0.3523) */
function inWords(value: number, interval: Interval | undefined, inFigures: InFigures): string {
  if (interval === undefined) return inFigures(value);
  return `${inFigures(value)} (${inFigures(interval[0])} to ${inFigures(interval[1])})`;
}

function figure(value: number): string {
  return value.toFixed(4);
}

/** The smallest of 1, 2 and 5 times a power of ten that makes at most five parts. */
function stepOf(highest: number): number {
  for (let power = 1e-4; power < 1e4; power *= 10) {
    for (const factor of [1, 2, 5]) if (highest / (factor * power) <= 5) return factor * power;
  }
  return 1e4;
}

function gridLine(x: number, text: string, height: number): string {
  const foot = height - bottom;
  return (
    `<line class="grid" x1="${x}" y1="${top}" x2="${x}" y2="${foot}"/>` +
    `<text class="mark" x="${x}" y="${foot + 18}" text-anchor="middle">${text}</text>`
  );
}

function rowOf(
  row: ChartRow,
  at: (value: number) => number,
  y: number,
  inFigures: InFigures,
): string {
  const { label, value, interval, isMain = false } = row;
  const span =
    interval === undefined
      ? ""
      : `<line class="span" x1="${at(interval[0])}" y1="${y}" x2="${at(interval[1])}" y2="${y}"/>`;
  return (
    `<g class="row${isMain ? " main" : ""}">` +
    `<text x="${left - 12}" y="${y + 4}" text-anchor="end">${escaped(label, 40)}</text>` +
    `${span}<circle class="dot" cx="${at(value)}" cy="${y}" r="${isMain ? 6 : 5}"/>` +
    `<text x="${width - right + 14}" y="${y + 4}">${inFigures(value)}</text></g>`
  );
}
