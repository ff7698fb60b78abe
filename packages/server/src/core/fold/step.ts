import type { Decision, InteractionEvent, InteractionType, UserEvent } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import type { RecordHeader } from "../../base/record.ts";
import { hasPurpose } from "./consent.ts";
import { countInteraction, stateTraits, visit } from "./engagement.ts";
import { expose, markOutcome, markSeen } from "./exposures.ts";
import { type Sink, appendToSessions } from "./sessions.ts";
import type { FoldLimits, UserState } from "./state.ts";
import { react } from "./taste.ts";

/**
 * The two halves of folding a record: what depends on the order of event times (ring, sessions, taste,
 * visits) and what depends on the order of the log alone (the rest). `apply` takes both at once for a record
 * that is in order; `refold` sorts before it takes the first half. Neither asks whether the record is late.
 */

/** A record as fold sees it: its header, its place in the user's log order, and its decoded payload. */
export interface FoldRecord {
  header: RecordHeader;
  payload: UserEvent | Decision | TickPayload;
}

/** The user's session idle timer was due at `dueAt` (ms). Void unless the state still waits for it. */
export interface TickPayload {
  type: "tick";
  dueAt: number;
}

/** What the world should be told; the engine adds the id `partition:offset:index`. */
export type Effect =
  | { type: "session.started"; at: number }
  /** `at` is the time of the session's last interaction. */
  | { type: "session.ended"; at: number; startedAt: number; interactions: number }
  | { type: "consent.changed"; at: number; purpose: string; choice: string };

/** What a record is to the fold; `none` has no effect and stays in the log for the person's export. */
export type Step = "timed" | "seen" | "identify" | "consent" | "decision" | "tick" | "none";

/** Interactions with an item that a session is made of. */
const formsSession: Record<InteractionType, boolean> = {
  view: true,
  play: true,
  complete: true,
  like: true,
  save: true,
  share: true,
  add: true,
  purchase: true,
  skip: false,
  dislike: false,
  search: false,
  seen: false,
};

const noDimensions: readonly string[] = Object.freeze([]);

export function stepOf(record: FoldRecord): Step {
  const { kind } = record.header;
  if (kind === "decision" || kind === "tick") return kind;
  if (kind !== "event") return "none";
  switch ((record.payload as UserEvent).type) {
    case "consent":
      return "consent";
    case "identify":
      return "identify";
    case "other":
      return "none";
    case "seen":
      return "seen";
    default:
      return "timed";
  }
}

/** Whether the record puts an item into a session, if it counts for personalization. */
export function isElement(record: FoldRecord): boolean {
  const event = record.payload as InteractionEvent;
  return event.item !== undefined && formsSession[event.type];
}

/** The half by event time, of an interaction that is not older than any before it. */
export function foldInTime(
  state: UserState,
  event: InteractionEvent,
  at: number,
  bits: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
  effects: Effect[] | undefined,
): void {
  assert(Number.isSafeInteger(at) && at >= 0, "event time is whole milliseconds since 1970");
  state.lastAt = at;
  if (hasPurpose(bits, "analytics")) visit(state.visits, at, limits.sessionIdleMs);
  const { item, type, strength } = event;
  if (item === undefined || !hasPurpose(bits, "personalization")) return;
  assert(Number.isSafeInteger(strength), "strength is an integer");
  // Packed as UTF-8: two items that differ in what UTF-8 cannot say would become one.
  assert(item.isWellFormed(), "item is well-formed text");

  state.ring.push({ item, type, strength, permille: event.permille ?? -1, at });
  if (state.ring.length > limits.ringMax) state.ring.shift();
  if (formsSession[type]) extendSessions(state, item, event, at, limits, sink, effects);
  react(state, item, type, strength, at, limits, sink);
}

/** The half by log order. `bits` are those that still hold: no refusal came after the record. */
export function foldInLog(
  state: UserState,
  record: FoldRecord,
  step: Step,
  bits: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
): void {
  const { at } = record.header;
  if (step === "timed" || step === "seen") {
    const event = record.payload as InteractionEvent;
    if (hasPurpose(bits, "analytics")) countInteraction(state.counters, event.type, at, limits);
    if (!hasPurpose(bits, "personalization")) return;
    state.sequence++;
    if (step === "seen") markSeen(state, event, sink);
    else markOutcome(state, event, at, limits, sink);
  } else if (step === "identify" && hasPurpose(bits, "personalization")) {
    const { payload } = record;
    state.sequence++;
    if ("traits" in payload) stateTraits(state.traits, payload.traits, at, limits);
  } else if (step === "decision" && hasPurpose(bits, "personalization")) {
    expose(state, record.payload as Decision, at, limits, sink);
  }
}

function extendSessions(
  state: UserState,
  item: string,
  event: InteractionEvent,
  at: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
  effects: Effect[] | undefined,
): void {
  const previous = state.sessions[state.sessions.length - 1];
  const isOpen = state.dueAt !== 0;
  const endedAt = previous === undefined ? undefined : previous.at[previous.at.length - 1]!;
  const opened = appendToSessions(state, item, at, dimensionsOf(event), limits, sink);
  if (opened && effects !== undefined) {
    if (previous !== undefined && isOpen) effects.push(sessionEnded(previous));
    effects.push({ type: "session.started", at });
  }
  // Of the same time as the last one: its timer is the same, and stays rung if it has rung.
  if (endedAt !== at) state.dueAt = at + limits.sessionIdleMs;
}

export function sessionEnded(session: { at: readonly number[] }): Effect {
  const { at } = session;
  return {
    type: "session.ended",
    at: at[at.length - 1]!,
    startedAt: at[0]!,
    interactions: at.length,
  };
}

function dimensionsOf(event: InteractionEvent): readonly string[] {
  const { context } = event;
  if (context === undefined) return noDimensions;
  const { device, region } = context;
  if (device === undefined) return region === undefined ? noDimensions : [`region:${region}`];
  return region === undefined ? [`device:${device}`] : [`device:${device}`, `region:${region}`];
}
