import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { tasteItems } from "../taste-items.ts";
import { Ease } from "./ease.ts";

/**
 * Long-term taste: items that users hold together with what this user holds, by the cosine of the Gram
 * counts, summed over the user's taste. An item the user holds already is not proposed. The newest taste
 * comes first and the walk stops, between items, once `cellsMax` cells were read. Where a view covers the
 * taste, EASE takes the place of the cosine: it knows which of two items that go together speaks for a third.
 */
const cosineOne = 1 << 16;
const cellsMax = 65_536;

interface Held {
  key: string;
  item: number;
  count: number;
}

export class Taste implements Source {
  readonly name = "taste";
  /** The taste that the last score was made of. */
  #asked: Held[] = [];
  readonly #ease = new Ease();
  /** Whether the last score was that of the view. */
  #isEase = false;

  score(ask: Ask, scores: Scores): void {
    this.#isEase = this.#ease.covers(ask);
    if (this.#isEase) this.#ease.score(ask, scores);
    else this.#cosines(ask, scores);
  }

  #cosines(ask: Ask, scores: Scores): void {
    const { cooccurrence } = ask.models;
    const taste = tasteOf(ask);
    const held = new Set(taste.map(({ item }) => item));
    this.#asked = [];
    let cells = 0;
    for (const one of taste) {
      if (cells >= cellsMax) break;
      this.#asked.push(one);
      const start = cooccurrence.rowStart(one.item);
      const end = start + cooccurrence.rowLength(one.item);
      cells += end - start;
      for (let at = start; at < end; at++) {
        const item = cooccurrence.otherAt(at);
        if (held.has(item)) continue;
        const amount = cosine(
          cooccurrence.countAt(one.item, at),
          one.count,
          cooccurrence.count(item),
        );
        if (amount > 0) scores.add(item, amount);
      }
    }
  }

  parts(ask: Ask, item: number): Part[] {
    if (this.#isEase) return this.#ease.parts(ask, item);
    const { cooccurrence } = ask.models;
    const count = cooccurrence.count(item);
    const parts: Part[] = [];
    for (const one of this.#asked) {
      const amount = cosine(cooccurrence.pair(one.item, item), one.count, count);
      if (amount > 0) parts.push({ because: one.key, amount });
    }
    return parts;
  }
}

/** In 1/65536. Products below 2^53 are exact, and the square root and the quotient are rounded by IEEE 754. */
function cosine(pair: number, countA: number, countB: number): number {
  if (pair <= 0 || countA <= 0 || countB <= 0) return 0;
  return Math.floor((cosineOne * pair) / Math.sqrt(countA * countB));
}

function tasteOf({ state, models }: Ask): Held[] {
  return tasteItems(state).flatMap((key) => {
    const item = models.items.find(key);
    const count = item < 0 ? 0 : models.cooccurrence.count(item);
    return count > 0 ? [{ key, item, count }] : [];
  });
}
