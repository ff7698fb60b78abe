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
    // Score and place in one number, so that the sort is native and total. What has no score has no rank.
    let scored = 0;
    for (let i = 0; i < count; i++) {
      const value = this.values[i]!;
      this.ranks[i] = 0;
      if (value > 0) this.#keys[scored++] = value * 256 + (255 - i);
    }
    const keys = sorted(this.#keys, scored);
    this.best = scored === 0 ? 0 : Math.floor(keys[scored - 1]! / 256);
    for (let rank = 1; rank <= scored; rank++) {
      const key = keys[scored - rank]!;
      this.ranks[255 - (key - Math.floor(key / 256) * 256)] = rank;
    }
  }

  /** The same for scores that stand in their order already. */
  rankInOrder(count: number): void {
    this.best = count === 0 ? 0 : this.values[0]!;
    for (let i = 0; i < count; i++) this.ranks[i] = this.values[i]! > 0 ? i + 1 : 0;
  }
}

/** Below so many a loop beats the call. */
const insertionMax = 24;

function sorted(keys: Float64Array, count: number): Float64Array {
  if (count > insertionMax) {
    keys.subarray(0, count).sort();
    return keys;
  }
  for (let i = 1; i < count; i++) {
    const key = keys[i]!;
    let at = i;
    for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}
