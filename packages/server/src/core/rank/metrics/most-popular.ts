import { judgedMax } from "../../fold/audiences.ts";
import { emptyState } from "../../fold/state.ts";
import type { Models } from "../../sum/models.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Takedowns } from "../merchandise/takedown.ts";
import { Scores } from "../scores.ts";
import type { Source } from "../source.ts";
import { Top } from "../top.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Beyond so many rows of popularity, all of which may have to be scored again, a list holds for its hour. */
const rowsByMinuteMax = 100_000;

interface Listed {
  /** When its minute, or its hour, began; ms. */
  since: number;
  erasures: number;
  list: readonly string[];
}

/** Beyond so many popular items that are gone the list is shorter: a baseline needs no more. */
const candidatesMax = 100;

/**
 * The list that everybody would be shown by a shop without a recommender: what most people touched of late, of
 * the items that there are. Answers are judged beside it; it changes none.
 */
export class MostPopular {
  readonly #popular: Source;
  readonly #scores = new Scores();
  readonly #top = new Top();
  #last: Listed = { since: -1, erasures: -1, list: [] };

  /** `popular` gives counts that decay; it may be the one that answers are made with. */
  constructor(popular: Source) {
    this.#popular = popular;
  }

  /**
   * The best `judgedMax`, best first: as they were at some time of the minute (of the hour, where
   * many items are known), and of this number of erasures, since
   * what was taken back may not speak on.
   */
  list(
    models: Models,
    catalogue: Catalogue,
    takedowns: Takedowns | undefined,
    now: number,
    erasures: number,
  ): readonly string[] {
    const span = models.popularity.rowCount > rowsByMinuteMax ? hourMs : minuteMs;
    const since = now - (now % span);
    const { since: known, erasures: before, list } = this.#last;
    if (list.length > 0 && known === since && before === erasures) return list;
    const made = this.#made(models, catalogue, takedowns, now);
    this.#last = { since, erasures, list: made };
    return made;
  }

  #made(
    models: Models,
    catalogue: Catalogue,
    takedowns: Takedowns | undefined,
    now: number,
  ): string[] {
    const scores = this.#scores;
    scores.clear();
    scores.reserve(models.items.size);
    this.#popular.score({ state: emptyState(0, ""), models, now, context: {} }, scores);
    this.#top.take(scores, models, candidatesMax);
    const best = Array.from(
      this.#top.items.subarray(0, this.#top.count),
      (item) => models.items.keys[item]!,
    );
    const isOffered = (item: string): boolean =>
      (catalogue.size === 0 || catalogue.get(item) !== undefined) &&
      (takedowns === undefined || !Object.hasOwn(takedowns, item));
    return best.filter(isOffered).slice(0, judgedMax);
  }
}
