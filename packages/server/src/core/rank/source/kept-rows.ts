import type { SessionIndex } from "../../sum/session-index.ts";

/**
 * Rows that were counted from an item's sessions, kept until the item's revision in the index is another: the same pairs of
 * item and count that counting again would give. A table of places by item id, where a later row takes the place of an
 * earlier one; it is layout, and no answer can depend on what it holds.
 */
const placesMax = 2_048;
/** A longer row is not kept. */
const pairsMax = 192;
const pairWords = 2;

export class KeptRows {
  #sessions: SessionIndex | undefined;
  #places = 0;
  /** By place: the item plus 1, its revision then, and the length of the row. */
  #items = new Uint32Array(0);
  #revisions = new Uint32Array(0);
  #lengths = new Uint8Array(0);
  /** Pairs of item and count. */
  pairs = new Uint32Array(0);

  /** Where the row of an item begins in `pairs`; -1 if it is not kept as it is now. */
  find(sessions: SessionIndex, item: number): number {
    if (sessions !== this.#sessions || this.#places === 0) return -1;
    const place = item & (this.#places - 1);
    const isKept =
      this.#items[place] === item + 1 && this.#revisions[place] === sessions.revision(item);
    return isKept ? place * pairsMax * pairWords : -1;
  }

  /** Pairs of the row that begins there. */
  length(start: number): number {
    return this.#lengths[start / (pairsMax * pairWords)]!;
  }

  /** Keeps the `count` items with the counts that `row` has for them. */
  keep(
    sessions: SessionIndex,
    item: number,
    items: Uint32Array,
    row: Int32Array,
    count: number,
    itemsAll: number,
  ): void {
    if (count > pairsMax) return;
    if (sessions !== this.#sessions || itemsAll > this.#places) this.#resize(sessions, itemsAll);
    const place = item & (this.#places - 1);
    this.#items[place] = item + 1;
    this.#revisions[place] = sessions.revision(item);
    this.#lengths[place] = count;
    const start = place * pairsMax * pairWords;
    for (let i = 0; i < count; i++) {
      this.pairs[start + i * pairWords] = items[i]!;
      this.pairs[start + i * pairWords + 1] = row[items[i]!]!;
    }
  }

  #resize(sessions: SessionIndex, itemsAll: number): void {
    let places = 64;
    while (places < itemsAll && places < placesMax) places *= 2;
    if (sessions === this.#sessions && places === this.#places) return;
    this.#sessions = sessions;
    this.#places = places;
    this.#items = new Uint32Array(places);
    this.#revisions = new Uint32Array(places);
    this.#lengths = new Uint8Array(places);
    this.pairs = new Uint32Array(places * pairsMax * pairWords);
  }
}
