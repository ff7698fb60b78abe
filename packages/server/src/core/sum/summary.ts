import type { Contribution, ModelName, Named } from "../fold/contribution.ts";

/** Sums are exact up to here; a larger one is a fault of the caller and stops the partition. */
export const sumMax = 2 ** 52;

/**
 * One additive model: a map from keys to signed integers under addition, an abelian group.
 *
 * Duties of an implementation. The order and grouping of adds never matter, not even when a subtract comes
 * before its add; add then subtract leaves the same bytes (a cell that reaches zero is gone); `encode` is
 * canonical: equal content gives equal bytes, in order of external keys, whatever the history; `digest` runs
 * along at O(1) a change and agrees with equality of `encode`. Layout (dense ids, posting order, table
 * sizes) shows in none of them. Sums are exact up to 2^52 and assert beyond.
 *
 * Duties of a caller. Contributions come from `fold` alone, and what was added is what gets subtracted.
 */
export interface Summary<C extends Contribution<Named>> {
  readonly model: ModelName;
  add(contribution: C): void;
  /** The same as adding it with its delta negated. */
  subtract(contribution: C): void;
  /** Adds every cell of another part of the same model. */
  merge(other: this): void;
  /** Canonical bytes; the static `decode` of the class gives an equal summary back. */
  encode(): Uint8Array;
  /** The running multiset digest, 64 hex digits. */
  digest(): string;
  /** Number of cells that are not zero. */
  readonly size: number;
  /** Bytes held by the arrays of the layout, for the meter. */
  readonly bytes: number;
}
