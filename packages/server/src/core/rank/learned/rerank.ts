import type { Reason } from "@attune/protocol";
import type { Models } from "../../sum/models.ts";
import { apportion, type Blend } from "../blend.ts";
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
    groups.forEach(({ owner }, g) => (amounts[owner] += theta[bins[i * groupCount + g]!]!));
    const reasons = blended(ask, blend, item, amounts.blend);
    this.#addOwn(reasons, ask.models, i, amounts);
    if (this.#lift !== 0) reasons.push({ source: liftReason, share: this.#lift });
    return merged(reasons);
  }

  #addOwn(
    reasons: Reason[],
    models: Models,
    i: number,
    amounts: Readonly<Record<Owner, number>>,
  ): void {
    const features = this.#features;
    const item = features.items[i]!;
    const push = (source: string, because: number, share: number): void => {
      if (share === 0) return;
      const key = models.items.keys[because];
      reasons.push(key === undefined ? { source, share } : { source, because: key, share });
    };
    push("rules", features.contextItem(0), amounts.last);
    push("rules", features.contextItem(1), amounts.second);
    push("rules", features.contextItem(2), amounts.third);
    push("walk", features.contextItem(0), amounts.walk);
    push("popular", -1, amounts.popular);
    push("repeat", features.isInContext(item) ? item : -1, amounts.repeat);
    const parts: Part[] = [];
    for (let back = 0; back < trailCount; back++) {
      const amount = features.cosine(models, i, back);
      if (amount > 0) parts.push({ because: String(features.contextItem(back)), amount });
    }
    for (const { because, amount } of signed(parts, amounts.together)) {
      push("together", because === undefined ? -1 : Number(because), amount);
    }
  }
}

/** A share of the blend, split over sources and events as the blend's own score of the item is. */
function blended(ask: Ask, blend: Blend, item: number, whole: number): Reason[] {
  const origins: { source: string; because: string | undefined }[] = [];
  const parts: Part[] = [];
  blend.sources.forEach(({ name }, s) => {
    for (const { because, amount } of blend.parts(s, ask, item)) {
      parts.push({ because: String(origins.length), amount });
      origins.push({ source: name, because });
    }
  });
  return signed(parts, whole).map(({ because: at, amount: share }) => {
    const { source, because } = origins[Number(at)]!;
    return because === undefined ? { source, share } : { source, because, share };
  });
}

/** `apportion` of a whole that may be negative. */
function signed(parts: readonly Part[], whole: number): Part[] {
  if (whole >= 0) return apportion(parts, whole);
  return apportion(parts, -whole).map((part) => ({ ...part, amount: -part.amount }));
}

/** One reason for each source and event; those that cancel out are gone. */
function merged(reasons: readonly Reason[]): Reason[] {
  const sums = new Map<string, Reason>();
  for (const one of reasons) {
    const name = `${one.source} ${one.because ?? ""}`;
    const known = sums.get(name);
    sums.set(name, known === undefined ? one : { ...known, share: known.share + one.share });
  }
  return [...sums.values()].filter(({ share }) => share !== 0);
}
