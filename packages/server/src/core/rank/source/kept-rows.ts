import type { SessionIndex } from "../../sum/session-index.ts";

/**
 * Rows that were counted from an item's sessions, kept until the item's revision in the index is another: the same pairs of
 * item and count that counting again would give. A table of places by item id, where a later row takes the place of an
 * earlier one; it is layout, and no answer can depend on what it holds.
 */
const placesMax = 2_048;
/** A longer row is not kept, and stands behind all places until the next one. */
const pairsMax = 192;
/** Words of a pair: item and count. */
export const pairWords = 2;

export class KeptRows {
  #sessions: SessionIndex | undefined;
  #places = 0;
  /** By place: the item plus 1, its revision then, and the length of the row. */
  #items = new Uint32Array(0);
  #revisions = new Uint32Array(0);
  #lengths = new Uint8Array(0);
  /** The row that was found or kept last is `pairs[start..end-1]`, item and count in turn. */
  pairs = new Uint32Array(0);
  start = 0;
  end = 0;

  /** Whether the row of an item is kept as it is now. */
  find(sessions: SessionIndex, item: number): boolean {
    if (sessions !== this.#sessions) return false;
    const place = item & (this.#places - 1);
    if (this.#items[place] !== item + 1) return false;
    if (this.#revisions[place] !== sessions.revision(item)) return false;
    this.#at(place, this.#lengths[place]!);
    return true;
  }

  /** Keeps the `count` items with the counts that `row` has for them, and takes those out of `row`. */
  keep(
    sessions: SessionIndex,
    item: number,
    items: Uint32Array,
    row: Int32Array,
    count: number,
  ): void {
    if (sessions !== this.#sessions || row.length > this.#places)
      this.#resize(sessions, row.length);
    const isKept = count <= pairsMax;
    const place = isKept ? item & (this.#places - 1) : this.#places;
    if (isKept) {
      this.#items[place] = item + 1;
      this.#revisions[place] = sessions.revision(item);
      this.#lengths[place] = count;
    }
    this.#at(place, count);
    if (this.end > this.pairs.length) this.#lengthen(this.end);
    for (let i = 0; i < count; i++) {
      const at = this.start + i * pairWords;
      this.pairs[at] = items[i]!;
      this.pairs[at + 1] = row[items[i]!]!;
      row[items[i]!] = 0;
    }
  }

  #at(place: number, count: number): void {
    this.start = place * pairsMax * pairWords;
    this.end = this.start + count * pairWords;
  }

  #lengthen(length: number): void {
    const pairs = new Uint32Array(length);
    pairs.set(this.pairs);
    this.pairs = pairs;
  }

  /** Places for a catalogue of so many items. */
  #resize(sessions: SessionIndex, items: number): void {
    let places = 64;
    while (places < items && places < placesMax) places *= 2;
    if (sessions === this.#sessions && places === this.#places) return;
    this.#sessions = sessions;
    this.#places = places;
    this.#items = new Uint32Array(places);
    this.#revisions = new Uint32Array(places);
    this.#lengths = new Uint8Array(places);
    this.pairs = new Uint32Array(places * pairsMax * pairWords);
  }
}
