/**
 * The best rows of the popularity sum under some score of a row at an hour, kept from one answer to the next:
 * only rows that changed are scored again. A cache and nothing else: what it gives is the same as if every
 * row had been scored afresh.
 */
import type { Models } from "../../sum/models.ts";
import type { Popularity } from "../../sum/popularity.ts";
import { Scores } from "../scores.ts";
import { Top } from "../top.ts";

/** Once so many rows were put to a filter, no lower ones are. */
const offersAsked = 50_000;

export type RowScore = (popularity: Popularity, row: number, nowHour: number) => number;

export class TopRows {
  readonly #scoreOf: RowScore;
  readonly #limit: number;
  readonly #found = new Scores();
  readonly #top = new Top();
  #values = new Float64Array(1024);
  #popularity: Popularity | undefined;
  #nowHour = -1;
  #revision = 0;
  #rows = 0;
  /** By dimension: rows below it were not among the best last time. A hint where to start, it never shows. */
  readonly #thresholds = new Map<number, number>();

  constructor(scoreOf: RowScore, limit: number) {
    this.#scoreOf = scoreOf;
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
      this.#thresholds.set(dimension, this.#found.get(this.#top.items[this.#limit - 1]!));
    }
  }

  #refresh(popularity: Popularity, nowHour: number): void {
    const rows = popularity.rowCount;
    if (rows > this.#values.length) {
      const grown = new Float64Array(Math.max(rows, this.#values.length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
    const score = (row: number): void => {
      this.#values[row] = this.#scoreOf(popularity, row, nowHour);
    };
    const isSame = popularity === this.#popularity && nowHour === this.#nowHour;
    if (!isSame || !popularity.eachChanged(this.#revision, score)) {
      for (let row = 0; row < rows; row++) score(row);
    }
    this.#popularity = popularity;
    this.#nowHour = nowHour;
    this.#revision = popularity.revision;
    this.#rows = rows;
  }

  /** Every row at or above a threshold that lets at least `limit` rows through, or all there are. */
  #collect(models: Models, dimension: number): void {
    let threshold = this.#thresholds.get(dimension) ?? 1;
    for (;;) {
      this.#clear(models);
      this.#take(models, dimension, threshold, Infinity);
      if (this.#found.count >= this.#limit || threshold <= 1) return;
      threshold = Math.max(1, Math.floor(threshold / 4));
    }
  }

  /** Downward from the best row, a quarter of the score at a time: a filter is asked about few rows at once. */
  #collectOffered(models: Models, dimension: number, isOffered: (item: string) => boolean): void {
    const { keys } = models.items;
    let best = 0;
    for (let row = 0; row < this.#rows; row++) {
      if (models.popularity.dimensionOf(row) === dimension)
        best = Math.max(best, this.#values[row]!);
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
    isWanted?: (item: number) => boolean,
  ): number {
    let count = 0;
    for (let row = 0; row < this.#rows; row++) {
      const value = this.#values[row]!;
      if (value < from || value >= end || popularity.dimensionOf(row) !== dimension) continue;
      const item = popularity.itemOf(row);
      count++;
      if (isWanted === undefined || isWanted(item)) this.#found.add(item, value);
    }
    return count;
  }
}
