import type { Popularity } from "../../../sum/popularity.ts";
import { Scores } from "../../scores.ts";
import type { Ask, Part, Source } from "../../source.ts";
import { keepBest } from "../best.ts";
import { TopRows } from "../top-rows.ts";
import { beganAt, fullScore, placeScore, wasKnown } from "./edition-state.ts";

/**
 * What rose in the week before an edition began: users of that week, times its pace over that of the last four
 * weeks, where that pace is half as much again at least. Read in whole days that are over, so it is the same all through the edition. It scores by place, in
 * every third place of a list of which the rest is the user's own taste.
 */
const candidatesMax = 500;
const placed = 60;
const prior = 20;
const weekHours = 168;
const scoreMax = 2 ** 32 - 1;

function riseOf(popularity: Popularity, row: number, endHour: number): number {
  const week = popularity.recent(row, endHour - 1, weekHours, endHour);
  const month = popularity.recent(row, endHour - 1, 4 * weekHours, endHour);
  if (week <= 0 || week * 8 < month * 3) return 0;
  return Math.min(scoreMax, Math.floor((week * 1024 * (week * 4 + prior)) / (month + prior)));
}

export class Rising implements Source {
  readonly name = "rising";
  readonly full = fullScore;
  readonly #rows = new TopRows(riseOf, candidatesMax);
  readonly #found = new Scores();
  #scores: Scores | undefined;

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    const { models, state, isOffered } = ask;
    const began = beganAt(ask);
    const found = this.#found;
    found.clear();
    found.reserve(models.items.size);
    this.#rows.score(models, Math.floor(began / 3_600_000), found, "all", isOffered);
    const { keys } = models.items;
    const items: number[] = [];
    for (let i = 0; i < found.count; i++) {
      const item = found.touched[i]!;
      if (!wasKnown(state, keys[item]!, began)) items.push(item);
    }
    keepBest(items, placed, (a, b) => {
      const difference = found.get(a) - found.get(b);
      return difference !== 0 ? difference > 0 : keys[a]! < keys[b]!;
    });
    items.forEach((item, i) => scores.add(item, placeScore(3 * (i + 1), 0)));
  }

  parts(_ask: Ask, item: number): Part[] {
    return [{ because: undefined, amount: this.#scores!.get(item) }];
  }
}
