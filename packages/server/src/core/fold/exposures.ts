import type { Decision, InteractionEvent, InteractionType } from "@attune/protocol";
import { addVerdict, audienceOf, count, judge, supersede } from "./audiences.ts";
import { rewardSlice } from "./context.ts";
import type { Contribution, RewardOutcome } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import { changeRows, featuresOf, shownRows } from "./shown-rows.ts";
import { type Exposure, type FoldLimits, outcomeBits, type UserState } from "./state.ts";

/**
 * Logged decisions as the user's own facts, and what came of their slots. Folded in log order, not by event
 * time: a decision stands in the log before the user can see it, while a client's clock may say otherwise.
 * Law: what is emitted here is the cells of rewards, audiences and the ranker after the step minus those before.
 */
const dayMs = 86_400_000;

const bits: Readonly<Record<RewardOutcome, number>> = outcomeBits;
const { shown } = outcomeBits;
const outcomes = Object.keys(bits) as RewardOutcome[];
/** What a user does who takes an item: by these an answer is judged. */
const takes = bits.click | bits.purchase;

/** What an interaction says about the slot it answers; 0 is nothing. */
const answers: Record<InteractionType, number> = {
  view: bits.click,
  play: bits.click,
  like: bits.click,
  add: bits.click,
  save: bits.click,
  share: bits.click,
  complete: bits.complete,
  skip: bits.skip,
  dislike: bits.skip,
  purchase: bits.purchase,
  search: 0,
  seen: 0,
};

/** Takes in a decision; exposures stay ordered by time, equal times by log order, newest `exposuresMax`. */
export function expose(
  state: UserState,
  decision: Decision,
  at: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
): void {
  const items = [...(decision.shown ?? decision.slots.map((slot) => slot.item))];
  const { exposures } = state;
  const exposure: Exposure = {
    decisionId: decision.id,
    placement: decision.request.placement,
    at,
    items,
    outcomes: items.map(() => 0),
    slice: rewardSlice(decision.request.context, decision.request.now),
    audience: audienceOf(decision.sequence),
    popular: decision.popular,
    verdict: 0,
    features: featuresOf(decision, items),
  };
  supersede(exposures, exposure.placement);
  let place = exposures.length;
  while (place > 0 && exposures[place - 1]!.at > at) place--;
  if (place === exposures.length) exposures.push(exposure);
  else exposures.splice(place, 0, exposure);
  if (exposures.length <= limits.exposuresMax) return;
  const dropped = exposures.shift()!;
  if (sink !== undefined) addExposure(dropped, -1, sink);
}

/** The event `seen`: these slots were looked at. Without slots nothing is known to have been seen. */
export function markSeen(state: UserState, event: InteractionEvent, sink: Sink): void {
  const exposure = event.decisionId === undefined ? undefined : find(state, event.decisionId);
  if (exposure === undefined || event.slots === undefined) return;
  const rows = sink === undefined ? [] : shownRows(exposure);
  let seen = 0;
  for (const slot of event.slots) {
    if (Number.isSafeInteger(slot) && slot >= 0 && slot < exposure.items.length) {
      seen += mark(exposure, slot, shown, sink);
    }
  }
  // One cell for all of them: `shown` is the bit 1.
  if (seen === 0 || sink === undefined) return;
  count(exposure, "shown", seen, sink);
  changeRows(rows, exposure, sink);
}

/** What followed: for the decision that the event names, else for the newest recent one with its item. */
export function markOutcome(
  state: UserState,
  event: InteractionEvent,
  at: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
): void {
  const { item } = event;
  const answer = answers[event.type];
  if (item === undefined || answer === 0 || state.exposures.length === 0) return;
  if ((answer & takes) !== 0) judge(state.exposures, item, at, limits.sessionIdleMs, sink);
  const exposure =
    event.decisionId === undefined
      ? newestWith(state.exposures, item, at, limits.sessionIdleMs)
      : find(state, event.decisionId);
  const slot = exposure === undefined ? -1 : exposure.items.indexOf(item);
  if (slot < 0) return;
  const rows = sink === undefined ? [] : shownRows(exposure!);
  const added = mark(exposure!, slot, answer | shown, sink);
  if (sink === undefined || added === 0) return;
  changeRows(rows, exposure!, sink);
  for (const outcome of outcomes) {
    if ((added & bits[outcome]) !== 0) count(exposure!, outcome, 1, sink);
  }
}

/** The cells of all exposures, oldest first. */
export function addExposures(exposures: readonly Exposure[], sink: Contribution[]): void {
  for (const exposure of exposures) addExposure(exposure, 1, sink);
}

function find(state: UserState, decisionId: string): Exposure | undefined {
  const { exposures } = state;
  for (let i = exposures.length - 1; i >= 0; i--) {
    if (exposures[i]!.decisionId === decisionId) return exposures[i];
  }
  return undefined;
}

function newestWith(
  exposures: readonly Exposure[],
  item: string,
  at: number,
  idleMs: number,
): Exposure | undefined {
  for (let i = exposures.length - 1; i >= 0; i--) {
    const exposure = exposures[i]!;
    if (exposure.at > at) continue;
    if (at - exposure.at > idleMs) return undefined;
    if (exposure.items.includes(item)) return exposure;
  }
  return undefined;
}

/** Returns the bits that are new. */
function mark(exposure: Exposure, slot: number, found: number, sink: Sink): number {
  const before = exposure.outcomes[slot]!;
  exposure.outcomes[slot] = before | found;
  const added = found & ~before;
  if (added !== 0 && sink !== undefined) addSlot(exposure, slot, added, 1, sink);
  return added;
}

function addExposure(exposure: Exposure, delta: 1 | -1, sink: Contribution[]): void {
  for (const outcome of outcomes) {
    const bit = bits[outcome];
    const slots = exposure.outcomes.reduce((sum, found) => sum + Number((found & bit) !== 0), 0);
    if (slots > 0) count(exposure, outcome, delta * slots, sink);
  }
  addVerdict(exposure, delta, sink);
  for (const row of shownRows(exposure)) sink.push({ ...row, delta });
  for (let slot = 0; slot < exposure.items.length; slot++) {
    addSlot(exposure, slot, exposure.outcomes[slot]!, delta, sink);
  }
}

/** All cells of a decision lie in its own day, so that clicks are counted against what was shown. */
function addSlot(
  exposure: Exposure,
  slot: number,
  found: number,
  delta: 1 | -1,
  sink: Contribution[],
): void {
  const { placement, slice } = exposure;
  const item = exposure.items[slot]!;
  const day = Math.floor(exposure.at / dayMs);
  for (const outcome of outcomes) {
    if ((found & bits[outcome]) !== 0) {
      sink.push({ model: "rewards", placement, item, outcome, slice, day, delta });
    }
  }
}
