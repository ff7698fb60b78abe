/**
 * The metrics of next-item prediction as session-rec and Serenade print them, over full rankings cut at k.
 * Hit rate and reciprocal rank look at the next item; recall and nDCG at all distinct items that are left of
 * the session. The list is the answer's own order, which knows no target: a tie never helps one.
 */
import { type Interval, Spread } from "./spread.ts";

/** 95 % intervals, by drawing whole sessions or users; absent with fewer than two of them. */
export type Intervals<Figure extends string> = Readonly<Record<Figure, Interval | undefined>>;

export interface Report {
  predictions: number;
  k: number;
  hr: number;
  mrr: number;
  recall: number;
  ndcg: number;
  /** Distinct items recommended, of those in train. */
  coverage: number;
  /** Of the means alone: coverage grows with the number of lists and has no such interval. */
  intervals: Intervals<"hr" | "mrr" | "recall" | "ndcg">;
}

/** Of the intervals of an evaluation, if nobody asks for another. */
export const seedDefault = 1;

export class Metrics {
  readonly #k: number;
  #predictions = 0;
  #hits = 0;
  #reciprocal = 0;
  #recall = 0;
  #ndcg = 0;
  readonly #recommended = new Set<string>();
  readonly #spread = new Spread(4);

  constructor(k: number) {
    this.#k = k;
  }

  /** `left` is what the session still brings, the next item first; never empty. */
  add(list: readonly string[], left: readonly string[], session: unknown): void {
    const cut = list.slice(0, this.#k);
    for (const item of cut) this.#recommended.add(item);
    this.#predictions++;
    const rank = cut.indexOf(left[0]!);
    const reciprocal = rank === -1 ? 0 : 1 / (rank + 1);
    if (rank !== -1) this.#hits++;
    this.#reciprocal += reciprocal;
    const wanted = new Set(left);
    let found = 0;
    let gain = 0;
    cut.forEach((item, place) => {
      if (!wanted.has(item)) return;
      found++;
      gain += discount(place);
    });
    this.#recall += found / wanted.size;
    let ideal = 0;
    for (let place = 0; place < Math.min(wanted.size, this.#k); place++) ideal += discount(place);
    this.#ndcg += gain / ideal;
    const hit = rank === -1 ? 0 : 1;
    this.#spread.add(session, [hit, reciprocal, found / wanted.size, gain / ideal]);
  }

  report(trainItems: number, seed: number): Report {
    const [hr, mrr, recall, ndcg] = this.#spread.intervals(seed);
    const n = Math.max(1, this.#predictions);
    return {
      predictions: this.#predictions,
      k: this.#k,
      hr: this.#hits / n,
      mrr: this.#reciprocal / n,
      recall: this.#recall / n,
      ndcg: this.#ndcg / n,
      coverage: this.#recommended.size / Math.max(1, trainItems),
      intervals: { hr, mrr, recall, ndcg },
    };
  }
}

export function discount(place: number): number {
  return 1 / Math.log2(place + 2);
}

/** The value below which a share of the numbers lies; NaN when there are none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
