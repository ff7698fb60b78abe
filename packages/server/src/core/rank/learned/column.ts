import { candidatesMax } from "./trail.ts";

/**
 * One score of all candidates and their ranks under it: the greater first, equals in the order of the
 * candidates, which is canonical. Scores are whole numbers below 2^45.
 */
export class Column {
  readonly values = new Float64Array(candidatesMax);
  /** From 1; 0 is a score of 0. */
  readonly ranks = new Uint8Array(candidatesMax);
  best = 0;
  readonly #keys = new Float64Array(candidatesMax);

  rank(count: number): void {
    const keys = this.#keys.subarray(0, count);
    // Score and place in one number, so that the sort is native and total.
    for (let i = 0; i < count; i++) keys[i] = this.values[i]! * 256 + (255 - i);
    keys.sort();
    this.best = count === 0 ? 0 : Math.floor(keys[count - 1]! / 256);
    for (let rank = 1; rank <= count; rank++) {
      const key = keys[count - rank]!;
      const value = Math.floor(key / 256);
      this.ranks[255 - (key - value * 256)] = value > 0 ? rank : 0;
    }
  }
}
