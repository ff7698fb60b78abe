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
import { type ShortList, ShortLists } from "./short-lists.ts";

/** Beyond so many times the limit a short list is cut to half the score of its last row that counts. */
const listedMax = 8;
/** Beyond so many times what a filter is asked about the list of its rows is begun anew. */
const offersListedMax = 4;

/** Once so many rows were put to a filter, no lower ones are. */
const offersAskedDefault = 50_000;

export class TopRows {
  readonly #values: RowValues;
  readonly #limit: number;
  readonly #offersAsked: number;
  readonly #found = new Scores();
  readonly #top = new Top();
  #rows = 0;
  /** All rows that may be among the best. */
  readonly #shorts = new ShortLists();
  /** Those that a filter may be asked about. */
  readonly #offers = new ShortLists();
  /** By dimension: rows below it were not among the best last time. A hint where to start, it never shows. */
  readonly #thresholds = new Map<number, number>();

  constructor(scoreOf: RowScore, limit: number, offersAsked = offersAskedDefault) {
    this.#values = new RowValues(scoreOf);
    this.#limit = limit;
    this.#offersAsked = offersAsked;
  }

  /**
   * Adds the best items of a dimension to `scores`, ties by the canonical order. With `isOffered` the best of
   * those that it lets in, as far down as `#offersAsked` of them go.
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
    this.#rows = popularity.rowCount;
    const changed = (row: number): void => {
      const [dimension, value] = [popularity.dimensionOf(row), this.#values.at(row)];
      this.#shorts.changed(dimension, row, value);
      this.#offers.changed(dimension, row, value);
    };
    if (this.#values.refresh(popularity, nowHour, changed)) return;
    this.#shorts.clear();
    this.#offers.clear();
  }

  /** Every row at or above a threshold that lets at least `limit` rows through, or all there are. */
  #collect(models: Models, dimension: number): void {
    const known = this.#shorts.of(dimension);
    if (known !== undefined) {
      this.#clear(models);
      this.#add(models, known.rows, known.floor, Infinity);
      if (this.#found.count >= this.#limit || known.floor <= 1) return;
    }
    let floor = Math.max(1, Math.floor((this.#thresholds.get(dimension) ?? 1) / 2));
    let rows = this.#rowsFrom(models, dimension, floor);
    while (rows.length < this.#limit && floor > 1) {
      floor = Math.max(1, Math.floor(floor / 4));
      rows = this.#rowsFrom(models, dimension, floor);
    }
    this.#shorts.keep(dimension, { floor, rows });
    this.#clear(models);
    this.#add(models, rows, floor, Infinity);
  }

  /** Lets go of rows below a floor where a short list has become a long one. */
  #cut(dimension: number, floor: number): void {
    const short = this.#shorts.of(dimension);
    if (short === undefined || short.rows.length <= listedMax * this.#limit) return;
    this.#shorts.cut(short, floor, (row) => this.#values.at(row));
  }

  /** Downward from the best row, a quarter of the score at a time: a filter is asked about few rows at once. */
  #collectOffered(models: Models, dimension: number, isOffered: (item: string) => boolean): void {
    this.#clear(models);
    const { list: known, best } = this.#offersOf(models, dimension);
    let list = known;
    let asked = 0;
    for (let end = best + 1; end > 1 && this.#found.count < this.#limit;) {
      const from = Math.max(1, Math.floor(end / 4));
      if (from < list.floor) {
        list = { floor: from, rows: this.#rowsFrom(models, dimension, from) };
        this.#offers.keep(dimension, list);
      }
      asked += this.#add(models, list.rows, from, end, isOffered);
      if (asked >= this.#offersAsked) return;
      end = from;
    }
  }

  /** A list that begins with the best row, which may have fallen since: kept from one filter to the next, until it is too long. */
  #offersOf(models: Models, dimension: number): { list: ShortList; best: number } {
    const known = this.#offers.of(dimension);
    if (known !== undefined && known.rows.length <= offersListedMax * this.#offersAsked) {
      const best = this.#bestOf(known.rows);
      if (best >= known.floor) return { list: known, best };
    }
    const best = this.#bestOf(this.#rowsFrom(models, dimension, 1));
    const list = {
      floor: Math.max(1, best),
      rows: this.#rowsFrom(models, dimension, Math.max(1, best)),
    };
    this.#offers.keep(dimension, list);
    return { list, best };
  }

  #bestOf(rows: readonly number[]): number {
    let best = 0;
    for (const row of rows) best = Math.max(best, this.#values.at(row));
    return best;
  }

  #clear({ items }: Models): void {
    this.#found.clear();
    this.#found.reserve(items.size);
  }

  /** All rows of a dimension with values from `floor` on: a look at every row there is. */
  #rowsFrom({ popularity }: Models, dimension: number, floor: number): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.#rows; row++) {
      if (this.#values.at(row) >= floor && popularity.dimensionOf(row) === dimension)
        rows.push(row);
    }
    return rows;
  }

  /** Takes those of the rows that have values from `from` to below `end`; returns how many there are. */
  #add(
    { items, popularity }: Models,
    rows: readonly number[],
    from: number,
    end: number,
    isOffered?: (item: string) => boolean,
  ): number {
    let count = 0;
    for (const row of rows) {
      const value = this.#values.at(row);
      if (value < from || value >= end) continue;
      const item = popularity.itemOf(row);
      count++;
      if (isOffered === undefined || isOffered(items.keys[item]!)) this.#found.add(item, value);
    }
    return count;
  }
}
