/** At most so many in a second of the clock: unlike a token bucket, never more in one, whatever the seconds before it left. */
export class SecondLimit {
  readonly #perSMax: number;
  /** Ms. */
  readonly #now: () => number;
  #second = 0;
  #count = 0;

  constructor(perSMax: number, now: () => number) {
    this.#perSMax = perSMax;
    this.#now = now;
  }

  /** Whether there is room for one more in this second, which is then taken. */
  take(): boolean {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#second) [this.#second, this.#count] = [second, 0];
    return this.#count++ < this.#perSMax;
  }
}
