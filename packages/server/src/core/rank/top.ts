import type { Models } from "../sum/models.ts";
import type { Scores } from "./scores.ts";

/**
 * The best n of some scores in the one canonical order: score descending, then the time the item was last
 * opened by anyone descending, then the item's external key ascending. Never a dense id: a forgotten user may
 * have been the one who brought the item in. A bounded heap with its worst at the root; items at 0 stay out.
 */
export class Top {
  /** Best first after `take`; valid to `count`. */
  items = new Uint32Array(256);
  count = 0;
  #scores: Scores | undefined;
  #models: Models | undefined;

  take(scores: Scores, models: Models, limit: number): void {
    this.#scores = scores;
    this.#models = models;
    if (limit > this.items.length) this.items = new Uint32Array(limit);
    this.count = 0;
    if (limit === 0) return;
    const { values, touched } = scores;
    let least = 0;
    for (let i = 0; i < scores.count; i++) {
      const item = touched[i]!;
      const value = values[item]!;
      if (value <= 0 || value < least) continue;
      if (this.count < limit) this.items[this.count++] = item;
      else if (this.#before(item, this.items[0]!)) this.#sink(item, 0, limit);
      else continue;
      if (this.count < limit) continue;
      if (least === 0) this.#heapify();
      least = values[this.items[0]!]!;
    }
    if (least === 0) this.#heapify();
    // Heap sort in place: the worst goes to the end, so the best comes to stand first.
    for (let end = this.count - 1; end > 0; end--) {
      const worst = this.items[0]!;
      this.#sink(this.items[end]!, 0, end);
      this.items[end] = worst;
    }
  }

  /** Whether item a stands before item b. */
  #before(a: number, b: number): boolean {
    const difference = this.#scores!.values[a]! - this.#scores!.values[b]!;
    if (difference !== 0) return difference > 0;
    const models = this.#models!;
    const minutes = models.sessions.newestMinute(a) - models.sessions.newestMinute(b);
    if (minutes !== 0) return minutes > 0;
    return models.items.keys[a]! < models.items.keys[b]!;
  }

  #heapify(): void {
    for (let at = (this.count >> 1) - 1; at >= 0; at--) this.#sink(this.items[at]!, at, this.count);
  }

  #sink(item: number, from: number, end: number): void {
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= end) break;
      if (child + 1 < end && this.#before(this.items[child]!, this.items[child + 1]!)) child++;
      if (!this.#before(item, this.items[child]!)) break;
      this.items[at] = this.items[child]!;
      at = child;
    }
    this.items[at] = item;
  }
}
