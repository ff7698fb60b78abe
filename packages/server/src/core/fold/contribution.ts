/**
 * A contribution is what one user's own records add to the shared sums: cells of signed integers, each a
 * function of that user's records alone, never of a model or of the catalogue. C(state) lists a user's
 * cells with positive deltas; forgetting adds the same cells with their signs turned.
 */
export type Contribution =
  | SessionCell
  | CooccurrenceCell
  | PopularityCell
  | RewardCell
  | RankerCell;

/**
 * The item at place `index` (0-based) of a session. A session is named by a 64-bit hash of (subject, start);
 * `minute` is the event time in whole minutes since 1970. Delta is +1 or -1. Cells of a session are added in
 * ascending and subtracted in descending order of index.
 */
export interface SessionCell {
  model: "sessions";
  keyHi: number;
  keyLo: number;
  index: number;
  item: string;
  minute: number;
  delta: number;
}

/** One user's taste holds both items (a < b in code units), or, with a = b, holds the item. Delta is +-1. */
export interface CooccurrenceCell {
  model: "cooccurrence";
  a: string;
  b: string;
  delta: number;
}

/**
 * One user touched the item: once a user, item and UTC day. `dimension` is "all", "device:<class>" or
 * "region:<name>" as the event stated it; `hour` is the event time in whole hours since 1970. The summary
 * coarsens hours to days and weeks as the clock records move on.
 */
export interface PopularityCell {
  model: "popularity";
  dimension: string;
  item: string;
  hour: number;
  delta: number;
}

export const rewardOutcomes = ["shown", "click", "complete", "skip", "purchase"] as const;
export type RewardOutcome = (typeof rewardOutcomes)[number];

/** A slot of a logged decision was seen, or what followed from it. `day` is whole days since 1970. */
export interface RewardCell {
  model: "rewards";
  placement: string;
  item: string;
  outcome: RewardOutcome;
  day: number;
  delta: number;
}

/**
 * How one decision was answered: the features of what was taken and of some that were seen and left, as they
 * were when the decision was made. The layout of `row` is that of sum/ranker.ts.
 */
export interface RankerCell {
  model: "ranker";
  placement: string;
  row: Uint8Array;
  delta: number;
}

export type ModelName = Contribution["model"];
