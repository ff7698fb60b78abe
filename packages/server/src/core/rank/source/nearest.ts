import type { SessionIndex } from "../../sum/session-index.ts";

/**
 * The k most similar sessions by the canonical order: similarity descending, then start descending, then session
 * key ascending; never by slot. Parallel arrays that become a heap with its worst at the root once more than k
 * were offered, so they stand in no order.
 */
export class Nearest {
  readonly slots: Uint32Array;
  readonly similarities: Float64Array;
  count = 0;
  #isHeap = false;

  constructor(k: number) {
    this.slots = new Uint32Array(k);
    this.similarities = new Float64Array(k);
  }

  clear(): void {
    this.count = 0;
  }

  offer(sessions: SessionIndex, slot: number, similarity: number): void {
    if (this.count < this.slots.length) {
      this.slots[this.count] = slot;
      this.similarities[this.count++] = similarity;
      this.#isHeap = false;
      return;
    }
    if (!this.#isHeap) this.#heapify(sessions);
    if (similarity < this.similarities[0]!) return;
    if (this.#isWorse(sessions, 0, slot, similarity)) this.#sink(sessions, 0, slot, similarity);
  }

  /** Whether the entry at place `at` of the heap stands behind the session. */
  #isWorse(sessions: SessionIndex, at: number, slot: number, similarity: number): boolean {
    const difference = this.similarities[at]! - similarity;
    if (difference !== 0) return difference < 0;
    const other = this.slots[at]!;
    const minutes = sessions.firstMinute(other) - sessions.firstMinute(slot);
    return minutes !== 0 ? minutes < 0 : sessions.compareKeys(other, slot) > 0;
  }

  #heapify(sessions: SessionIndex): void {
    for (let at = (this.count >> 1) - 1; at >= 0; at--)
      this.#sink(sessions, at, this.slots[at]!, this.similarities[at]!);
    this.#isHeap = true;
  }

  /** The entry, put at place `from`, goes down until nothing below it is worse. */
  #sink(sessions: SessionIndex, from: number, slot: number, similarity: number): void {
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.count) break;
      const right = child + 1;
      if (right < this.count) {
        const worse = this.#isWorse(sessions, right, this.slots[child]!, this.similarities[child]!);
        if (worse) child = right;
      }
      if (!this.#isWorse(sessions, child, slot, similarity)) break;
      this.slots[at] = this.slots[child]!;
      this.similarities[at] = this.similarities[child]!;
      at = child;
    }
    this.slots[at] = slot;
    this.similarities[at] = similarity;
  }
}
