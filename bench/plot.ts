/** Line plots as SVG by hand: readable on light and dark pages, lines told apart by dashes as well as colour. */
import type { Axis, Plot } from "./figures.ts";

const width = 720;
const height = 400;
const margin = { left: 64, right: 44, top: 72, bottom: 52 };
const dashes = ["none", "8 4", "2 4", "10 4 2 4"];

const style = `
  text { font: 13px system-ui, sans-serif; fill: #3a3a3a; }
  .title { font-size: 15px; font-weight: 600; }
  .grid { stroke: #d9d9d9; }
  .line { fill: none; stroke-width: 2; }
  .s0 { stroke: #1f5fa8; } .s1 { stroke: #b3541e; } .s2 { stroke: #2f7d4f; } .s3 { stroke: #7a3f9d; }
  @media (prefers-color-scheme: dark) {
    text { fill: #d6d6d6; }
    .grid { stroke: #4a4a4a; }
    .s0 { stroke: #7fb2ee; } .s1 { stroke: #f0a06c; } .s2 { stroke: #7fcf9e; } .s3 { stroke: #c79be6; }
  }`;

export function svgOf({ title, x, y, series }: Plot): string {
  const visible = series.map(({ name, points }) => ({
    name,
    points: points.filter((point) => point.every((value) => Number.isFinite(value) && value > 0)),
  }));
  const all = visible.flatMap(({ points }) => points);
  const across = scaleOf(
    x,
    all.map(([value]) => value),
    margin.left,
    width - margin.right,
  );
  const up = scaleOf(
    y,
    all.map(([, value]) => value),
    height - margin.bottom,
    margin.top,
  );
  const parts = [
    `<text class="title" x="${margin.left}" y="24">${title}</text>`,
    ...across.ticks.map(([at, text]) => column(at, text)),
    ...up.ticks.map(([at, text]) => row(at, text)),
    `<text x="${(margin.left + width - margin.right) / 2}" y="${height - 10}" text-anchor="middle">${x.label}</text>`,
    `<text x="${margin.left - 8}" y="${margin.top - 12}" text-anchor="end">${y.label}</text>`,
    ...visible.map(({ name }, i) => legend(name, i)),
    ...visible.map(({ points }, i) =>
      line(
        points.map(([a, b]) => [across.at(a), up.at(b)]),
        i,
      ),
    ),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">\n` +
    `<style>${style}\n</style>\n${parts.join("\n")}\n</svg>\n`
  );
}

interface Scale {
  at: (value: number) => number;
  /** Marks that are shown, in pixels. */
  ticks: (readonly [at: number, text: string])[];
}

/** From the last mark at or below the values to the first at or above them. */
function scaleOf(
  { scale, ticks }: Axis,
  values: readonly number[],
  from: number,
  to: number,
): Scale {
  const bend = scale === "log" ? Math.log10 : (value: number) => value;
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const low = ticks.findLast(([value]) => value <= lowest)?.[0] ?? lowest;
  const high = ticks.find(([value]) => value >= highest)?.[0] ?? highest;
  const span = bend(high) - bend(low) || 1;
  const at = (value: number) => round(from + ((bend(value) - bend(low)) / span) * (to - from));
  const shown = ticks.filter(([value]) => value >= low && value <= high);
  return { at, ticks: shown.map(([value, text]) => [at(value), text] as const) };
}

function column(x: number, text: string): string {
  const bottom = height - margin.bottom;
  return (
    `<line class="grid" x1="${x}" y1="${margin.top}" x2="${x}" y2="${bottom}"/>` +
    `<text x="${x}" y="${bottom + 18}" text-anchor="middle">${text}</text>`
  );
}

function row(y: number, text: string): string {
  return (
    `<line class="grid" x1="${margin.left}" y1="${y}" x2="${width - margin.right}" y2="${y}"/>` +
    `<text x="${margin.left - 8}" y="${y + 4}" text-anchor="end">${text}</text>`
  );
}

function legend(name: string, i: number): string {
  const x = margin.left + i * 160;
  return (
    `<line class="line s${i}" stroke-dasharray="${dashes[i]}" x1="${x}" y1="44" x2="${x + 30}" y2="44"/>` +
    `<text x="${x + 36}" y="48">${name}</text>`
  );
}

function line(points: readonly (readonly number[])[], i: number): string {
  const path = points.map((point) => point.join(",")).join(" ");
  return `<polyline class="line s${i}" stroke-dasharray="${dashes[i]}" points="${path}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
