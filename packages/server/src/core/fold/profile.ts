import type { ConsentChoice } from "@attune/protocol";
import { type Permit, assertCurrent } from "./consent.ts";
import { countsByDay, totalsOf } from "./engagement.ts";
import type { Interaction } from "./columns/ring.ts";
import type { UserState } from "./state.ts";

/**
 * What is known of a person, for people to read: the profile, which needs a permit, and the portable copy of
 * the whole state, which is the person's own right and needs none. Plain JSON values, in a fixed order.
 */
export interface Profile {
  subject: string;
  traits: Record<string, unknown>;
  /** Newest first. */
  recent: Interaction[];
  /** By score, then newest, then by item. */
  liked: { item: string; score: number; count: number; lastAt: number }[];
  disliked: string[];
  sessions: { startedAt: number; lastAt: number; items: string[] }[];
  isActive: boolean;
  /** In plain words: that the session is shifted, and through when (ms) if nothing happens any more. */
  shift?: { until: number; says: string } | undefined;
  consents: Record<string, ConsentChoice>;
}

export function profileOf(permit: Permit<"personalization">, state: UserState): Profile {
  assertCurrent(permit, state);
  return {
    subject: state.subject,
    traits: record([...state.traits].map(([name, { value }]) => [name, value])),
    recent: [...state.ring].toReversed(),
    liked: likedBy(state),
    disliked: [...state.dislikes.keys()].sort(byCodeUnits),
    sessions: [...state.sessions].map(({ items, at }) => ({
      startedAt: at[0]!,
      lastAt: at[at.length - 1]!,
      items: [...items],
    })),
    isActive: state.dueAt !== 0,
    ...(state.shiftedUntil !== 0 && { shift: { until: state.shiftedUntil, says: shiftWords } }),
    consents: record([...state.consents].map(([purpose, { choice }]) => [purpose, choice])),
  };
}

/** What a shift of the session does to answers, for people to read. */
export const shiftWords =
  "Three skips within 90 seconds: for the rest of this session answers look at half as many of the newest items and try out twice as much.";

/** The whole state as JSON: maps become objects, nothing is left out but the hashes that name sessions. */
export function portableState(state: UserState): Record<string, unknown> {
  const { counters } = state;
  return {
    subject: state.subject,
    traits: record([...state.traits]),
    consents: record([...state.consents]),
    recent: [...state.ring],
    sessions: [...state.sessions].map(({ items, at, dimensions }) => ({ items, at, dimensions })),
    reactions: record([...state.reactions]),
    dislikes: record([...state.dislikes]),
    playlists: record([...state.playlists]),
    counters: {
      total: record(totalsOf(counters)),
      days: record([...countsByDay(counters)].map(([day, all]) => [String(day), record(all)])),
    },
    visits: state.visits,
    // What most people touched, by which an answer is judged, is nothing of this person's.
    exposures: state.exposures.map(({ popular: _popular, ...own }) => own),
    lastAt: state.lastAt,
    sequence: state.sequence,
    shiftedUntil: state.shiftedUntil,
  };
}

function likedBy(state: UserState): Profile["liked"] {
  return [...state.reactions]
    .filter(([item, { score }]) => score > 0 && !state.dislikes.has(item))
    .map(([item, { score, count, lastAt }]) => ({ item, score, count, lastAt }))
    .sort((a, b) => b.score - a.score || b.lastAt - a.lastAt || byCodeUnits(a.item, b.item));
}

/** Own fields in the order of their names; no name, `__proto__` included, has a meaning. */
function record<V>(entries: [string, V][]): Record<string, V> {
  return Object.fromEntries(entries.sort(([a], [b]) => byCodeUnits(a, b)));
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
