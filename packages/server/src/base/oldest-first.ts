interface Entry<K, V> {
  readonly key: K;
  value: V;
  older: Entry<K, V> | undefined;
  newer: Entry<K, V> | undefined;
}

/**
 * Entries by key, in the order in which they were set last, of which the oldest goes at a constant cost. A Map finds its
 * first entry past all places that were deleted before it: with 100,000 entries 46 us each time.
 */
export class OldestFirst<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>();
  #oldest: Entry<K, V> | undefined;
  #newest: Entry<K, V> | undefined;

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Makes it the newest, whether it was there or not. */
  set(key: K, value: V): void {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { key, value, older: undefined, newer: undefined };
      this.#entries.set(key, entry);
    } else {
      entry.value = value;
      this.#unlink(entry);
    }
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#unlink(entry);
    return this.#entries.delete(key);
  }

  get oldest(): V | undefined {
    return this.#oldest?.value;
  }

  /** The oldest leaves, if there is one. */
  dropOldest(): void {
    if (this.#oldest !== undefined) this.delete(this.#oldest.key);
  }

  /** Oldest first. Only the value at hand may be deleted meanwhile. */
  *values(): Iterable<V> {
    let entry = this.#oldest;
    while (entry !== undefined) {
      const { newer } = entry;
      yield entry.value;
      entry = newer;
    }
  }

  /** An entry that left points to none: a dead one in the old generation would keep all newer ones alive. */
  #unlink(entry: Entry<K, V>): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}
