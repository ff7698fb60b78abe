/**
 * Entries by key, in the order in which they were set last, of which the oldest goes at a constant cost. A Map finds its
 * first entry past all places that were deleted before it, with 100,000 entries 46 us each time; here an iterator stays
 * behind what it has passed. A linked list was tried, and answers under overload waited longer (docs/missed.md).
 */
export class OldestFirst<K, V> {
  readonly #entries = new Map<K, V>();
  /** Stands where all entries before it are gone. */
  #keys: Iterator<K> | undefined;
  /** Entries set since one was dropped. */
  #setSinceDrop = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Makes it the newest, whether it was there or not. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    // An iterator that rests keeps every table that the map outgrows.
    if (++this.#setSinceDrop > this.#entries.size) this.#keys = undefined;
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  /** At the cost of the places that were deleted before it. */
  get oldest(): V | undefined {
    return this.#entries.values().next().value;
  }

  /** The oldest leaves; its key, or undefined if there is none. */
  dropOldest(): K | undefined {
    this.#setSinceDrop = 0;
    let next = this.#keys?.next();
    if (next === undefined || next.done === true) {
      this.#keys = this.#entries.keys();
      next = this.#keys.next();
    }
    if (next.done === true) return undefined;
    this.#entries.delete(next.value);
    return next.value;
  }

  /** Oldest first. */
  values(): Iterable<V> {
    return this.#entries.values();
  }
}
