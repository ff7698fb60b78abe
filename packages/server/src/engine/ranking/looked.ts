import type { RecommendationRequest } from "@attune/protocol";
import { rowText } from "../../core/fold/ranker-rows.ts";
import type { UserState } from "../../core/fold/state.ts";
import { rowOf } from "../../core/rank/learned/row.ts";
import type { Grounds } from "./ranked.ts";

/** Somebody who acts without a list, just before they take an item. */
export interface Look {
  request: RecommendationRequest;
  state: UserState;
  /** What they take. */
  item: string;
  /** Says which others go along in the row. */
  seed: number;
}

/**
 * The row of the ranker that this makes, as a decision carries it: what the ranker would have looked at, and what was taken
 * of that. Undefined where it teaches nothing. The same on every thread that has the same sums.
 */
export function looked(
  { models, catalogue, definitions, ranker }: Grounds,
  { request, state, item, seed }: Look,
): string | undefined {
  const target = models.items.find(item);
  if (target === -1) return undefined;
  const row = rowOf(ranker.look(state, models, catalogue, definitions, request), target, seed);
  return row && rowText(row);
}
