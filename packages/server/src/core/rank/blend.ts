import type { Ask, Part, Source } from "./source.ts";
import { Scores } from "./scores.ts";

/**
 * Blends candidate sources into one integer score: the term of a source is its share of its own best score,
 * term_s(i) = floor(score_s(i) x weight_s / best_s), and the score of an item is the sum of its terms. So the
 * best item of a source gets exactly that source's weight, unless the source says what full certainty is
 * (`Source.full`). Law: terms sum to the score and parts to the term.
 *
 * One answer is `collect`, any number of `bar`, then `mix`; the best of a source is taken over the items
 * that were not barred, so that an item which may not be shown does not scale those which may. Scores are
 * below 2^32 and weights at most 2^20, so products stay below 2^53 and the floor of their quotient is exact.
 */
export const weightOne = 1 << 20;

export class Blend {
  readonly sources: readonly Source[];
  /** The blended scores; valid after `mix`, until the next `collect`. */
  readonly totals = new Scores();
  readonly #scores: readonly Scores[];
  readonly #bests: Float64Array;
  readonly #weights: Float64Array;
  #barred = new Uint8Array(1024);
  #barredItems: number[] = [];

  constructor(sources: readonly Source[]) {
    this.sources = sources;
    this.#scores = sources.map(() => new Scores());
    this.#bests = new Float64Array(sources.length);
    this.#weights = new Float64Array(sources.length);
  }

  /**
   * Asks every source that has a weight above 0 (integers up to `weightOne`, in the order of `sources`).
   * Afterwards `totals.touched[0..count-1]` are the candidates, each once, in no order.
   */
  collect(ask: Ask, weights: readonly number[]): void {
    this.#clear(ask.models.items.size);
    this.widen(ask, weights);
  }

  /** The same with other weights after `collect`: only sources that had no weight are asked. */
  widen(ask: Ask, weights: readonly number[]): void {
    for (let s = 0; s < this.sources.length; s++) {
      const weight = weights[s] ?? 0;
      if (!Number.isInteger(weight) || weight < 0 || weight > weightOne)
        throw new Error(
          `The weight of source ${this.sources[s]!.name} is not an integer up to 2^20.`,
        );
      const isAsked = this.#weights[s]! > 0;
      this.#weights[s] = weight;
      if (weight === 0 || isAsked) continue;
      const scores = this.#scores[s]!;
      this.sources[s]!.score(ask, scores);
      // A source may have brought items that no sum had an id for.
      this.#reserve(ask.models.items.size);
      for (let i = 0; i < scores.count; i++) this.totals.add(scores.touched[i]!, 0);
    }
  }

  /** Keeps an item out of the answer: its terms and its total are 0. Call between `collect` and `mix`. */
  bar(item: number): void {
    if (this.#barred[item] === 1) return;
    this.#barred[item] = 1;
    this.#barredItems.push(item);
  }

  /** Sums the terms into `totals`. A barred item keeps the total 0: leave out what is not above 0. */
  mix(): void {
    for (let s = 0; s < this.sources.length; s++) {
      const scores = this.#scores[s]!;
      let best = 0;
      for (let i = 0; i < scores.count; i++) {
        const item = scores.touched[i]!;
        if (this.#barred[item] === 0) best = Math.max(best, scores.values[item]!);
      }
      if (best === 0) continue;
      this.#bests[s] = Math.max(best, this.sources[s]!.full ?? 0);
      for (let i = 0; i < scores.count; i++) {
        const item = scores.touched[i]!;
        this.totals.add(item, this.term(s, item));
      }
    }
  }

  /** What source number `s` said of an item, in the source's own unit; 0 if it is barred. */
  score(s: number, item: number): number {
    return this.#barred[item] === 1 ? 0 : this.#scores[s]!.get(item);
  }

  /** What source number `s` adds to the score of an item: 0..weight. */
  term(s: number, item: number): number {
    const best = this.#bests[s]!;
    if (best === 0 || this.#barred[item] === 1) return 0;
    return Math.floor((this.#scores[s]!.get(item) * this.#weights[s]!) / best);
  }

  /** The term of source `s` split over the user's events; amounts are positive and sum to `term(s, item)`. */
  parts(s: number, ask: Ask, item: number): Part[] {
    const term = this.term(s, item);
    if (term === 0) return [];
    return apportion(this.sources[s]!.parts(ask, item), term);
  }

  #clear(size: number): void {
    for (const item of this.#barredItems) this.#barred[item] = 0;
    this.#barredItems.length = 0;
    this.totals.clear();
    for (const scores of this.#scores) scores.clear();
    this.#reserve(size);
    this.#bests.fill(0);
    this.#weights.fill(0);
  }

  #reserve(size: number): void {
    if (size > this.#barred.length) {
      const grown = new Uint8Array(Math.max(size, this.#barred.length * 2));
      grown.set(this.#barred);
      this.#barred = grown;
    }
    this.totals.reserve(size);
    for (const scores of this.#scores) scores.reserve(size);
  }
}

/**
 * Splits `whole` in proportion to the amounts of `parts` by the largest remainder (ties: the earlier part),
 * so that the result sums to `whole` exactly; parts that come to nothing are left out.
 */
export function apportion(parts: readonly Part[], whole: number): Part[] {
  if (whole === 0) return [];
  const shares = split(parts, whole);
  if (shares === undefined) return [{ because: undefined, amount: whole }];
  const kept: Part[] = [];
  for (let i = 0; i < parts.length; i++) {
    const amount = shares[i]!;
    if (amount > 0) kept.push({ because: parts[i]!.because, amount });
  }
  return kept;
}

/** The same as the amounts alone, one for each part; undefined if the parts are nothing themselves. */
export function split(parts: readonly Part[], whole: number): number[] | undefined {
  let sum = 0;
  let most = 0;
  for (const { amount } of parts) {
    sum += amount;
    if (amount > most) most = amount;
  }
  if (sum === 0) return undefined;
  if (parts.length === 1) return [whole];
  const isExact = most * whole < 2 ** 53 && parts.length <= rests.length;
  return isExact ? splitExactly(parts, whole, sum) : splitInBigIntegers(parts, whole, sum);
}

/** Remainders of the split at work; more parts than this are split by big integers. */
const rests = new Float64Array(256);

/** amount x whole = share x sum + rest, for products below 2^53: a quotient off by one is put right. */
function splitExactly(parts: readonly Part[], whole: number, sum: number): number[] {
  const shares: number[] = [];
  let left = whole;
  for (let i = 0; i < parts.length; i++) {
    const product = parts[i]!.amount * whole;
    let share = Math.floor(product / sum);
    if (share * sum > product) share -= 1;
    else if ((share + 1) * sum <= product) share += 1;
    rests[i] = product - share * sum;
    shares.push(share);
    left -= share;
  }
  for (; left > 0; left--) {
    let largest = 0;
    for (let i = 1; i < parts.length; i++) if (rests[i]! > rests[largest]!) largest = i;
    rests[largest] = -1;
    shares[largest] = shares[largest]! + 1;
  }
  return shares;
}

function splitInBigIntegers(parts: readonly Part[], whole: number, sum: number): number[] {
  const products = parts.map(({ amount }) => BigInt(amount) * BigInt(whole));
  const shares = products.map((product) => Number(product / BigInt(sum)));
  const left = whole - shares.reduce((total, share) => total + share, 0);
  const byRest = products
    .map((product, at) => ({ at, rest: product % BigInt(sum) }))
    .sort((x, y) => (x.rest === y.rest ? x.at - y.at : x.rest > y.rest ? -1 : 1));
  for (const { at } of byRest.slice(0, left)) shares[at] = shares[at]! + 1;
  return shares;
}
