/**
 * The Mersenne Twister MT19937 of Makoto Matsumoto and Takuji Nishimura (1998), seeded by its plain integer
 * initialiser and read as doubles of 53 bits. It is here for one purpose: to split public data sets as those
 * who published figures on them did, row for row.
 */
const size = 624;
const shift = 397;

export class Mersenne {
  readonly #state = new Uint32Array(size);
  #at = size;

  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < size; i++) {
      const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = Math.imul(1_812_433_253, before) + i;
    }
  }

  /** The next double in [0, 1): 27 bits, then 26. */
  double(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  #next(): number {
    if (this.#at === size) this.#renew();
    let word = this.#state[this.#at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #renew(): void {
    const state = this.#state;
    for (let i = 0; i < size; i++) {
      const joined = (state[i]! & 0x80000000) | (state[(i + 1) % size]! & 0x7fffffff);
      const odd = (joined & 1) === 0 ? 0 : 0x9908b0df;
      state[i] = state[(i + shift) % size]! ^ (joined >>> 1) ^ odd;
    }
    this.#at = 0;
  }
}
