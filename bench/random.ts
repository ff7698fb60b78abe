/** Seeded chance for the generator: the same seed gives the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number of 32 bits. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return scatter(this.#state);
  }

  /** From 0 (included) to 1 (not included). */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  /**
   * A rank of 0..count-1 whose chance falls as (rank + 1)^-exponent: Zipf's law by inverting the integral of
   * its density, which needs no table however many ranks there are. The exponent is below 1.
   */
  zipf(count: number, exponent: number): number {
    const power = 1 - exponent;
    const top = (count + 1) ** power;
    return Math.min(count, Math.floor((1 + this.fraction() * (top - 1)) ** (1 / power))) - 1;
  }
}

/** Spreads a whole number over 32 bits, one to one. */
export function scatter(n: number): number {
  let x = n | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
