import { decayTable } from "../../sum/decay.ts";
import type { Popularity } from "../../sum/popularity.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { TopRows } from "./top-rows.ts";

/**
 * What rises now: counts with a half-life of 6 h, times the velocity, the last hour's pace over that of the
 * last week. `prior` users in both terms keep a single touch from looking like a wave.
 */
const candidatesMax = 500;
const scoreMax = 2 ** 32 - 1;
const prior = 20;
const weekHours = 168;
const velocityOne = 1024;
const weights = decayTable(6, 256);

/** In 1/1024: above that an item gains pace. */
function velocityOf(popularity: Popularity, row: number, nowHour: number): number {
  // The running hour alone is empty at its start: the one before it counts along.
  const hour = popularity.recent(row, nowHour, 2);
  const week = popularity.recent(row, nowHour, weekHours);
  if (week + prior <= 0) return 0;
  return Math.floor((velocityOne * (hour * weekHours + prior)) / (week + prior));
}

function trendOf(popularity: Popularity, row: number, nowHour: number): number {
  const decayed = popularity.decayed(row, nowHour, weights);
  if (decayed <= 0) return 0;
  const velocity = velocityOf(popularity, row, nowHour);
  return Math.min(scoreMax, Math.floor((decayed * velocity) / velocityOne));
}

export class Trending implements Source {
  readonly name = "trending";
  readonly #rows = new TopRows(trendOf, candidatesMax);
  #scores: Scores | undefined;

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    this.#rows.score(ask.models, Math.floor(ask.now / 3_600_000), scores);
  }

  parts(_ask: Ask, item: number): Part[] {
    return [{ because: undefined, amount: this.#scores!.get(item) }];
  }
}
