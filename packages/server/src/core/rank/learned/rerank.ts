import type { Reason } from "@attune/protocol";
import type { Models } from "../../sum/models.ts";
import { type Blend, split } from "../blend.ts";
import { groupCount, groups, type Owner } from "./groups.ts";
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

  /** Why a candidate has its score; undefined for an item that was not ordered again. */
  reasons(ask: Ask, blend: Blend, item: number): Reason[] | undefined {
    const { bins, items, count } = this.#features;
    const theta = this.#theta;
    if (theta === undefined) return undefined;
    let i = 0;
    while (i < count && items[i] !== item) i++;
    if (i === count) return undefined;
    const amounts: Record<Owner, number> = {
      blend: this.#linear(theta, i),
      last: 0,
      second: 0,
      third: 0,
      together: 0,
      walk: 0,
      popular: 0,
      repeat: 0,
    };
    for (let g = 0; g < groupCount; g++)
      amounts[groups[g]!.owner] += theta[bins[i * groupCount + g]!]!;
    const reasons: Reason[] = [];
    addBlended(reasons, ask, blend, item, amounts.blend);
    this.#addOwn(reasons, ask.models, i, amounts);
    push(reasons, liftReason, undefined, this.#lift);
    return reasons.filter(({ share }) => share !== 0);
  }

  #addOwn(
    reasons: Reason[],
    models: Models,
    i: number,
    amounts: Readonly<Record<Owner, number>>,
  ): void {
    const features = this.#features;
    const item = features.items[i]!;
    const { keys } = models.items;
    const [first, second, third] = [0, 1, 2].map((back) => keys[features.contextItem(back)]);
    push(reasons, "rules", first, amounts.last);
    push(reasons, "rules", second, amounts.second);
    push(reasons, "rules", third, amounts.third);
    push(reasons, "walk", first, amounts.walk);
    push(reasons, "popular", undefined, amounts.popular);
    push(reasons, "repeat", features.isInContext(item) ? keys[item] : undefined, amounts.repeat);
    const parts: Part[] = [];
    for (let back = 0; back < trailCount; back++) {
      const amount = features.cosine(models, i, back);
      if (amount > 0) parts.push({ because: keys[features.contextItem(back)], amount });
    }
    addSplit(reasons, parts, amounts.together, () => "together");
  }
}

/** A share of the blend, split over sources and events as the blend's own score of the item is. */
function addBlended(reasons: Reason[], ask: Ask, blend: Blend, item: number, whole: number): void {
  const names: string[] = [];
  const parts: Part[] = [];
  for (let s = 0; s < blend.sources.length; s++) {
    for (const part of blend.parts(s, ask, item)) {
      parts.push(part);
      names.push(blend.sources[s]!.name);
    }
  }
  addSplit(reasons, parts, whole, (at) => names[at]!);
}

/** Splits a whole that may be negative over the parts. */
function addSplit(
  reasons: Reason[],
  parts: readonly Part[],
  whole: number,
  sourceOf: (at: number) => string,
): void {
  const shares = split(parts, Math.abs(whole));
  if (shares === undefined) return push(reasons, sourceOf(0), undefined, whole);
  const sign = Math.sign(whole);
  for (let at = 0; at < parts.length; at++) {
    push(reasons, sourceOf(at), parts[at]!.because, sign * shares[at]!);
  }
}

/** One reason for each source and event: a further share is added to the one there is. */
function push(reasons: Reason[], source: string, because: string | undefined, share: number): void {
  if (share === 0) return;
  for (let at = 0; at < reasons.length; at++) {
    const known = reasons[at]!;
    if (known.source !== source || known.because !== because) continue;
    reasons[at] = { ...known, share: known.share + share };
    return;
  }
  reasons.push(because === undefined ? { source, share } : { source, because, share });
}
