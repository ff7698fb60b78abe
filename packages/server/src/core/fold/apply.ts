import type { ConsentEvent, InteractionEvent } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { enterConsent, isFolded, isFoldedPurpose, takesEffect } from "./consent.ts";
import type { Contribution } from "./contribution.ts";
import { type FoldRecord, type TickPayload, stepOf } from "./fold-record.ts";
import { type FoldLimits, type UserState, emptyState } from "./state.ts";
import { type Effect, foldInLog, foldInTime, sessionEnded } from "./step.ts";

export { contributionsOf } from "./contributions.ts";
export { refold } from "./refold.ts";
export type { FoldRecord, TickPayload } from "./fold-record.ts";
export type { Effect } from "./step.ts";

/**
 * The step of the fold, one record at a time in log order. Law: after every step the state is `refold` of the
 * records so far, and what all steps emitted adds up to C(state); a step that cannot keep this says `refold`.
 */
export type Applied =
  | {
      state: UserState;
      contributions: Contribution[];
      effects: Effect[];
      refold: false;
      /** True for an event older than what the cap has dropped: it stays in the log and counts nowhere. */
      late: boolean;
    }
  /**
   * The record changes the past (out of order, or a refusal): nothing was changed, and the caller must refold
   * over all records, this one included. The effects are to be told either way.
   */
  | { refold: true; effects: Effect[] };

/**
 * Changes `state` in place and returns it with what the step adds to the sums, C(after) - C(before), and
 * what the world should be told. Once a record asks for it, one refold at the end of a commit makes up for
 * all of the user's records in it.
 */
export function apply(
  state: UserState | undefined,
  record: FoldRecord,
  limits: Readonly<FoldLimits>,
): Applied {
  const { header, payload } = record;
  const user = state ?? emptyState(header.tenant, header.subject);
  assert(user.subject === header.subject, "the record is another user's");
  assert(user.tenant === header.tenant, "the record is another tenant's");
  const step = stepOf(record);
  const bits = header.purposes;
  const effects: Effect[] = [];
  if (step === "consent") return applyConsent(user, record, payload as ConsentEvent);
  if (step === "tick") applyTick(user, payload as TickPayload, effects);
  else if (!isFolded(bits) && step !== "playlist") return applied(user, [], effects);

  const contributions: Contribution[] = [];
  if (step === "timed") {
    if (header.at < user.lastAt) {
      return header.at <= user.horizon
        ? { ...applied(user, contributions, effects), late: true }
        : { refold: true, effects };
    }
    const event = payload as InteractionEvent;
    foldInTime(user, event, header.at, bits, limits, contributions, effects);
  }
  foldInLog(user, record, step, bits, limits, contributions);
  return applied(user, contributions, effects);
}

function applied(
  state: UserState,
  contributions: Contribution[],
  effects: Effect[],
): Extract<Applied, { refold: false }> {
  return { state, contributions, effects, refold: false, late: false };
}

/** A timer that was set again since, or has rung already, is void. */
function applyTick(state: UserState, tick: TickPayload, effects: Effect[]): void {
  if (state.dueAt === 0 || tick.dueAt !== state.dueAt) return;
  state.dueAt = 0;
  effects.push(sessionEnded(state.sessions, state.sessions.length - 1));
}

/** Consents act from their place in the log; a refusal takes back what was folded for its purpose. */
function applyConsent(state: UserState, record: FoldRecord, event: ConsentEvent): Applied {
  const { at, merged } = record.header;
  const { purpose, choice } = event;
  const known = state.consents.get(purpose);
  const effects: Effect[] = [];
  if (takesEffect(known, merged) && known?.choice !== choice) {
    effects.push({ type: "consent.changed", at, purpose, choice });
  }
  if (choice !== "granted" && isFoldedPurpose(purpose)) {
    const lives =
      purpose === "analytics"
        ? state.counters.total.some((count) => count > 0)
        : state.sequence > 0 || state.exposures.length > 0 || state.rankerRows.length > 0;
    if (lives) return { refold: true, effects };
  }
  enterConsent(state, event, merged);
  return applied(state, [], effects);
}
