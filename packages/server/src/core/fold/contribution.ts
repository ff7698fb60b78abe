/**
 * A contribution is what one user's own records add to the shared sums: cells of signed integers, each a
 * function of that user's records alone, never of a model or of the catalogue. C(state) lists a user's
 * cells with positive deltas; forgetting adds the same cells with their signs turned.
 */
export type Contribution<N extends Named = string> =
  | SessionCell<N>
  | CooccurrenceCell<N>
  | PopularityCell<N>
  | RewardCell<N>
  | AudienceCell<N>
  | RankerCell<N>
  | FlowCell
  | SkipCell<N>;

/** Fold names items, placements and dimensions; whoever tails cells may have a number for each name instead. */
export type Named = string | number;

/**
 * The item at place `index` (0-based) of a session. A session is named by a 64-bit hash of (subject, start);
 * `minute` is the event time in whole minutes since 1970. Delta is +1 or -1. Cells of a session are added in
 * ascending and subtracted in descending order of index.
 */
export interface SessionCell<N extends Named = string> {
  model: "sessions";
  keyHi: number;
  keyLo: number;
  index: number;
  item: N;
  minute: number;
  delta: number;
}

/** One user's taste holds both items (a < b in code units), or, with a = b, holds the item. Delta is +-1. */
export interface CooccurrenceCell<N extends Named = string> {
  model: "cooccurrence";
  a: N;
  b: N;
  delta: number;
}

/**
 * One user touched the item: once a user, item and UTC day. `dimension` is "all" or what the event
 * stated: "device:<class>", "region:<name>", "place:<name>", "a.<attribute>:<value>"; `hour` is the event time in whole hours since 1970. The summary
 * coarsens hours to days and weeks as the clock records move on.
 */
export interface PopularityCell<N extends Named = string> {
  model: "popularity";
  dimension: N;
  item: N;
  hour: number;
  /** The part of the week (`timeSliceOf`) by the user's clocks, of "all", where it is not that of `hour`. */
  slice?: number | undefined;
  delta: number;
}

const dayHours = 24;
const weekDays = 7;
/** The first of January 1970 was a Thursday: days since then, plus this, start on a Monday. */
const mondayOffset = 3;
const saturday = 5;
/** Night, morning, afternoon and evening, of a weekday and of a day of the weekend. */
const bandHours = 6;
export const bandsOfDay = dayHours / bandHours;
export const timeSlices = bandsOfDay * 2;

/** The slice of time (0..timeSlices-1) that an hour (whole hours since 1970) belongs to. */
export function timeSliceOf(hour: number): number {
  const day = (Math.floor(hour / dayHours) + mondayOffset) % weekDays;
  const band = Math.floor((hour % dayHours) / bandHours);
  return (day >= saturday ? bandsOfDay : 0) + band;
}

export const rewardOutcomes = ["shown", "click", "complete", "skip", "purchase"] as const;
export type RewardOutcome = (typeof rewardOutcomes)[number];

/** Slices of the circumstances that a request states; 0 is none (fold/context.ts says which is which). */
export const rewardSlices = 25;

/** A slot of a logged decision was seen, or what followed from it. `day` is whole days since 1970. */
export interface RewardCell<N extends Named = string> {
  model: "rewards";
  placement: N;
  item: N;
  outcome: RewardOutcome;
  /** That of the decision's own request, below `rewardSlices`. */
  slice: number;
  day: number;
  delta: number;
}

/** People by how much was known of them when an answer was made: see fold/audiences.ts. */
export const audiences = ["new", "regular", "heavy"] as const;
export type Audience = (typeof audiences)[number];

/** What the reader of an answer took next stood in which list: the answer, the most popular items, both. */
export const verdicts = ["neither", "listed", "popular", "both"] as const;

export const audienceCounts = [...rewardOutcomes, ...verdicts] as const;
export type AudienceCount = (typeof audienceCounts)[number];

/** The same outcomes as in a RewardCell, whatever the item; and how answers were judged, once each at most. */
export interface AudienceCell<N extends Named = string> {
  model: "audiences";
  placement: N;
  audience: Audience;
  count: AudienceCount;
  day: number;
  delta: number;
}

/** Bytes of a row before its candidates: version, and how many features each has. Then by candidate a value, and its features ascending. */
export const rowHead = 2;

/** What the ranker foretells of a slot, each from rows of its own: that it is taken, heard to the end, skipped. */
export const rankerHeads = ["take", "complete", "skip"] as const;
export type RankerHead = (typeof rankerHeads)[number];

/** Of a row whose candidates stood in a list: where, and of how many of them, the first ones, `head` is true. */
export interface ShownRow {
  head: RankerHead;
  count: number;
  /** By candidate, from 0. */
  slots: Uint8Array;
}

/**
 * How one decision was answered: the features of what was taken and of some that were seen and left, as they
 * were when the decision was made. The layout of `row` is that of sum/ranker.ts. Without `shown` the first
 * candidate was taken, and none of them was in a list.
 */
export interface RankerCell<N extends Named = string> {
  model: "ranker";
  placement: N;
  row: Uint8Array;
  shown?: ShownRow | undefined;
  delta: number;
}

/** What an interaction is to the flow of a session, in classes. */
export const actions = ["view", "play", "complete", "skip", "like", "add"] as const;
export type Action = (typeof actions)[number];

/** Situations of one action; those of the action at place n of `actions` start at (n + 1) times as many. */
export const situationsPerAction = 324;
export const situationsMax = situationsPerAction * (actions.length + 1);

/**
 * One of the user's newest interactions: the situation in which it left the user, and the one before it in the
 * session (see fold/flow.ts), 0 when it opened the session. So the cells that come from a situation, of those
 * that came to it, are how often it went on.
 */
export interface FlowCell {
  model: "flow";
  from: number;
  to: number;
  delta: number;
}

/** Ways in which the plays before it in its session meet a play: see fold/flow.ts. */
export const streaksMax = 25;

/** One of the user's newest plays, skipped or not, and what became of the plays before it. */
export interface SkipCell<N extends Named = string> {
  model: "skips";
  item: N;
  streak: number;
  isSkipped: boolean;
  delta: number;
}

/** `contexts` takes the cells of popularity: what they say beyond counts over time. */
export type ModelName = Contribution["model"] | "contexts";
