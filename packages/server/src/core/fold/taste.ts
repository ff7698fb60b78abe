import type { InteractionType } from "@attune/protocol";
import type { Reactions } from "./columns/reactions.ts";
import type { Contribution } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import { emptyMap, type FoldLimits, type UserState } from "./state.ts";

/**
 * What the user thinks of items, in order of event time, and the pairs of items they have a taste for.
 * Dislikes are kept in the order of their times, so that the oldest is at the front.
 * Law: what `react` emits is the pairs of the taste after it minus those before.
 */
const scoreMax = 1_000;

/** A liking of at least `tasteScoreMin` that no dislike stands against. */
export function isTaste(
  state: UserState,
  item: string,
  score: number,
  limits: Readonly<FoldLimits>,
): boolean {
  return score >= limits.tasteScoreMin && !state.dislikes.has(item);
}

export function react(
  state: UserState,
  item: string,
  type: InteractionType,
  strength: number,
  at: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
): void {
  const { reactions } = state;
  const known = reactions.find(item);
  const scoreBefore = known === -1 ? 0 : reactions.scoreAt(known);
  const was = known !== -1 && isTaste(state, item, scoreBefore, limits);
  if (type === "dislike") touchDislike(state, item, at);
  else if (type === "like" && state.dislikes.size > 0) dislikesOf(state).delete(item);

  // A dislike wipes the liking before it: when the cap forgets the dislike, the liking must not come back.
  const before = type === "dislike" ? Math.min(scoreBefore, 0) : scoreBefore;
  const score = Math.max(-scoreMax, Math.min(scoreMax, before + strength));
  if (known === -1) reactions.add(item, { score, count: 1, firstAt: at, lastAt: at });
  else reactions.touch(known, score, at);

  const is = isTaste(state, item, score, limits);
  if (was !== is && sink !== undefined) addPairs(state, item, limits, is ? 1 : -1, sink);
  if (reactions.size > limits.tasteItemsMax) evictReaction(state, limits, sink);
  if (state.dislikes.size > limits.dislikesMax) evictDislike(state, limits, sink);
}

/** The pairs of the whole taste, each once, and every item with itself. */
export function addTaste(
  state: UserState,
  limits: Readonly<FoldLimits>,
  sink: Contribution[],
): void {
  const { reactions } = state;
  const taste: string[] = [];
  for (let row = 0; row < reactions.size; row++) {
    const item = reactions.itemAt(row);
    if (!isTaste(state, item, reactions.scoreAt(row), limits)) continue;
    taste.push(item);
    for (const other of taste) sink.push(pair(item, other, 1));
  }
}

/** A map of the user's own: until the first dislike it is the one empty map of all users. */
function dislikesOf(state: UserState): Map<string, number> {
  if (state.dislikes === emptyMap) state.dislikes = new Map();
  return state.dislikes as Map<string, number>;
}

function touchDislike(state: UserState, item: string, at: number): void {
  const dislikes = dislikesOf(state);
  dislikes.delete(item);
  dislikes.set(item, at);
}

function evictReaction(state: UserState, limits: Readonly<FoldLimits>, sink: Sink): void {
  const { reactions } = state;
  const row = oldestOf(reactions);
  const item = reactions.itemAt(row);
  const was = isTaste(state, item, reactions.scoreAt(row), limits);
  reactions.remove(row);
  if (was && sink !== undefined) addPairs(state, item, limits, -1, sink);
}

function evictDislike(state: UserState, limits: Readonly<FoldLimits>, sink: Sink): void {
  const item = oldestDislike(state.dislikes);
  dislikesOf(state).delete(item);
  const row = state.reactions.find(item);
  const is = row !== -1 && isTaste(state, item, state.reactions.scoreAt(row), limits);
  if (is && sink !== undefined) addPairs(state, item, limits, 1, sink);
}

/** The last in the order "newest first, then by key": among the oldest the greatest key. */
function oldestOf(reactions: Reactions): number {
  let found = 0;
  for (let row = 1; row < reactions.size; row++) {
    const later = reactions.lastAt(row) - reactions.lastAt(found);
    if (later < 0 || (later === 0 && reactions.itemAt(row) > reactions.itemAt(found))) found = row;
  }
  return found;
}

/** The same of a map that is in the order of its times. */
function oldestDislike(dislikes: ReadonlyMap<string, number>): string {
  let found: string | undefined;
  let foundAt = 0;
  for (const [key, at] of dislikes) {
    if (found === undefined) [found, foundAt] = [key, at];
    else if (at !== foundAt) break;
    else if (key > found) found = key;
  }
  return found!;
}

/** The item with itself and with every other item of the taste. */
function addPairs(
  state: UserState,
  item: string,
  limits: Readonly<FoldLimits>,
  delta: 1 | -1,
  sink: Contribution[],
): void {
  sink.push(pair(item, item, delta));
  const { reactions } = state;
  for (let row = 0; row < reactions.size; row++) {
    const other = reactions.itemAt(row);
    if (other !== item && isTaste(state, other, reactions.scoreAt(row), limits)) {
      sink.push(pair(item, other, delta));
    }
  }
}

function pair(item: string, other: string, delta: number): Contribution {
  return item < other
    ? { model: "cooccurrence", a: item, b: other, delta }
    : { model: "cooccurrence", a: other, b: item, delta };
}
