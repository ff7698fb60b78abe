import type { SessionIndex } from "../../sum/session-index.ts";
import { apportion } from "../blend.ts";
import { RecentItems } from "../recent-items.ts";
import { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { fadeTable } from "../weights.ts";

/**
 * Sequential rules (Kamehkhosh et al., 2017): what followed the user's last items in anyone's session,
 * nearer steps counting more: 840 / gap for a pair 1..8 steps apart (840 = lcm 1..8), in whole numbers.
 * The score of an item is the sum over the last items of their weight times the share of the row that leads
 * to it; so an item that is often repeated brings itself, by its own counts.
 *
 * Rows are not kept but counted when asked for, from the newest sessions that hold the item: a table of them
 * took three cells of every event and a quarter of all bytes of the sums (docs/decisions/0012).
 */
export interface RuleSettings {
  /** How many of the newest interactions start a rule; a fade of 0 means no decay. */
  last: number;
  /** Newest sessions that a row is counted over. */
  m: number;
  /** Weight of the rule of an item, per interaction since: e^(-ago / lastFade). */
  lastFade: number;
  /** Factor of the items from earlier in the context. */
  earlier: number;
  /** Factor of its newest item per share of its next steps that repeat it, and the prior of that share. */
  current: number;
  repeatPrior: number;
}

/** Chosen with those of the neighbours: docs/quality.md. */
export const ruleDefaults: Readonly<RuleSettings> = Object.freeze({
  last: 2,
  m: 1000,
  lastFade: 1.4,
  earlier: 1,
  current: 4,
  repeatPrior: 5,
});

/** Steps that a rule spans at most, and the least common multiple of 1..8. */
const gapMax = 8;
const byGap = Int32Array.from({ length: gapMax + 1 }, (_, gap) => (gap === 0 ? 0 : 840 / gap));
/** A whole row is this much, times the 12 bits of its item's weight: 64 rows stay below 2^32. */
const rowOne = 2 ** 13;

/** What followed one item: its counts by item, and their sum. */
class Row {
  readonly counts = new Scores();
  total = 0;

  /** Counts over the newest `m` sessions that hold the item. */
  read(sessions: SessionIndex, from: number, m: number): void {
    const { lane, postingLane } = sessions;
    this.total = 0;
    this.counts.clear();
    const newest = Math.min(m, sessions.support(from));
    const newestAt = sessions.newestAt(from);
    for (let back = 0; back < newest; back++) {
      const slot = postingLane[newestAt - back]!;
      const start = sessions.startOf(slot);
      const last = start + sessions.length(slot) - 1;
      for (let at = start; at < last; at++) {
        if (lane[at] === from) this.#follow(lane, at, Math.min(last, at + gapMax));
      }
    }
  }

  #follow(lane: Uint32Array, from: number, last: number): void {
    for (let at = from + 1; at <= last; at++) {
      const count = byGap[at - from]!;
      this.counts.add(lane[at]!, count);
      this.total += count;
    }
  }
}

export class Rules implements Source {
  readonly name = "rules";
  /** All rows lead to one item. */
  readonly full: number;
  readonly #settings: Readonly<RuleSettings>;
  readonly #context: RecentItems;
  readonly #byAgo: Float64Array;
  /** By place in the context. */
  readonly #rows: readonly Row[];
  #scores: Scores | undefined;

  constructor(settings: Readonly<RuleSettings>) {
    this.#settings = settings;
    this.#context = new RecentItems(settings.last);
    this.#byAgo = fadeTable(settings.lastFade, settings.last);
    this.full = this.#byAgo.reduce((sum, weight) => sum + weight * rowOne, 0);
    this.#rows = Array.from({ length: settings.last }, () => new Row());
  }

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    const { sessions, items } = ask.models;
    this.#context.read(ask.state, items, ask.isShifted);
    for (let c = 0; c < this.#context.count; c++) {
      const row = this.#rows[c]!;
      row.counts.reserve(items.size);
      row.read(sessions, this.#context.ids[c]!, this.#settings.m);
      const { touched, count } = row.counts;
      for (let at = 0; at < count; at++) scores.add(touched[at]!, this.#amount(c, touched[at]!));
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
    const parts: Part[] = [];
    for (let c = 0; c < this.#context.count; c++) {
      const amount = this.#rows[c]!.counts.has(item) ? this.#amount(c, item) : 0;
      const because = ask.models.items.keys[this.#context.ids[c]!]!;
      if (amount > 0) parts.push({ because, amount });
    }
    return apportion(parts, this.#scores?.get(item) ?? 0);
  }

  /** What the row of context item `c` brings an item. */
  #amount(c: number, item: number): number {
    const { counts, total } = this.#rows[c]!;
    return Math.floor((counts.get(item) / total) * (rowOne * this.#byAgo[this.#context.ago[c]!]!));
  }
}
