import type { Transitions } from "../../sum/transitions.ts";
import { apportion } from "../blend.ts";
import { RecentItems } from "../recent-items.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { fadeTable } from "../weights.ts";

/**
 * Sequential rules (Kamehkhosh et al., 2017): what followed the user's last items in anyone's session,
 * nearer steps counting more. The score of an item is the sum over the last items of their weight times the
 * share of the row that leads to it; so an item that is often repeated brings itself, by its own counts.
 */
export interface RuleSettings {
  /** How many of the newest interactions start a rule; a fade of 0 means no decay. */
  last: number;
  /** Weight of the rule of an item, per interaction since: e^(-ago / lastFade). */
  lastFade: number;
  /** Weight of counts by age in 28-day periods: e^(-age / periodFade). */
  periodFade: number;
  /** Factor of the items from earlier in the context. */
  earlier: number;
  /** Factor of its newest item per share of its next steps that repeat it, and the prior of that share. */
  current: number;
  repeatPrior: number;
}

/** Chosen with those of the neighbours: docs/quality.md. */
export const ruleDefaults: Readonly<RuleSettings> = Object.freeze({
  last: 2,
  lastFade: 1.4,
  periodFade: 0,
  earlier: 1,
  current: 4,
  repeatPrior: 5,
});

const periodMinutes = 28 * 1_440;
const periodsMax = 64;
/** A whole row is this much, times the 12 bits of its item's weight: 64 rows stay below 2^32. */
const rowOne = 2 ** 13;

export class Rules implements Source {
  readonly name = "rules";
  /** All rows lead to one item. */
  readonly full: number;
  readonly #settings: Readonly<RuleSettings>;
  readonly #context: RecentItems;
  readonly #byAgo: Float64Array;
  readonly #byPeriod: Float64Array;
  #scores: Scores | undefined;

  constructor(settings: Readonly<RuleSettings>) {
    this.#settings = settings;
    this.#context = new RecentItems(settings.last);
    this.#byAgo = fadeTable(settings.lastFade, settings.last);
    this.full = this.#byAgo.reduce((sum, weight) => sum + weight * rowOne, 0);
    this.#byPeriod = fadeTable(settings.periodFade, periodsMax).map((w) => Math.max(1, w));
  }

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    this.#context.read(ask.state, ask.models.items);
    const { sessions, transitions } = ask.models;
    const period = periodOf(ask.now);
    for (let c = 0; c < this.#context.count; c++) {
      const from = this.#context.ids[c]!;
      const total = this.#total(transitions, from, period);
      const end = transitions.rowStart(from) + transitions.rowLength(from);
      for (let at = transitions.rowStart(from); at < end; at++) {
        scores.add(transitions.to[at]!, this.#amount(transitions, at, total, c, period));
      }
    }
    for (let c = 0; c < this.#context.count; c++) {
      const item = this.#context.ids[c]!;
      if (!scores.has(item)) continue;
      const { current, earlier, repeatPrior } = this.#settings;
      const isNewest = this.#context.ago[c] === 0;
      const factor = isNewest ? current * sessions.repeatRate(item, repeatPrior) : earlier;
      // At most 1: no score may pass `full`.
      scores.values[item] = Math.floor(scores.values[item]! * Math.min(1, factor));
    }
  }

  parts(ask: Ask, item: number): Part[] {
    const { transitions, items } = ask.models;
    const period = periodOf(ask.now);
    const parts: Part[] = [];
    for (let c = 0; c < this.#context.count; c++) {
      const from = this.#context.ids[c]!;
      const total = this.#total(transitions, from, period);
      const end = transitions.rowStart(from) + transitions.rowLength(from);
      let amount = 0;
      for (let at = transitions.rowStart(from); at < end; at++) {
        if (transitions.to[at] === item) {
          amount += this.#amount(transitions, at, total, c, period);
        }
      }
      if (amount > 0) parts.push({ because: items.keys[from]!, amount });
    }
    return apportion(parts, this.#scores?.get(item) ?? 0);
  }

  #total(transitions: Transitions, from: number, period: number): number {
    const end = transitions.rowStart(from) + transitions.rowLength(from);
    let total = 0;
    for (let at = transitions.rowStart(from); at < end; at++) {
      total += transitions.value[at]! * this.#weightOf(transitions.period[at]!, period);
    }
    return total;
  }

  /** What one cell of the row of context item `c` brings. */
  #amount(transitions: Transitions, at: number, total: number, c: number, period: number): number {
    const count = transitions.value[at]! * this.#weightOf(transitions.period[at]!, period);
    return Math.floor((count / total) * (rowOne * this.#byAgo[this.#context.ago[c]!]!));
  }

  #weightOf(period: number, now: number): number {
    return this.#byPeriod[Math.min(periodsMax - 1, Math.max(0, now - period))]!;
  }
}

function periodOf(now: number): number {
  return Math.floor(now / 60_000 / periodMinutes);
}
