import { OldestFirst } from "../base/oldest-first.ts";

/**
 * Token buckets by name, in bounded memory, on a clock that is handed in. A bucket that nobody has used for
 * long is full again, so forgetting the least recently used ones forgives a little and holds nothing for ever.
 */
export interface BucketsOptions {
  /** Tokens that come back in a second. */
  perS: number;
  /** Tokens of a full bucket. */
  burst: number;
  /** Most buckets kept; beyond it the least recently used one goes. */
  bucketsMax: number;
  /** Ms; may be the wall clock or a virtual one, and need only not run backwards far. */
  now: () => number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export class Buckets {
  readonly #options: BucketsOptions;
  /** In order of last use. */
  readonly #buckets = new OldestFirst<string, Bucket>();

  constructor(options: BucketsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /**
   * True when `count` may be taken now; nothing is taken. One request larger than the burst passes a full
   * bucket and leaves a debt: refusing it for ever would lose it.
   */
  has(name: string, count: number): boolean {
    const { burst } = this.#options;
    return this.#tokens(name) >= Math.min(count, burst);
  }

  /** Takes whatever `has` allowed. */
  take(name: string, count: number): void {
    const tokens = this.#tokens(name) - count;
    this.#buckets.set(name, { tokens, at: this.#options.now() });
    if (this.#buckets.size > this.#options.bucketsMax) this.#buckets.dropOldest();
  }

  #tokens(name: string): number {
    const { perS, burst, now } = this.#options;
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return burst;
    const passedMs = Math.max(0, now() - bucket.at);
    return Math.min(burst, bucket.tokens + (passedMs * perS) / 1_000);
  }
}
