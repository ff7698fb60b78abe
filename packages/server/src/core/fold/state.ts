import {
  type ConsentChoice,
  type PlaylistContent,
  type Purpose,
  interactionTypes,
} from "@attune/protocol";
import { Reactions } from "./columns/reactions.ts";
import { Ring } from "./columns/ring.ts";
import { Sessions } from "./columns/sessions.ts";

/**
 * All that core knows of one user, and nothing of anyone else: a pure function of that user's own records.
 * The newest interactions, the sessions and reactions that C(state) is made from, counters, traits, consents.
 * Decoded it is a mutable object that `apply` changes in place; at rest it is canonical bytes (codec.ts).
 */
export interface UserState {
  tenant: number;
  subject: string;
  /** Newest interactions, oldest first; at most `ringMax`. */
  ring: Ring;
  /** Oldest first; the last one may still be open. At most `contributionsMax` interactions in all. */
  sessions: Sessions;
  /**
   * Event time through which interactions were dropped by the cap (ms), `never` while none was; events out of
   * order at or below it count nowhere.
   */
  horizon: number;
  /** What the user thinks of an item, newest `tasteItemsMax` by `lastAt` (then by item). */
  reactions: Reactions;
  /** Disliked items -> time of the dislike (ms); newest `dislikesMax`. */
  dislikes: ReadonlyMap<string, number>;
  counters: Counters;
  visits: Visits;
  traits: ReadonlyMap<string, Trait>;
  consents: ReadonlyMap<Purpose, Consent>;
  /** By id, at most `playlistsMax`. They are the user's own words, kept whatever is permitted. */
  playlists: ReadonlyMap<string, Playlist>;
  /** Newest logged decisions and what came of them, oldest first; at most `exposuresMax`. */
  exposures: Exposure[];
  /** Newest rows of the ranker in log order, at most `rankerRowsMax`. */
  rankerRows: RankerRow[];
  /** Time of the newest interaction folded by time (ms, `seen` aside); an older one is out of order. */
  lastAt: number;
  /** Events so far that count for personalization: keys exploration. */
  sequence: number;
  /** Through when (ms) the session counts as shifted, its next interactions aside; 0 = it is not (see flow.ts). */
  shiftedUntil: number;
  /** When the open session's idle timer is due (ms); 0 = none is open. */
  dueAt: number;
}

/** Types stand as their place in `interactionTypes`: flat lists of small integers, 1 kB a user less than maps. */
export interface Counters {
  /** Interactions by type, ever. */
  total: number[];
  /** (UTC day since 1970, type, count), in this order: the newest `counterDaysMax` days that have any. */
  days: number[];
}

/**
 * Engagement of the records with the purpose analytics: a visit is a run of interactions without an idle gap.
 * `msTotal` is time inside visits, `gapMsTotal` time between them. Times in ms.
 */
export interface Visits {
  count: number;
  msTotal: number;
  gapMsTotal: number;
  startedAt: number;
  lastAt: number;
}

export interface Trait {
  value: unknown;
  at: number;
}

export interface Consent {
  choice: ConsentChoice;
  policy: string;
  /** Denials and withdrawals of this purpose so far: a permit made before the newest of them is void. */
  refusals: number;
  /** True when an identity merge brought it: it fills a gap and never replaces the person's own word. */
  merged: boolean;
}

export interface Playlist extends PlaylistContent {
  /** When it was written, ms. */
  at: number;
  /** True when an identity merge brought it: the person's own one of the same id stands before it. */
  merged: boolean;
}

/** Bits of `Exposure.outcomes`. An outcome says that the slot was looked at, so it brings `shown` along. */
export const outcomeBits = { shown: 1, click: 2, complete: 4, skip: 8, purchase: 16 } as const;

/** A logged decision as the user's own record: what was shown, seen and followed. */
export interface Exposure {
  decisionId: string;
  placement: string;
  at: number;
  items: string[];
  /** `outcomeBits` by slot; shown is that it was reported as seen. */
  outcomes: number[];
  /** The slice of what its request stated (see context.ts): where its outcomes are counted. */
  slice: number;
  /** Place in `audiences`: how much was known of the user when it was answered. */
  audience: number;
  /** The most popular items of its moment, until the answer is judged; absent, nobody waits for it. */
  popular: readonly string[] | undefined;
  /** Place in `verdicts` plus 1; 0 while it is not judged. */
  verdict: number;
  /** What the ranker saw of the first slots, if the decision says so: see shown-rows.ts for the layout. */
  features?: Uint8Array | undefined;
}

/** The features of what the user took and of others, as they were then: see sum/ranker.ts for the layout. */
export interface RankerRow {
  at: number;
  placement: string;
  row: Uint8Array;
}

/**
 * The constants that shape states and contributions, pinned by `logicVersion`: changing one is a rebuild into
 * a new namespace. `sessionIdleMs` is raised only by `eval`, where a data set sets its own session borders.
 */
export interface FoldLimits {
  sessionIdleMs: number;
  sessionEventsMax: number;
  sessionSpanMinutesMax: number;
  contributionsMax: number;
  tasteItemsMax: number;
  /** A reaction of at least this score is taste. */
  tasteScoreMin: number;
  dislikesMax: number;
  ringMax: number;
  /** Interactions before one that say in which situation it came; `ringMax` is more than twice as many. */
  recentMax: number;
  /** So many skips within so long shift a session. */
  shiftSkips: number;
  shiftSpanMs: number;
  exposuresMax: number;
  rankerRowsMax: number;
  counterDaysMax: number;
  traitsMax: number;
  playlistsMax: number;
}

export const logicVersion = 8;

export const foldLimits: Readonly<FoldLimits> = Object.freeze({
  sessionIdleMs: 1_800_000,
  sessionEventsMax: 200,
  sessionSpanMinutesMax: 65_000,
  contributionsMax: 500,
  tasteItemsMax: 1_024,
  tasteScoreMin: 2,
  dislikesMax: 1_024,
  ringMax: 64,
  recentMax: 7,
  shiftSkips: 3,
  shiftSpanMs: 90_000,
  exposuresMax: 64,
  rankerRowsMax: 64,
  counterDaysMax: 32,
  traitsMax: 128,
  playlistsMax: 32,
});

/** A time before all others; the horizon of a user of whom nothing was ever dropped. */
export const never = Number.MIN_SAFE_INTEGER;

/** What most people have none of, one for all of them: an empty Map takes 200 bytes. */
export const emptyMap: ReadonlyMap<never, never> = new Map<never, never>();

/** A person of whom nothing is known yet. */
export function emptyState(tenant: number, subject: string): UserState {
  return {
    tenant,
    subject,
    ring: new Ring(),
    sessions: new Sessions(),
    horizon: never,
    reactions: new Reactions(),
    dislikes: emptyMap,
    counters: { total: interactionTypes.map(() => 0), days: [] },
    visits: { count: 0, msTotal: 0, gapMsTotal: 0, startedAt: 0, lastAt: 0 },
    traits: emptyMap,
    consents: emptyMap,
    playlists: emptyMap,
    exposures: [],
    rankerRows: [],
    lastAt: 0,
    sequence: 0,
    shiftedUntil: 0,
    dueAt: 0,
  };
}
