import type { Reason } from "@attune/protocol";
import type { Blend } from "./blend.ts";
import type { Rerank } from "./learned/rerank.ts";
import type { Ask } from "./source.ts";

/**
 * Why an item stands where it stands: the term of every source, split over the user's own events. Law: the
 * shares of an item sum to its score exactly, and their order is canonical: greatest first, then by source,
 * then by the event's item.
 */
const skipReason = "skip";
export const catalogueReason = "catalogue";

/**
 * The whole account of an item. `because` of a skip is the item itself, its share is negative. `moves` are the
 * reasons of the steps behind the blend, which know their own shares.
 */
export function reasonsOf(
  blend: Blend,
  rerank: Rerank,
  ask: Ask,
  item: number,
  key: string,
  moves: readonly Reason[],
): Reason[] {
  const scored = rerank.reasons(ask, blend, item) ?? blendedReasons(blend, ask, item);
  const reasons = [...moves, ...scored];
  const terms = reasons.reduce((sum, { share }) => sum + share, 0);
  const lost = blend.totals.get(item) - terms;
  if (lost !== 0) reasons.push(reason(skipReason, key, lost));
  return reasons.sort(inOrder);
}

function blendedReasons(blend: Blend, ask: Ask, item: number): Reason[] {
  const reasons: Reason[] = [];
  for (let s = 0; s < blend.sources.length; s++) {
    const source = blend.sources[s]!.name;
    for (const { because, amount } of blend.parts(s, ask, item)) {
      reasons.push(reason(source, because, amount));
    }
  }
  return reasons;
}

/** The first `perSource` reasons of each source; what is left of a source is one share without an event. */
export function shortened(reasons: readonly Reason[], perSource: number): Reason[] {
  const kept: Reason[] = [];
  const counts = new Map<string, number>();
  const rests = new Map<string, number>();
  for (const one of reasons) {
    const count = counts.get(one.source) ?? 0;
    counts.set(one.source, count + 1);
    if (count < perSource) kept.push(one);
    else rests.set(one.source, (rests.get(one.source) ?? 0) + one.share);
  }
  for (const [source, share] of rests) kept.push(reason(source, undefined, share));
  return kept.sort(inOrder);
}

/** The same where these items must not be named: their shares go to their source without an event. */
export function unnamed(reasons: readonly Reason[], isHidden: (item: string) => boolean): Reason[] {
  const kept: Reason[] = [];
  const rests = new Map<string, number>();
  for (const one of reasons) {
    const { source, because, share } = one;
    if (because !== undefined && !isHidden(because)) kept.push(one);
    else rests.set(source, (rests.get(source) ?? 0) + share);
  }
  for (const [source, share] of rests) kept.push(reason(source, undefined, share));
  return kept.sort(inOrder);
}

function reason(source: string, because: string | undefined, share: number): Reason {
  return because === undefined ? { source, share } : { source, because, share };
}

function inOrder(x: Reason, y: Reason): number {
  if (x.share !== y.share) return y.share - x.share;
  if (x.source !== y.source) return x.source < y.source ? -1 : 1;
  const a = x.because ?? "";
  const b = y.because ?? "";
  return a < b ? -1 : a > b ? 1 : 0;
}
