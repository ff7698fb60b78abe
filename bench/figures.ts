/** What a measurement hands back, and the arithmetic that all of them share. */
import type { Sizes } from "./curves/axes.ts";
import type { Load } from "./generate.ts";

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** The bound that the project holds itself to, and the side on which the value must lie. */
  floor?: { side: "at least" | "at most"; value: number } | undefined;
}

/** Points of a line plot; both axes may be logarithmic. */
export interface Plot {
  /** The file beside the page is named after the page and this. */
  name: string;
  title: string;
  x: Axis;
  y: Axis;
  series: { name: string; points: (readonly [x: number, y: number])[] }[];
}

export interface Axis {
  label: string;
  scale: "linear" | "log";
  /** Marked values with their text. */
  ticks: (readonly [value: number, text: string])[];
}

export interface Measured {
  figures: Figure[];
  /** Facts of this run that the method names: sizes, counts, bytes. */
  notes: string[];
  plots?: Plot[] | undefined;
  tables?: Table[] | undefined;
}

/** What is no single figure: a value for each row and column. */
export interface Table {
  title: string;
  head: string[];
  rows: (string | number)[][];
}

export interface Measurement {
  name: string;
  title: string;
  /** How it is measured, in sentences for the page. */
  method: string;
  /** The prepared data directory it works on, if any: see prepare.ts. */
  needs?: "data" | "tail" | undefined;
  /** Run in so many processes, one after the other, and every figure is the median; 1 if absent, fewer for small loads. */
  processes?: number | undefined;
  /** Left out of a run that names no measurements, unless ATTUNE_LONG=1. */
  isLong?: boolean | undefined;
  run(setting: Setting): Promise<Measured>;
}

export interface Setting {
  load: Load;
  /** A temporary directory of its own. */
  dir: string;
  /** Copy of the prepared data directory, for measurements that need one. */
  data: string;
  /** Sizes of the curves that were asked for. */
  curves?: Sizes | undefined;
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Times in the order they were taken, in an array that grows by doubling. */
export class Times {
  #values = new Float64Array(1024);
  count = 0;

  add(value: number): void {
    if (this.count === this.#values.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.count++] = value;
  }

  sorted(): Float64Array {
    return this.#values.slice(0, this.count).sort();
  }
}

/** Full size for a load of a million; smaller loads take their share, but never less than `least`. */
export function scaled(full: number, load: Load, least: number): number {
  return Math.max(least, Math.round(full * Math.min(1, load.interactions / 1e6)));
}

/** A line on stderr: progress is no result. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Marks of a logarithmic axis: the powers of ten from one to the other. */
export function decades(from: number, to: number): Axis["ticks"] {
  const ticks: [number, string][] = [];
  for (let value = from; value <= to * 1.001; value *= 10) {
    ticks.push([value, Number(value.toPrecision(1)).toLocaleString("en")]);
  }
  return ticks;
}
