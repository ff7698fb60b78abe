import type { Prediction } from "@attune/protocol";
import { type Action, actions, situationsMax, situationsPerAction } from "../fold/contribution.ts";
import { assertCurrent, type Permit } from "../fold/consent.ts";
import { Ring } from "../fold/columns/ring.ts";
import { situationAt, streakAt } from "../fold/flow.ts";
import { type FoldLimits, foldLimits, type UserState } from "../fold/state.ts";
import type { Flow } from "../sum/flow.ts";
import type { Models } from "../sum/models.ts";
import { SkipRisk } from "./adjust/skip-risk.ts";

/**
 * What the person is likely to do next, from counts of what others did in the same situation: whether the
 * session ends, which action follows, which of the answer's items would be skipped, and so which are worth
 * loading. Pure like a rank. Without a permit, or without a session that is open, it speaks of anybody.
 */
const one = 1000;
/** A situation with few visits is drawn to those that are like it in all but its finest trait, by this many. */
const situationPrior = 40;
/** Values of the finest trait, then of the two finest, and so on: repeat, gap, steps, skips, action. */
const spans = [1, 3, 18, 108, situationsPerAction, situationsMax] as const;
const prefetchMax = 8;
/** Chance of being reached and heard, in thousandths, from which an item is worth loading. */
const worthMin = 250;

export function predict(
  permit: Permit<"personalization"> | undefined,
  state: UserState | undefined,
  models: Models,
  items: readonly string[],
  now: number,
  limits: Readonly<FoldLimits> = foldLimits,
): Prediction {
  if (permit !== undefined && state !== undefined) assertCurrent(permit, state);
  const ring = permit === undefined || state === undefined ? new Ring() : state.ring;
  const last = ring.at(-1);
  const isOpen = last !== undefined && now - last.at <= limits.sessionIdleMs;
  const pSkip = skipsOf(models, items, isOpen ? streakAt(ring, ring.length, limits) : 0);
  const situation = isOpen ? situationAt(ring, ring.length - 1, limits) : undefined;
  const ends = endsOf(models.flow, situation);
  return {
    pSkip,
    ...(isOpen && ends !== undefined ? { pSessionEnd: ends } : {}),
    ...nextActionOf(models.flow, situation, ends),
    prefetch: prefetchOf(items, pSkip, ends ?? 0),
  };
}

/** In thousandths by item; none while no play was ever counted. */
function skipsOf(models: Models, items: readonly string[], streak: number): number[] | undefined {
  const risk = new SkipRisk();
  if (!risk.begin(models)) return undefined;
  return items.map((item) => risk.permille(models.items.find(item), streak));
}

/** The chance that nothing follows in the session, in thousandths; undefined while nothing was counted. */
function endsOf(flow: Flow, situation: number | undefined): number | undefined {
  let rate = -1;
  for (const [from, to] of rangesOf(situation)) {
    let reached = 0;
    let left = 0;
    for (let at = Math.max(from, situationsPerAction); at < to; at++) {
      reached += flow.reached[at]!;
      left += flow.left[at]!;
    }
    if (rate < 0 && reached <= 0) return undefined;
    const ended = Math.max(0, reached - left);
    rate =
      rate < 0 ? ended / reached : (ended + situationPrior * rate) / (reached + situationPrior);
  }
  return Math.round(one * rate);
}

/** The likeliest action, with the chance of each end of the story taken together. */
function nextActionOf(
  flow: Flow,
  situation: number | undefined,
  ends: number | undefined,
): Pick<Prediction, "nextAction"> {
  if (situation === undefined || ends === undefined) return {};
  let shares = new Float64Array(actions.length);
  for (const [level, [from, to]] of rangesOf(situation).entries()) {
    const counts = new Float64Array(actions.length);
    let sum = 0;
    for (let at = Math.max(from, situationsPerAction); at < to; at++) {
      flow.eachFrom(at, (next, count) => {
        const place = Math.floor(next / situationsPerAction) - 1;
        counts[place] = counts[place]! + count;
        sum += count;
      });
    }
    const prior = level === 0 ? 0 : situationPrior;
    if (sum + prior <= 0) return {};
    shares = counts.map((count, place) => (count + prior * shares[place]!) / (sum + prior));
  }
  let best: Action | "end" = "end";
  let p = ends;
  for (const [place, action] of actions.entries()) {
    const permille = Math.round((one - ends) * shares[place]!);
    if (permille > p) [best, p] = [action, permille];
  }
  return { nextAction: { action: best, p } };
}

/** The situations that are like this one, from all of them down to itself alone. */
function rangesOf(situation: number | undefined): [number, number][] {
  if (situation === undefined) return [[0, situationsMax]];
  return spans.toReversed().map((span) => {
    const from = situation - (situation % span);
    return [from, Math.min(situationsMax, from + span)];
  });
}

/** From the head of the list, while it is likely that the person gets there and likes to stay. */
function prefetchOf(
  items: readonly string[],
  pSkip: readonly number[] | undefined,
  ends: number,
): string[] {
  const worth: string[] = [];
  let reach = one;
  for (const [slot, item] of items.entries()) {
    reach = Math.floor((reach * (one - ends)) / one);
    if (worth.length === prefetchMax || reach < worthMin) break;
    const heard = Math.floor((reach * (one - (pSkip?.[slot] ?? 0))) / one);
    if (heard >= worthMin) worth.push(item);
  }
  return worth;
}
