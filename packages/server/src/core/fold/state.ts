import type { ConsentChoice, InteractionType, Purpose } from "@attune/protocol";

/**
 * All that core knows of one user, and nothing of anyone else: a pure function of that user's own records.
 * The newest interactions, the sessions and reactions that C(state) is made from, counters, traits, consents.
 * Decoded it is a plain mutable object that `apply` changes in place; at rest it is canonical bytes (codec.ts).
 */
export interface UserState {
  tenant: number;
  subject: string;
  /** Newest interactions, oldest first; at most `ringMax`. */
  ring: Interaction[];
  /** Oldest first; the last one may still be open. At most `contributionsMax` interactions in all. */
  sessions: Session[];
  /** Event time through which interactions were dropped by the cap (ms); older events count nowhere. */
  horizon: number;
  /** What the user thinks of an item, newest `tasteItemsMax` by `lastAt` (then by item). */
  reactions: Map<string, Reaction>;
  /** Disliked items -> time of the dislike (ms); newest `dislikesMax`. */
  dislikes: Map<string, number>;
  counters: Counters;
  visits: Visits;
  traits: Map<string, Trait>;
  consents: Map<Purpose, Consent>;
  /** Newest logged decisions and what came of them, oldest first; at most `exposuresMax`. */
  exposures: Exposure[];
  /** Event time of the newest record folded by time (ms); an older one is out of order: refold. */
  lastAt: number;
  /** Acknowledged events so far: keys exploration. */
  sequence: number;
  /** When the session's idle timer is due (ms); 0 = none. */
  dueAt: number;
}

export interface Interaction {
  item: string;
  type: InteractionType;
  strength: number;
  /** Fraction listened to in thousandths, or -1 when not stated. */
  permille: number;
  at: number;
}

/** A run of interactions without an idle gap, by event time alone. The arrays run in parallel. */
export interface Session {
  keyHi: number;
  keyLo: number;
  items: string[];
  /** Event times, ms, ascending. */
  at: number[];
  /** Dimensions the event stated beside "all", such as "device:phone"; empty for most. */
  dimensions: (readonly string[])[];
}

export interface Reaction {
  /** Sum of strengths, clamped to +-1,000. */
  score: number;
  count: number;
  firstAt: number;
  lastAt: number;
}

export interface Counters {
  /** Interactions by type, ever. */
  total: Map<InteractionType, number>;
  /** By UTC day since 1970, the newest `counterDaysMax` days that have any. */
  days: Map<number, Map<InteractionType, number>>;
}

/** Engagement: kept for every record with the purpose analytics. Times in ms. */
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
}

/** A logged decision as the user's own record: what was shown, seen and followed. */
export interface Exposure {
  decisionId: string;
  placement: string;
  at: number;
  items: string[];
  /** Bits by slot: 1 shown (reported as seen), 2 click, 4 complete, 8 skip, 16 purchase. */
  outcomes: number[];
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
  exposuresMax: number;
  counterDaysMax: number;
}

export const logicVersion = 1;

export const foldLimits: Readonly<FoldLimits> = Object.freeze({
  sessionIdleMs: 1_800_000,
  sessionEventsMax: 200,
  sessionSpanMinutesMax: 65_000,
  contributionsMax: 500,
  tasteItemsMax: 1_024,
  tasteScoreMin: 2,
  dislikesMax: 1_024,
  ringMax: 64,
  exposuresMax: 64,
  counterDaysMax: 32,
});
