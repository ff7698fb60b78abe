import type { Popularity } from "../../sum/popularity.ts";

export type RowScore = (popularity: Popularity, row: number, nowHour: number) => number;

/** Rows looked at for the hour to come, each time somebody asks: some 100 us of a large sum. */
const aheadPerAsk = 512;

/**
 * The score of every row of the popularity sum at an hour: only rows that changed are scored again. All of them change
 * with the hour, and with a million items to look at each takes a second: so the next hour's are made little by little
 * before it comes.
 */
export class RowValues {
  readonly #scoreOf: RowScore;
  #popularity: Popularity | undefined;
  #hour = -1;
  #revision = 0;
  #values = new Float64Array(1024);
  /** The same an hour later, of the first `#aheadCount` rows. */
  #ahead = new Float64Array(1024);
  #aheadCount = 0;

  constructor(scoreOf: RowScore) {
    this.#scoreOf = scoreOf;
  }

  /** As of the last `refresh`. */
  at(row: number): number {
    return this.#values[row]!;
  }

  /**
   * Brings the values up to an hour and calls `changed` with the rows that may be others (some twice); false where any
   * may be.
   */
  refresh(popularity: Popularity, hour: number, changed: (row: number) => void): boolean {
    this.#grow(popularity.rowCount);
    const isKnown =
      popularity === this.#popularity &&
      popularity.eachChanged(this.#revision, (row) => this.#rescore(popularity, row));
    if (!isKnown) this.#start(popularity, hour);
    else if (hour !== this.#hour) this.#turn(popularity, hour);
    else popularity.eachChanged(this.#revision, changed);
    const isSame = isKnown && hour === this.#hour;
    this.#popularity = popularity;
    this.#hour = hour;
    this.#revision = popularity.revision;
    this.#lookAhead(popularity);
    return isSame;
  }

  #rescore(popularity: Popularity, row: number): void {
    this.#values[row] = this.#scoreOf(popularity, row, this.#hour);
    if (row < this.#aheadCount) this.#ahead[row] = this.#scoreOf(popularity, row, this.#hour + 1);
  }

  #start(popularity: Popularity, hour: number): void {
    for (let row = 0; row < popularity.rowCount; row++)
      this.#values[row] = this.#scoreOf(popularity, row, hour);
    this.#aheadCount = 0;
  }

  #turn(popularity: Popularity, hour: number): void {
    if (hour !== this.#hour + 1) return this.#start(popularity, hour);
    [this.#values, this.#ahead] = [this.#ahead, this.#values];
    for (let row = this.#aheadCount; row < popularity.rowCount; row++)
      this.#values[row] = this.#scoreOf(popularity, row, hour);
    this.#aheadCount = 0;
  }

  #lookAhead(popularity: Popularity): void {
    const end = Math.min(popularity.rowCount, this.#aheadCount + aheadPerAsk);
    for (let row = this.#aheadCount; row < end; row++)
      this.#ahead[row] = this.#scoreOf(popularity, row, this.#hour + 1);
    this.#aheadCount = end;
  }

  #grow(rows: number): void {
    if (rows <= this.#values.length) return;
    const length = Math.max(rows, this.#values.length * 2);
    const [values, ahead] = [new Float64Array(length), new Float64Array(length)];
    values.set(this.#values);
    ahead.set(this.#ahead);
    [this.#values, this.#ahead] = [values, ahead];
  }
}
