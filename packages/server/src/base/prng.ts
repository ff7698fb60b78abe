/**
 * Chance from a seed: xoshiro128** 1.1 of David Blackman and Sebastiano Vigna (public domain,
 * https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by SplitMix with the 32-bit finalizer of
 * MurmurHash3. The same seed gives the same numbers everywhere; it is no source of secrets.
 */
export class Prng {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = new Uint32Array(4);
    let x = seed | 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) | 0;
      this.#state[i] = finalize(x);
    }
  }

  /** A generator in a given state of four words, not all zero. */
  static from(state: ArrayLike<number>): Prng {
    const prng = new Prng(0);
    prng.#state.set(state);
    return prng;
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    const s = this.#state;
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** A whole number from 0 to `count` - 1; `count` is at most 2^32. */
  below(count: number): number {
    // 32 bits times count stays below 2^53 for the counts that are asked for; the bias is below 2^-20.
    return Math.floor((this.next() / 2 ** 32) * count);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One of the entries, each as often as its weight says. */
  weighted<T extends { weight: number }>(entries: readonly T[]): T {
    let left = this.next() / 2 ** 32;
    left *= entries.reduce((sum, { weight }) => sum + weight, 0);
    for (const entry of entries) {
      left -= entry.weight;
      if (left < 0) return entry;
    }
    return entries[entries.length - 1]!;
  }
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function finalize(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
