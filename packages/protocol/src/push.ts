import type { Context } from "./event.ts";
import type { Reason } from "./recommendation.ts";

/** What a client asks for when it subscribes to `reco:{placement}#{user}`. */
export interface LiveRequest {
  limit?: number | undefined;
  context?: Context | undefined;
  /** Items the person can see: they keep their slots. On a list that was never sent they are its head. */
  onScreen?: readonly string[] | undefined;
}

export interface LiveItem {
  id: string;
  score: number;
  /** Their shares sum to the score. */
  reasons: readonly Reason[];
  /** What must be written on it, such as "Sponsored". */
  label?: string | undefined;
  /** Attributes from the catalogue, where it has the item. */
  item?: unknown;
}

/** A whole list: in the answer to a subscribe, and as a publication to a client that fell behind. */
export interface LiveList {
  type: "recommendation.list";
  placement: string;
  /** Counts the lists of this stream; the number a later diff starts from. */
  v: number;
  decisionId: string;
  /** Position of the log that the list reflects. */
  position: string;
  /** False: what anybody would be shown, since the person has not permitted more. */
  personal: boolean;
  items: readonly LiveItem[];
}

/** What turns list `from` into list `v`: take `order`, with the entries that are given here anew. */
export interface LiveDiff {
  type: "recommendation.changed";
  placement: string;
  v: number;
  from: number;
  decisionId: string;
  position: string;
  personal: boolean;
  /** Ids of the whole new list, in order. */
  order: readonly string[];
  /** Entries that are new, or whose reasons name something else than before. */
  set: readonly LiveItem[];
  /** Entries of which numbers alone changed: id -> score, then the share of each reason. */
  shares: Readonly<Record<string, readonly number[]>>;
}
