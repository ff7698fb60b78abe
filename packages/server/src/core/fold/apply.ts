import type { Decision, UserEvent } from "@attune/protocol";
import type { RecordHeader } from "../../base/record.ts";
import type { Contribution } from "./contribution.ts";
import type { FoldLimits, UserState } from "./state.ts";

/** A record as fold sees it: its header, its place in the user's log order, and its decoded payload. */
export interface FoldRecord {
  header: RecordHeader;
  payload: UserEvent | Decision | TickPayload;
}

/** The user's session idle timer was due at `dueAt` (ms). */
export interface TickPayload {
  type: "tick";
  dueAt: number;
}

/** What the world should be told; the engine adds the id `partition:offset:index`. */
export type Effect =
  | { type: "session.started"; at: number }
  | { type: "session.ended"; at: number; startedAt: number; interactions: number }
  | { type: "consent.changed"; at: number; purpose: string; choice: string };

export type Applied =
  | { state: UserState; contributions: Contribution[]; effects: Effect[]; refold: false }
  /** The record changes the past (late, or a withdrawal): the caller must refold; nothing was changed. */
  | { refold: true };

/**
 * The step of the fold. Changes `state` in place and returns it with what the step adds to the sums,
 * C(after) - C(before), and what the world should be told.
 */
export declare function apply(
  state: UserState | undefined,
  record: FoldRecord,
  limits: Readonly<FoldLimits>,
): Applied;

/** Folds all of a user's records, given in log order, from nothing. */
export declare function refold(
  records: readonly FoldRecord[],
  limits: Readonly<FoldLimits>,
): UserState | undefined;

/** C(state): everything the user adds to the sums, deltas positive, sessions in ascending order. */
export declare function contributionsOf(state: UserState, limits: Readonly<FoldLimits>): Contribution[];
