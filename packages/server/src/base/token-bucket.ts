export interface TokenBucketOptions {
  /** Tokens that come back in a second. */
  perS: number;
  /** Tokens of a full bucket. */
  burst: number;
  /** Ms; may be the wall clock or a virtual one, and need only not run backwards far. */
  now: () => number;
}

/** A rate with room for a burst, on a clock that is handed in. Full at first. */
export class TokenBucket {
  readonly #options: Readonly<TokenBucketOptions>;
  #tokens: number;
  #at: number;

  constructor(options: Readonly<TokenBucketOptions>) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.now();
  }

  /**
   * True when `count` may be taken now; nothing is taken. More than the burst passes a full bucket and leaves a debt:
   * refusing it for ever would lose it.
   */
  has(count: number): boolean {
    this.#refill();
    return this.#tokens >= Math.min(count, this.#options.burst);
  }

  /** Takes whatever `has` allowed. */
  spend(count: number): void {
    this.#refill();
    this.#tokens -= count;
  }

  /** Takes a whole one if there is one. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const { perS, burst, now } = this.#options;
    const at = now();
    const passedMs = Math.max(0, at - this.#at);
    this.#tokens = Math.min(burst, this.#tokens + (passedMs * perS) / 1_000);
    this.#at = at;
  }
}
