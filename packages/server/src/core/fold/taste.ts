import type { InteractionType } from "@attune/protocol";
import type { Contribution } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import { emptyMap, type FoldLimits, type Reaction, type UserState } from "./state.ts";

/**
 * What the user thinks of items, in order of event time, and the pairs of items they have a taste for.
 * Both maps are kept in the order of their times, so that the oldest entry is at the front.
 * Law: what `react` emits is the pairs of the taste after it minus those before.
 */
const scoreMax = 1_000;

/** A liking of at least `tasteScoreMin` that no dislike stands against. */
export function isTaste(
  state: UserState,
  item: string,
  reaction: Reaction,
  limits: Readonly<FoldLimits>,
): boolean {
  return reaction.score >= limits.tasteScoreMin && !state.dislikes.has(item);
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
  const known = reactions.get(item);
  const was = known !== undefined && isTaste(state, item, known, limits);
  if (type === "dislike") touchDislike(state, item, at);
  else if (type === "like" && state.dislikes.size > 0) dislikesOf(state).delete(item);

  const reaction = touchReaction(reactions, item, known, at);
  // A dislike wipes the liking before it: when the cap forgets the dislike, the liking must not come back.
  const before = type === "dislike" ? Math.min(reaction.score, 0) : reaction.score;
  reaction.score = Math.max(-scoreMax, Math.min(scoreMax, before + strength));
  reaction.count++;

  const is = isTaste(state, item, reaction, limits);
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
  const taste: string[] = [];
  for (const [item, reaction] of state.reactions) {
    if (!isTaste(state, item, reaction, limits)) continue;
    taste.push(item);
    for (const other of taste) sink.push(pair(item, other, 1));
  }
}

function touchReaction(
  reactions: Map<string, Reaction>,
  item: string,
  known: Reaction | undefined,
  at: number,
): Reaction {
  const reaction = known ?? { score: 0, count: 0, firstAt: at, lastAt: at };
  if (known !== undefined && known.lastAt !== at) {
    known.lastAt = at;
    reactions.delete(item);
    reactions.set(item, known);
  } else if (known === undefined) {
    reactions.set(item, reaction);
  }
  return reaction;
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
  const item = oldest(state.reactions, (reaction) => reaction.lastAt);
  const reaction = state.reactions.get(item)!;
  const was = isTaste(state, item, reaction, limits);
  state.reactions.delete(item);
  if (was && sink !== undefined) addPairs(state, item, limits, -1, sink);
}

function evictDislike(state: UserState, limits: Readonly<FoldLimits>, sink: Sink): void {
  const item = oldest(state.dislikes, (at) => at);
  dislikesOf(state).delete(item);
  const reaction = state.reactions.get(item);
  const is = reaction !== undefined && isTaste(state, item, reaction, limits);
  if (is && sink !== undefined) addPairs(state, item, limits, 1, sink);
}

/** The last in the order "newest first, then by key": among the oldest the greatest key. */
function oldest<V>(entries: ReadonlyMap<string, V>, timeOf: (value: V) => number): string {
  let found: string | undefined;
  let foundAt = 0;
  for (const [key, value] of entries) {
    const at = timeOf(value);
    if (found === undefined) {
      found = key;
      foundAt = at;
    } else if (at !== foundAt) {
      break;
    } else if (key > found) {
      found = key;
    }
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
  for (const [other, reaction] of state.reactions) {
    if (other !== item && isTaste(state, other, reaction, limits)) {
      sink.push(pair(item, other, delta));
    }
  }
}

function pair(item: string, other: string, delta: number): Contribution {
  return item < other
    ? { model: "cooccurrence", a: item, b: other, delta }
    : { model: "cooccurrence", a: other, b: item, delta };
}
