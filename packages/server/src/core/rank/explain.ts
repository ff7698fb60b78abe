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
/** Chance gave the item its slot: the share is what the slot's own item scored more. */
export const exploredReason = "explored";

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
  const reasons = rerank.reasons(ask, blend, item) ?? blendedReasons(blend, ask, item);
  for (const move of moves) reasons.push(move);
  let lost = blend.totals.get(item);
  for (const { share } of reasons) lost -= share;
  if (lost !== 0) reasons.push(reason(skipReason, key, lost));
  return ordered(reasons);
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
export function shortened(reasons: readonly Reason[], perSource: number): readonly Reason[] {
  if (reasons.length <= perSource) return reasons;
  const kept: Reason[] = [];
  const counts: { source: string; count: number; rest: number }[] = [];
  for (const one of reasons) {
    let of = counts.find(({ source }) => source === one.source);
    if (of === undefined) counts.push((of = { source: one.source, count: 0, rest: 0 }));
    if (++of.count <= perSource) kept.push(one);
    else of.rest += one.share;
  }
  if (kept.length === reasons.length) return reasons;
  for (const { source, count, rest } of counts) {
    if (count > perSource) kept.push(reason(source, undefined, rest));
  }
  return ordered(kept);
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
  return ordered(kept);
}

/** In place, by insertion: reasons are few and nearly in order. */
function ordered(reasons: Reason[]): Reason[] {
  for (let i = 1; i < reasons.length; i++) {
    const one = reasons[i]!;
    let at = i;
    for (; at > 0 && inOrder(one, reasons[at - 1]!) < 0; at--) reasons[at] = reasons[at - 1]!;
    reasons[at] = one;
  }
  return reasons;
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
