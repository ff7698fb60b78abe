import { OldestFirst } from "../base/oldest-first.ts";
import { TokenBucket, type TokenBucketOptions } from "../base/token-bucket.ts";

export interface BucketsOptions extends TokenBucketOptions {
  /** Most buckets kept; beyond it the least recently used one goes. */
  bucketsMax: number;
}

/**
 * Token buckets by name, in bounded memory. A bucket that nobody has used for long is full again, so forgetting
 * the least recently used ones forgives a little and holds nothing for ever.
 */
export class Buckets {
  readonly #options: BucketsOptions;
  /** In order of last use. */
  readonly #buckets = new OldestFirst<string, TokenBucket>();

  constructor(options: BucketsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** True when `count` may be taken now; nothing is taken. A bucket nobody knows is full. */
  has(name: string, count: number): boolean {
    return this.#buckets.get(name)?.has(count) ?? true;
  }

  /** Takes whatever `has` allowed. */
  take(name: string, count: number): void {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.#options);
    bucket.spend(count);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > this.#options.bucketsMax) this.#buckets.dropOldest();
  }
}
