import type { Reason } from "@attune/protocol";
import type { Account } from "./account.ts";
import type { Blend } from "./blend.ts";
import type { Rerank } from "./learned/rerank.ts";
import type { Ask } from "./source.ts";

/**
 * Why an item stands where it stands: the term of every source, split over the user's own events. Law: the
 * shares of an item sum to its score exactly, and their order is canonical (see Account).
 */
const skipReason = "skip";
export const catalogueReason = "catalogue";
/** Chance gave the item its slot: the share is what the slot's own item scored more. */
export const exploredReason = "explored";

/**
 * Writes the whole account of an item. `because` of a skip is the item itself, its share is negative. `moves` are the
 * reasons of the steps behind the blend, which know their own shares.
 */
export function explain(
  account: Account,
  blend: Blend,
  rerank: Rerank,
  ask: Ask,
  item: number,
  key: string,
  moves: readonly Reason[],
): void {
  account.clear();
  if (!rerank.explain(account, ask, blend, item)) enterBlended(account, blend, ask, item);
  for (const { source, because, share } of moves) account.enter(source, because, share);
  const lost = blend.totals.get(item) - account.total;
  if (lost !== 0) account.enter(skipReason, key, lost);
  account.sort();
}

function enterBlended(account: Account, blend: Blend, ask: Ask, item: number): void {
  for (let s = 0; s < blend.sources.length; s++) {
    const { name } = blend.sources[s]!;
    for (const { because, amount } of blend.parts(s, ask, item))
      account.enter(name, because, amount);
  }
}
