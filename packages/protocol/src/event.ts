/**
 * What a user can do to an item, in the field's words. `play` carries the fraction that was heard or
 * watched; `seen` reports which slots of an answer were looked at; `search` has a query and no item.
 */
export const interactionTypes = [
  "view",
  "play",
  "complete",
  "skip",
  "like",
  "dislike",
  "save",
  "share",
  "add",
  "purchase",
  "search",
  "seen",
] as const;
export type InteractionType = (typeof interactionTypes)[number];

/** Why a person's data may be used. The bit of a purpose is `1 << purposes.indexOf(purpose)`. */
export const purposes = [
  "analytics",
  "personalization",
  "messages",
  "mood",
  "ads",
  "sharing",
] as const;
export type Purpose = (typeof purposes)[number];

/** Circumstances that the event itself states; nothing here is ever looked up. */
export interface Context {
  device?: string | undefined;
  region?: string | undefined;
  place?: string | undefined;
  /** Further circumstances by name, such as `weather: "rain"`, within `contextLimits`. */
  attributes?: Readonly<Record<string, string>> | undefined;
  /**
   * Minutes by which the clocks of the tenant's zone were ahead of UTC. Stated by the server alone, where an event is
   * accepted or an answer is asked for; absent where they were not.
   */
  utcOffset?: number | undefined;
}

/** Each circumstance is counted for every item it was met with, so there are few and they are short. */
export const contextLimits = {
  attributesMax: 4,
  /** Characters of a value. */
  unitsMax: 64,
  /** What an attribute is called: no colon, which ends the name of a dimension. */
  attributeName: /^[a-z][a-z0-9_]{0,31}$/,
} as const;

/**
 * An accepted event as it stands in the log: the mapping from a dialect was applied once, when the event
 * was accepted. `strength` is a signed integer (what the interaction says about taste), `permille` the
 * fraction listened to in thousandths (0..1000).
 */
export interface InteractionEvent {
  type: InteractionType;
  userId?: string | undefined;
  anonymousId?: string | undefined;
  /** Absent for `search` and `seen`. */
  item?: string | undefined;
  strength: number;
  permille?: number | undefined;
  /** The decision this event answers; for `seen` also the slots that were looked at (0-based). */
  decisionId?: string | undefined;
  slots?: readonly number[] | undefined;
  query?: string | undefined;
  context?: Context | undefined;
  properties?: Readonly<Record<string, unknown>> | undefined;
}

/** Who the user says to be: traits are merged, the newest event time wins per trait. */
export interface IdentifyEvent {
  type: "identify";
  userId?: string | undefined;
  anonymousId?: string | undefined;
  traits: Readonly<Record<string, unknown>>;
}

export type ConsentChoice = "granted" | "denied" | "withdrawn";

/** One entry of the consent ledger. It acts from its place in the log, never by clock. */
export interface ConsentEvent {
  type: "consent";
  userId?: string | undefined;
  anonymousId?: string | undefined;
  purpose: Purpose;
  choice: ConsentChoice;
  policy?: string | undefined;
  proof?: Readonly<Record<string, unknown>> | undefined;
}

/** Stored and exported, with no effect on the fold (`group`, `page`, and track calls nobody mapped). */
export interface OtherEvent {
  type: "other";
  userId?: string | undefined;
  anonymousId?: string | undefined;
  name: string;
  properties?: Readonly<Record<string, unknown>> | undefined;
}

/** A track of a playlist and the place (from 0) it is pinned to. */
export interface PlaylistTrack {
  item: string;
  place: number;
}

/** What a user calls a list of tracks, and what stands in it; places ascend. */
export interface PlaylistContent {
  title: string;
  tracks: readonly PlaylistTrack[];
  /** The places up to `size` that no track is pinned to are filled with an answer of this placement. */
  evolving?: { placement: string; size: number } | undefined;
}

/** The user wrote a playlist, whole, or took it away (`content` absent). */
export interface PlaylistEvent {
  type: "playlist";
  userId?: string | undefined;
  anonymousId?: string | undefined;
  playlist: string;
  content?: PlaylistContent | undefined;
}

export type UserEvent =
  | InteractionEvent
  | IdentifyEvent
  | ConsentEvent
  | PlaylistEvent
  | OtherEvent;
