import type { Models } from "../../sum/models.ts";
import type { Skips } from "../../sum/skips.ts";
import type { Scores } from "../scores.ts";
import type { Moves } from "./moves.ts";

/**
 * How likely a play of an item is skipped: its own rate over all users, drawn to the rate of all plays as if by
 * `itemPrior` plays of it, and the odds of that moved by what became of the user's plays before it. As factors
 * of odds the two are taken to be independent: what an item is and what mood the user is in.
 */
const riskReason = "skips";
const itemPrior = 10;
const streakPrior = 20;

export class SkipRisk {
  #skips: Skips | undefined;
  #base = 0;

  /** Whether any play was ever counted. */
  begin({ skips }: Models): boolean {
    this.#skips = skips;
    this.#base = baseRate(skips);
    return this.#base > 0;
  }

  /** Lowers the scores of items that are skipped more often than others are, and says so. */
  weigh(models: Models, totals: Scores, moves: Moves): void {
    if (!this.begin(models)) return;
    const cause = moves.cause(riskReason);
    for (let i = 0; i < totals.count; i++) {
      const item = totals.touched[i]!;
      const score = totals.get(item);
      const factor = (1 - this.#rateOf(item)) / (1 - this.#base);
      if (score <= 0 || factor >= 1) continue;
      const share = Math.max(1, Math.floor(score * factor)) - score;
      totals.add(item, share);
      moves.add(item, cause, share);
    }
  }

  /** In thousandths, of a play that would follow a streak of plays. */
  permille(item: number, streak: number): number {
    const skips = this.#skips!;
    const base = this.#base;
    const byItem = this.#rateOf(item);
    const after = rateOf(skips.skippedAfter(streak), skips.playsAfter(streak), base, streakPrior);
    const odds = (oddsOf(byItem) * oddsOf(after)) / oddsOf(base);
    return Math.round((1000 * odds) / (1 + odds));
  }

  #rateOf(item: number): number {
    const skips = this.#skips!;
    return rateOf(skips.skipped(item), skips.plays(item), this.#base, itemPrior);
  }
}

/** Of all plays, with one skipped and one heard play more: never 0 and never 1. */
function baseRate(skips: Skips): number {
  const plays = skips.allPlays();
  return plays <= 0 ? 0 : (Math.max(0, skips.allSkipped()) + 1) / (plays + 2);
}

function rateOf(skipped: number, plays: number, base: number, prior: number): number {
  return (Math.max(0, skipped) + prior * base) / (Math.max(0, plays) + prior);
}

function oddsOf(rate: number): number {
  return rate / (1 - rate);
}
