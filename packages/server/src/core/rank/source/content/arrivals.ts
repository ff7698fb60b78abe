import type { Scores } from "../../scores.ts";
import type { Ask, Part, Source } from "../../source.ts";
import type { Shelf } from "./shelf.ts";

/**
 * Arrivals: items that came into the catalogue in the last 14 days, the newest first; the same for everybody.
 * An item that was taken out and put back arrives again.
 */
const hourMs = 3_600_000;
const newHours = 14 * 24;
const candidatesMax = 500;
/** With a filter that turns most away the walk ends here. */
const lookedAtMax = 20_000;

export class Arrivals implements Source {
  readonly name = "arrivals";
  readonly #shelf: Shelf;
  #scores: Scores | undefined;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  score({ catalogue, models, now, isOffered }: Ask, scores: Scores): void {
    this.#scores = scores;
    if (catalogue === undefined || catalogue.size === 0) return;
    this.#shelf.follow(catalogue);
    const all = this.#shelf.all();
    let left = candidatesMax;
    const end = Math.max(0, all.length - lookedAtMax);
    for (let at = all.length - 1; at >= end && left > 0; at--) {
      const place = all[at]!;
      const firstAt = this.#shelf.firstAt[place]!;
      const ageHours = Math.floor((now - firstAt) / hourMs);
      if (firstAt < 0 || ageHours >= newHours) return;
      const id = this.#shelf.ids[place]!;
      if (ageHours < 0 || (isOffered !== undefined && !isOffered(id))) continue;
      const item = models.items.intern(id);
      scores.reserve(models.items.size);
      scores.add(item, newHours - ageHours);
      left--;
    }
  }

  parts(_ask: Ask, item: number): Part[] {
    return [{ because: undefined, amount: this.#scores!.get(item) }];
  }
}
