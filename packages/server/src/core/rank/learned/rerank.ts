import type { Models } from "../../sum/models.ts";
import { type Blend, split } from "../blend.ts";
import type { Account } from "../account.ts";
import { groupCount, ownerOf, owners } from "./groups.ts";
import { RankFeatures, linearMax, trailCount } from "./features.ts";
import type { Ask, Part } from "../source.ts";
import { Top } from "../top.ts";
import { candidatesMax } from "./trail.ts";

/** What lifts all candidates alike. */
const liftReason = "ranker";

/**
 * Orders the best candidates of a blend again by learned weights. The score of a candidate is a sum of whole
 * numbers, one for each feature that holds; all are lifted by one number, so that they stand above what was
 * not looked at. Law: the shares of a candidate sum to its score.
 */
export class Rerank {
  readonly #features = new RankFeatures();
  readonly #top = new Top();
  readonly #walkSource: number;
  /** The weights of the answer, the blended scores before it, and what they were lifted by. */
  #theta: Int32Array | undefined;
  readonly #blended = new Float64Array(candidatesMax);
  readonly #scores = new Float64Array(candidatesMax);
  #lift = 0;
  /** Of one candidate, by owner. */
  readonly #amounts = new Float64Array(Object.keys(owners).length);
  /** The parts at work, and the source of each. */
  readonly #parts: Part[] = [];
  readonly #names: string[] = [];

  constructor(blend: Blend) {
    this.#walkSource = blend.sources.findIndex(({ name }) => name === "walk");
  }

  /** Forgets the answer before: no item counts as ordered again until `order`. */
  clear(): void {
    this.#theta = undefined;
  }

  /** Features of the `count` best; valid until the next call. */
  look(ask: Ask, blend: Blend, count: number): RankFeatures {
    this.#top.take(blend.totals, ask.models, Math.min(count, candidatesMax));
    this.#features.read(ask, blend, this.#walkSource, this.#top.items, this.#top.count);
    return this.#features;
  }

  /** Puts the scores of the candidates looked at into the totals of the blend. */
  order(theta: Int32Array, blend: Blend): void {
    const { bins, items, count } = this.#features;
    const { totals } = blend;
    if (count === 0) return;
    this.#theta = theta;
    let least = Infinity;
    for (let i = 0; i < count; i++) this.#blended[i] = totals.get(items[i]!);
    for (let i = 0; i < count; i++) {
      let score = this.#linear(theta, i);
      for (let g = 0; g < groupCount; g++) score += theta[bins[i * groupCount + g]!]!;
      this.#scores[i] = score;
      least = Math.min(least, score);
    }
    // Nothing that was not looked at has a higher blended score than the last of the candidates.
    this.#lift = Math.max(0, this.#blended[count - 1]! + 1 - least);
    for (let i = 0; i < count; i++) {
      totals.add(items[i]!, this.#scores[i]! + this.#lift - this.#blended[i]!);
    }
  }

  /** What the linear feature brings: finer than in a row, so that equal bins keep the order of the blend. */
  #linear(theta: Int32Array, i: number): number {
    return Math.floor((theta[0]! * linearMax * this.#blended[i]!) / this.#blended[0]!);
  }

  /** Writes why a candidate has its score; false for an item that was not ordered again. */
  explain(account: Account, ask: Ask, blend: Blend, item: number): boolean {
    const { bins, items, count } = this.#features;
    const theta = this.#theta;
    if (theta === undefined) return false;
    let i = 0;
    while (i < count && items[i] !== item) i++;
    if (i === count) return false;
    const amounts = this.#amounts.fill(0);
    amounts[owners.blend] = this.#linear(theta, i);
    for (let g = 0; g < groupCount; g++) amounts[ownerOf[g]!]! += theta[bins[i * groupCount + g]!]!;
    this.#addBlended(account, ask, blend, item, amounts[owners.blend]!);
    this.#addOwn(account, ask.models, i, amounts);
    account.add(liftReason, undefined, this.#lift);
    account.dropEmpty();
    return true;
  }

  /** The share of the blend, split over sources and events as the blend's own score of the item is. */
  #addBlended(account: Account, ask: Ask, blend: Blend, item: number, whole: number): void {
    const [parts, names] = [this.#parts, this.#names];
    parts.length = 0;
    names.length = 0;
    for (let s = 0; s < blend.sources.length; s++) {
      for (const part of blend.parts(s, ask, item)) {
        parts.push(part);
        names.push(blend.sources[s]!.name);
      }
    }
    addSplit(account, parts, whole, names);
  }

  #addOwn(account: Account, models: Models, i: number, amounts: Float64Array): void {
    const features = this.#features;
    const item = features.items[i]!;
    const { keys } = models.items;
    const first = keys[features.contextItem(0)];
    account.add("rules", first, amounts[owners.last]!);
    account.add("rules", keys[features.contextItem(1)], amounts[owners.second]!);
    account.add("rules", keys[features.contextItem(2)], amounts[owners.third]!);
    account.add("walk", first, amounts[owners.walk]!);
    account.add("popular", undefined, amounts[owners.popular]!);
    const repeated = features.isInContext(item) ? keys[item] : undefined;
    account.add("repeat", repeated, amounts[owners.repeat]!);
    const parts = this.#parts;
    parts.length = 0;
    for (let back = 0; back < trailCount; back++) {
      const amount = features.cosine(models, i, back);
      if (amount > 0) parts.push({ because: keys[features.contextItem(back)], amount });
    }
    addSplit(account, parts, amounts[owners.together]!, together);
  }
}

const together = Array.from({ length: trailCount }, () => "together");

/** Splits a whole that may be negative over the parts, each with the source that stands at its place. */
function addSplit(
  account: Account,
  parts: readonly Part[],
  whole: number,
  sources: readonly string[],
): void {
  if (whole === 0) return;
  const shares = split(parts, Math.abs(whole));
  if (shares === undefined) return account.add(sources[0]!, undefined, whole);
  const sign = Math.sign(whole);
  for (let at = 0; at < parts.length; at++)
    account.add(sources[at]!, parts[at]!.because, sign * shares[at]!);
}
