import { decayTable } from "../../sum/decay.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { TopRows } from "./top-rows.ts";

/**
 * What many users touched of late: counts halved each week of age. The same for everybody, so it is what a
 * stranger gets; beyond its best `candidatesMax` items it is silent.
 */
const candidatesMax = 500;
const scoreMax = 2 ** 32 - 1;
const weights = decayTable(168, 256);

export class Popular implements Source {
  readonly name = "popular";
  readonly #rows = new TopRows(
    (popularity, row, nowHour) => Math.min(scoreMax, popularity.decayed(row, nowHour, weights)),
    candidatesMax,
  );
  #scores: Scores | undefined;

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    const nowHour = Math.floor(ask.now / 3_600_000);
    this.#rows.score(ask.models, nowHour, scores, "all", ask.isOffered);
  }

  parts(_ask: Ask, item: number): Part[] {
    return [{ because: undefined, amount: this.#scores!.get(item) }];
  }
}
