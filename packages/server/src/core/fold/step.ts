import type { Decision, InteractionEvent, PlaylistEvent } from "@attune/protocol";
import { sharedText } from "../../base/text.ts";
import type { Sessions } from "./columns/sessions.ts";
import { hasPurpose } from "./consent.ts";
import { contextDimensions, statedBy } from "./context.ts";
import { countInteraction, stateTraits, visit } from "./engagement.ts";
import { expose, markOutcome, markSeen } from "./exposures.ts";
import { enterRing, shift } from "./flow.ts";
import { type FoldRecord, type Step, isElement } from "./fold-record.ts";
import { keepPlaylist } from "./playlists.ts";
import { keepRow } from "./ranker-rows.ts";
import { type Sink, appendToSessions } from "./sessions.ts";
import type { FoldLimits, UserState } from "./state.ts";
import { react } from "./taste.ts";

/**
 * The two halves of folding a record: what depends on the order of event times (ring, sessions, taste,
 * visits) and what depends on the order of the log alone (the rest). `apply` takes both at once for a record
 * that is in order; `refold` sorts before it takes the first half. Neither asks whether the record is late.
 */

/** What the world should be told; the engine adds the id `partition:offset:index`. */
export type Effect =
  | { type: "session.started"; at: number }
  /** `at` is the time of the session's last interaction. */
  | { type: "session.ended"; at: number; startedAt: number; interactions: number }
  | { type: "consent.changed"; at: number; purpose: string; choice: string };

const noDimensions: readonly string[] = Object.freeze([]);

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
  state.lastAt = at;
  if (hasPurpose(bits, "analytics")) visit(state.visits, at, limits.sessionIdleMs);
  const { type, strength } = event;
  if (event.item === undefined || !hasPurpose(bits, "personalization")) return;

  const item = sharedText(event.item);
  const interaction = { item, type, strength, permille: event.permille ?? -1, at };
  enterRing(state, interaction, limits, sink);
  shift(state, at, limits);
  if (isElement(event)) extendSessions(state, item, event, at, limits, sink, effects);
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
  const { at, merged } = record.header;
  // The user's own words, not what we learn of them: no purpose is asked.
  if (step === "playlist") keepPlaylist(state, record.payload as PlaylistEvent, at, merged, limits);
  else if (step === "timed" || step === "seen") {
    const event = record.payload as InteractionEvent;
    if (hasPurpose(bits, "analytics")) countInteraction(state.counters, event.type, at, limits);
    if (!hasPurpose(bits, "personalization")) return;
    state.sequence++;
    if (step === "seen") markSeen(state, event, sink);
    else markOutcome(state, event, at, limits, sink);
  } else if (step === "identify" && hasPurpose(bits, "personalization")) {
    const { payload } = record;
    state.sequence++;
    if ("traits" in payload) stateTraits(state, payload.traits, at, limits);
  } else if (step === "decision" && hasPurpose(bits, "personalization")) {
    const decision = record.payload as Decision;
    if (decision.shadow === undefined) expose(state, decision, at, limits, sink);
    else keepRow(state, decision, at, limits, sink);
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
  const { sessions } = state;
  const previous = sessions.length - 1;
  const isOpen = state.dueAt !== 0;
  const endedAt = sessions.times[sessions.size - 1];
  const ended =
    effects !== undefined && isOpen && previous >= 0 ? sessionEnded(sessions, previous) : undefined;
  const opened = appendToSessions(state, item, at, dimensionsOf(event, at), limits, sink);
  if (opened && effects !== undefined) {
    if (ended !== undefined) effects.push(ended);
    effects.push({ type: "session.started", at });
  }
  // Of the same time as the last one: its timer is the same, and stays rung if it has rung.
  if (endedAt !== at) state.dueAt = at + limits.sessionIdleMs;
}

export function sessionEnded(sessions: Sessions, s: number): Effect {
  const [start, end] = [sessions.startOf(s), sessions.endOf(s)];
  return {
    type: "session.ended",
    at: sessions.times[end - 1]!,
    startedAt: sessions.times[start]!,
    interactions: end - start,
  };
}

/** Few circumstances are met over and over: a list made anew for each event took 100 bytes of its state. */
const known = new Map<string, readonly string[]>();
const devices = new Map<string, readonly string[]>();
const knownMax = 1_024;

/** What the event states of its circumstances, as dimensions of its counts. */
function dimensionsOf({ context }: InteractionEvent, at: number): readonly string[] {
  if (context === undefined) return noDimensions;
  const { device, region, place, attributes, utcOffset } = context;
  const isPlain = region === undefined && place === undefined && attributes === undefined;
  if (!isPlain || utcOffset !== undefined) {
    const dimensions = statedBy(context, at);
    if (dimensions.length === 0) return noDimensions;
    return kept(known, JSON.stringify(dimensions), dimensions);
  }
  // Most events state a device alone: no text is made for it.
  if (device === undefined) return noDimensions;
  return devices.get(device) ?? kept(devices, device, contextDimensions(context));
}

function kept(
  lists: Map<string, readonly string[]>,
  key: string,
  dimensions: readonly string[],
): readonly string[] {
  const list = lists.get(key);
  if (list !== undefined) return list;
  if (lists.size === knownMax) lists.clear();
  lists.set(key, Object.freeze(dimensions));
  return dimensions;
}
