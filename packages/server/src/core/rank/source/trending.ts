import type { Context } from "@attune/protocol";
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

/** The trend of every row, for the sources below to share. */
export function trendRows(): TopRows {
  return new TopRows(trendOf, candidatesMax);
}

export class Trending implements Source {
  readonly name = "trending";
  readonly #rows: TopRows;
  #scores: Scores | undefined;

  constructor(rows: TopRows) {
    this.#rows = rows;
  }

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    const nowHour = Math.floor(ask.now / 3_600_000);
    this.#rows.score(ask.models, nowHour, scores, "all", ask.isOffered);
  }

  parts(_ask: Ask, item: number): Part[] {
    return [{ because: undefined, amount: this.#scores!.get(item) }];
  }
}

/** As the popularity sum names them. */
function dimensionsOf({ device, region }: Context): string[] {
  const dimensions: string[] = [];
  if (device !== undefined) dimensions.push(`device:${device}`.toWellFormed());
  if (region !== undefined) dimensions.push(`region:${region}`.toWellFormed());
  return dimensions;
}

/** What rises where the request says that it is asked from: its region, its class of device, or both. */
export class TrendingHere implements Source {
  readonly name = "trending-here";
  readonly #rows: TopRows;
  #scores: Scores | undefined;

  constructor(rows: TopRows) {
    this.#rows = rows;
  }

  score({ models, now, context, isOffered }: Ask, scores: Scores): void {
    this.#scores = scores;
    const nowHour = Math.floor(now / 3_600_000);
    for (const dimension of dimensionsOf(context)) {
      this.#rows.score(models, nowHour, scores, dimension, isOffered);
    }
    // Two dimensions add up: half of each keeps the sum below 2^32.
    for (let i = 0; i < scores.count; i++) {
      const item = scores.touched[i]!;
      scores.values[item] = Math.ceil(scores.values[item]! / 2);
    }
  }

  parts(_ask: Ask, item: number): Part[] {
    return [{ because: undefined, amount: this.#scores!.get(item) }];
  }
}
