/**
 * The hub: one ordered stream per channel, seen through its position {epoch, offset}. What a door sends out
 * on any transport comes from here, so a cursor of one transport works on every other.
 *
 * Duties of an implementation. Offsets of a channel are dense and ascend from 1; every subscriber gets each
 * publication once, in order, after the position its `subscribe` returned. A read is all or nothing: equal
 * epoch and everything after the offset still kept, or `undefined`. An epoch never stands for two histories:
 * what cannot be restored exactly gets a new one. History holds the newest `historyMax` publications of the
 * last `historyMs`. The newest publication of every key is the channel's present state.
 *
 * Duties of a caller. Publications may reach a subscriber before it has seen the answer to `subscribe`: hold
 * them back, then drop those the answer contains. A channel is open from the first `subscribe` or `open`;
 * publishing on a closed one is allowed and does nothing, since nobody could have missed it.
 */
export interface Hub {
  /** Makes the channel if there is none. */
  open(channel: string): MaybePromise<Position>;
  isOpen(channel: string): boolean;
  /** Undefined when the channel is closed. */
  publish(channel: string, draft: Draft): MaybePromise<Publication | undefined>;
  /** Opens the channel; with `since` the answer holds what was published after it, or nothing if that is lost. */
  subscribe(
    channel: string,
    subscriber: Subscriber,
    since?: Position | undefined,
  ): MaybePromise<Subscribed>;
  unsubscribe(channel: string, subscriber: Subscriber): void;
  history(channel: string, query: HistoryQuery): MaybePromise<History | undefined>;
  /** The newest publication of every key, oldest first. */
  present(channel: string): MaybePromise<readonly Publication[]>;
  /** New epoch, no history, and every subscriber is told and let go: an erasure. */
  invalidate(channel: string): void;
  /** Nothing published so far can be recovered any more; epoch, offset and subscribers stay. */
  dropHistory(channel: string): void;
  /** Drops what is too old, and idle channels beyond the limit; called every `tickMs`. */
  sweep(): void;
}

export type MaybePromise<T> = T | Promise<T>;

export interface Position {
  /** Never empty and never "_", which clients use to make a recovery fail. */
  readonly epoch: string;
  readonly offset: number;
}

export interface Draft {
  /** JSON text without line breaks: encoded once, whoever gets it in whatever framing. */
  readonly data: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Publications of one key replace each other for a consumer that cannot keep up. */
  readonly key?: string | undefined;
  readonly version?: number | undefined;
  /** When it happened, ms since 1970. */
  readonly time: number;
}

export interface Publication extends Draft {
  readonly offset: number;
}

export interface Subscriber {
  onPublication(publication: Publication): void;
  /** The history is void: the channel goes on under another epoch, without this subscriber. */
  onInvalidated(): void;
}

export interface Subscribed {
  /** Top of the stream. */
  readonly position: Position;
  /** What came after `since`; undefined when that cannot be said, or was not asked. */
  readonly missed: readonly Publication[] | undefined;
}

export interface HistoryQuery {
  readonly since?: Position | undefined;
  /** 0 asks for the position alone; absent means all that is kept. */
  readonly limit?: number | undefined;
  readonly reverse?: boolean | undefined;
}

export interface History {
  readonly position: Position;
  readonly publications: readonly Publication[];
}
