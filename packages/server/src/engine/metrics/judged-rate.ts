/** Over all tenants: what more answers than these come to in a second, these tell as well. */
const judgedPerSMax = 50;

/**
 * Which answers are judged beside the most popular items: settled by rate before their decisions are logged, as with
 * the rows of the ranker. What is not logged is not judged.
 */
export class JudgedRate {
  readonly #now: () => number;
  #second = 0;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether there is room for one more in this second, which is then taken. */
  take(): boolean {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    return this.#count++ < judgedPerSMax;
  }
}
