import type { SessionIndex } from "../../sum/session-index.ts";

/**
 * The k most similar sessions in canonical order: similarity descending, then start descending, then session
 * key ascending. A bounded heap over parallel arrays with its worst at the root; never ordered by slot.
 */
export class Nearest {
  readonly slots: Uint32Array;
  readonly similarities: Float64Array;
  count = 0;

  constructor(k: number) {
    this.slots = new Uint32Array(k);
    this.similarities = new Float64Array(k);
  }

  clear(): void {
    this.count = 0;
  }

  offer(sessions: SessionIndex, slot: number, similarity: number): void {
    if (this.count < this.slots.length) {
      this.#rise(sessions, slot, similarity);
    } else if (similarity >= this.similarities[0]!) {
      if (this.#isWorse(sessions, 0, slot, similarity)) this.#sink(sessions, slot, similarity);
    }
  }

  /** Whether the entry at place `at` of the heap stands behind the session. */
  #isWorse(sessions: SessionIndex, at: number, slot: number, similarity: number): boolean {
    const difference = this.similarities[at]! - similarity;
    if (difference !== 0) return difference < 0;
    const other = this.slots[at]!;
    const minutes = sessions.firstMinute(other) - sessions.firstMinute(slot);
    return minutes !== 0 ? minutes < 0 : sessions.compareKeys(other, slot) > 0;
  }

  #rise(sessions: SessionIndex, slot: number, similarity: number): void {
    let at = this.count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#isWorse(sessions, parent, slot, similarity)) break;
      this.slots[at] = this.slots[parent]!;
      this.similarities[at] = this.similarities[parent]!;
      at = parent;
    }
    this.slots[at] = slot;
    this.similarities[at] = similarity;
  }

  #sink(sessions: SessionIndex, slot: number, similarity: number): void {
    let at = 0;
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
