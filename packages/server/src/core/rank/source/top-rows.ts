/**
 * The best rows of the popularity sum under some score of a row at an hour, kept from one answer to the next:
 * only rows that changed are scored again. A cache and nothing else: what it gives is the same as if every
 * row had been scored afresh.
 */
import type { Models } from "../../sum/models.ts";
import type { Popularity } from "../../sum/popularity.ts";
import { Scores } from "../scores.ts";
import { Top } from "../top.ts";

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
  /** Rows below it were not among the best last time: a hint where to start, it never shows. */
  #threshold = 1;

  constructor(scoreOf: RowScore, limit: number) {
    this.#scoreOf = scoreOf;
    this.#limit = limit;
  }

  /** Adds the best items of dimension "all" to `scores`, ties by the canonical order. */
  score(models: Models, nowHour: number, scores: Scores): void {
    const dimension = models.items.find("all");
    if (dimension < 0) return;
    this.#refresh(models.popularity, nowHour);
    this.#collect(models, dimension);
    this.#top.take(this.#found, models, this.#limit);
    for (let i = 0; i < this.#top.count; i++) {
      const item = this.#top.items[i]!;
      scores.add(item, this.#found.get(item));
    }
    if (this.#top.count === this.#limit) {
      this.#threshold = this.#found.get(this.#top.items[this.#limit - 1]!);
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
    for (;;) {
      this.#found.clear();
      this.#found.reserve(models.items.size);
      for (let row = 0; row < this.#rows; row++) {
        const value = this.#values[row]!;
        if (value < this.#threshold || models.popularity.dimensionOf(row) !== dimension) continue;
        this.#found.add(models.popularity.itemOf(row), value);
      }
      if (this.#found.count >= this.#limit || this.#threshold <= 1) return;
      this.#threshold = Math.max(1, Math.floor(this.#threshold / 4));
    }
  }
}
