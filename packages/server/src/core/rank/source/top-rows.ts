/**
 * The best rows of the popularity sum under some score of a row at an hour, kept from one answer to the next:
 * only rows that changed are scored again. A cache and nothing else: what it gives is the same as if every
 * row had been scored afresh.
 */
import type { Models } from "../../sum/models.ts";
import type { Popularity } from "../../sum/popularity.ts";
import { Scores } from "../scores.ts";
import { Top } from "../top.ts";
import { type RowScore, RowValues } from "./row-values.ts";

/** Beyond so many times the limit a short list is cut to half the score of its last row that counts. */
const listedMax = 8;

/** Rows of one dimension at or above a score, and some that have fallen below it since. */
interface Short {
  floor: number;
  rows: number[];
}

/** Once so many rows were put to a filter, no lower ones are. */
const offersAsked = 50_000;

export class TopRows {
  readonly #values: RowValues;
  readonly #limit: number;
  readonly #found = new Scores();
  readonly #top = new Top();
  #rows = 0;
  /** By dimension: all rows that may be among the best. Rows are as many as items, and looked through once. */
  readonly #shorts = new Map<number, Short>();
  /** By row: 1 if it stands in the short list of its dimension. */
  #isShort = new Uint8Array(1024);
  /** By dimension: rows below it were not among the best last time. A hint where to start, it never shows. */
  readonly #thresholds = new Map<number, number>();

  constructor(scoreOf: RowScore, limit: number) {
    this.#values = new RowValues(scoreOf);
    this.#limit = limit;
  }

  /**
   * Adds the best items of a dimension to `scores`, ties by the canonical order. With `isOffered` the best of
   * those that it lets in, as far down as `offersAsked` of them go.
   */
  score(
    models: Models,
    nowHour: number,
    scores: Scores,
    dimensionKey = "all",
    isOffered?: ((item: string) => boolean) | undefined,
  ): void {
    const dimension = models.items.find(dimensionKey);
    if (dimension < 0) return;
    this.#refresh(models.popularity, nowHour);
    if (isOffered === undefined) this.#collect(models, dimension);
    else this.#collectOffered(models, dimension, isOffered);
    this.#top.take(this.#found, models, this.#limit);
    for (let i = 0; i < this.#top.count; i++) {
      const item = this.#top.items[i]!;
      scores.add(item, this.#found.get(item));
    }
    if (isOffered === undefined && this.#top.count === this.#limit) {
      const last = this.#found.get(this.#top.items[this.#limit - 1]!);
      this.#thresholds.set(dimension, last);
      this.#cut(dimension, Math.max(1, Math.floor(last / 2)));
    }
  }

  #refresh(popularity: Popularity, nowHour: number): void {
    const rows = popularity.rowCount;
    if (rows > this.#isShort.length) {
      const isShort = new Uint8Array(Math.max(rows, this.#isShort.length * 2));
      isShort.set(this.#isShort);
      this.#isShort = isShort;
    }
    this.#rows = rows;
    const changed = (row: number): void => {
      const short = this.#shorts.get(popularity.dimensionOf(row));
      if (short === undefined || this.#isShort[row] === 1) return;
      if (this.#values.at(row) >= short.floor) this.#enter(short, row);
    };
    if (this.#values.refresh(popularity, nowHour, changed)) return;
    this.#shorts.clear();
    this.#isShort.fill(0);
  }

  #enter(short: Short, row: number): void {
    this.#isShort[row] = 1;
    short.rows.push(row);
  }

  /** Every row at or above a threshold that lets at least `limit` rows through, or all there are. */
  #collect(models: Models, dimension: number): void {
    const known = this.#shorts.get(dimension);
    if (known !== undefined) {
      this.#clear(models);
      for (const row of known.rows) {
        const value = this.#values.at(row);
        if (value >= known.floor) this.#found.add(models.popularity.itemOf(row), value);
      }
      if (this.#found.count >= this.#limit || known.floor <= 1) return;
      for (const row of known.rows) this.#isShort[row] = 0;
    }
    const short: Short = { floor: 0, rows: [] };
    let threshold = Math.max(1, Math.floor((this.#thresholds.get(dimension) ?? 1) / 2));
    for (;;) {
      this.#clear(models);
      short.rows.length = 0;
      this.#take(models, dimension, threshold, Infinity, (_item, row) => {
        short.rows.push(row);
        return true;
      });
      if (this.#found.count >= this.#limit || threshold <= 1) break;
      threshold = Math.max(1, Math.floor(threshold / 4));
    }
    short.floor = threshold;
    for (const row of short.rows) this.#isShort[row] = 1;
    this.#shorts.set(dimension, short);
  }

  /** Lets go of rows below a floor where a short list has become a long one. */
  #cut(dimension: number, floor: number): void {
    const short = this.#shorts.get(dimension);
    if (short === undefined || short.rows.length <= listedMax * this.#limit) return;
    short.floor = Math.max(short.floor, floor);
    const kept: number[] = [];
    for (const row of short.rows) {
      if (this.#values.at(row) >= short.floor) kept.push(row);
      else this.#isShort[row] = 0;
    }
    short.rows = kept;
  }

  /** Downward from the best row, a quarter of the score at a time: a filter is asked about few rows at once. */
  #collectOffered(models: Models, dimension: number, isOffered: (item: string) => boolean): void {
    const { keys } = models.items;
    let best = 0;
    for (let row = 0; row < this.#rows; row++) {
      if (models.popularity.dimensionOf(row) === dimension)
        best = Math.max(best, this.#values.at(row));
    }
    this.#clear(models);
    let asked = 0;
    for (let end = best + 1; end > 1 && this.#found.count < this.#limit;) {
      const from = Math.max(1, Math.floor(end / 4));
      asked += this.#take(models, dimension, from, end, (item) => isOffered(keys[item]!));
      if (asked >= offersAsked) return;
      end = from;
    }
  }

  #clear({ items }: Models): void {
    this.#found.clear();
    this.#found.reserve(items.size);
  }

  /** Takes the rows with values from `from` to below `end`; returns how many there are. */
  #take(
    { popularity }: Models,
    dimension: number,
    from: number,
    end: number,
    isWanted?: (item: number, row: number) => boolean,
  ): number {
    let count = 0;
    for (let row = 0; row < this.#rows; row++) {
      const value = this.#values.at(row);
      if (value < from || value >= end || popularity.dimensionOf(row) !== dimension) continue;
      const item = popularity.itemOf(row);
      count++;
      if (isWanted === undefined || isWanted(item, row)) this.#found.add(item, value);
    }
    return count;
  }
}
