/**
 * The deck: what plays, what was heard, and what each act of the listener means as an event. Holds the state
 * of the page as one value that is replaced, never changed; views read it and call its methods.
 */
import { flushSync } from "react-dom";
import type { LiveItem, LiveList } from "@attune/protocol";
import type { Track } from "../catalogue/track.ts";
import type { Clicked } from "./click-stream.ts";
import type { ShelfName } from "./live/shelves.ts";
import type { SlowList } from "./live/slow-list.ts";
import { isOpen, type Lap, movedPlaces, painted } from "./stopwatch.ts";

/** What happened to a track in this sitting, for marks on lists that do not know it yet. */
export type Mark = "playing" | "heard" | "skipped" | "refused";

export interface DeckState {
  track: Track | undefined;
  isPlaying: boolean;
  /** Ms into the sketch. */
  at: number;
  list: LiveList | undefined;
  /** The rows below, as far as they have come. */
  shelves: Readonly<Partial<Record<ShelfName, LiveList>>>;
  isLive: boolean;
  minute: SlowList | undefined;
  nightly: SlowList | undefined;
  marks: ReadonlyMap<string, Mark>;
  liked: ReadonlySet<string>;
  /** Newest last. */
  laps: readonly Lap[];
  /** Times of the events sent, to say how many a slow list has not heard of. */
  sentAt: readonly number[];
  /** Said to screen readers, seldom. */
  said: string;
}

/** A sketch of each track: so long, silent or not. */
export const sketchMs = 24_000;
export const queueShown = 12;
const lapsMax = 24;

export interface DeckParts {
  send: (event: Clicked, track: string, rest?: Readonly<Record<string, unknown>>) => Promise<void>;
  trackOf: (entry: LiveItem) => Track;
}

export class Deck {
  readonly #parts: DeckParts;
  readonly #listeners = new Set<() => void>();
  /** Said of the last act, and again with what it changed: the one would not be heard for the other. */
  #promise = "";
  /** Rows that came since the last frame. */
  #waiting: DeckState["shelves"] | undefined;
  #state: DeckState = {
    track: undefined,
    isPlaying: false,
    at: 0,
    list: undefined,
    shelves: {},
    isLive: false,
    minute: undefined,
    nightly: undefined,
    marks: new Map(),
    liked: new Set(),
    laps: [],
    sentAt: [],
    said: "",
  };

  constructor(parts: DeckParts) {
    this.#parts = parts;
  }

  readonly state = (): DeckState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  change(change: Partial<DeckState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** What comes next: the live list without what was heard or skipped in this sitting. */
  queue(): readonly LiveItem[] {
    return queueOf(this.#state);
  }

  /** A choice of the listener, from a list or elsewhere. Every track that starts is reported, as players do. */
  choose(track: Track, clickedAt: number, from?: LiveList): void {
    this.#click("Track Played", track, clickedAt, `playing ${track.title}`, decisionOf(from));
    this.#leave();
    this.#begin(track);
  }

  skip(clickedAt: number): void {
    const { track, at } = this.#state;
    if (track === undefined) return;
    this.#mark(track.id, "skipped");
    this.#click("Song Skipped", track, clickedAt, `skipping ${track.title}`, {
      permille: Math.round((at / sketchMs) * 1000),
    });
    this.#next();
  }

  /** Puts a track of the queue aside without playing it. */
  pass(track: Track, clickedAt: number): void {
    this.#mark(track.id, "skipped");
    this.#click("Song Skipped", track, clickedAt, `skipping ${track.title}`, { permille: 0 });
  }

  like(track: Track, clickedAt: number, from?: LiveList): void {
    if (this.#state.liked.has(track.id)) return;
    this.change({ liked: new Set([...this.#state.liked, track.id]) });
    this.#click("Track Liked", track, clickedAt, `liking ${track.title}`, decisionOf(from));
  }

  /** The listener wants no more of it: it never comes back. */
  refuse(track: Track, clickedAt: number, from?: LiveList): void {
    this.#mark(track.id, "refused");
    const liked = new Set(this.#state.liked);
    liked.delete(track.id);
    const what = `turning down ${track.title}`;
    this.#click("Track Disliked", track, clickedAt, what, decisionOf(from));
    this.#promise = `${track.title} will not come back. `;
    this.change({ liked, said: this.#promise });
    if (this.#state.track?.id === track.id) this.#next();
  }

  /** Goes on where a history ended. */
  pickUp(track: Track): void {
    void this.#event("Track Played", track);
    this.#begin(track);
  }

  toggle(): void {
    if (this.#state.track === undefined) return;
    this.change({ isPlaying: !this.#state.isPlaying });
  }

  /** Time passes: called some times a second. */
  advance(ms: number): void {
    const { track, isPlaying, at } = this.#state;
    if (track === undefined || !isPlaying) return;
    const now = at + ms;
    this.change({ at: Math.min(now, sketchMs) });
    if (now < sketchMs) return;
    this.#mark(track.id, "heard");
    void this.#event("Song Completed", track);
    this.#next();
  }

  /** A new list: shown before this returns, so that what is timed is what is seen. */
  show(list: LiveList): void {
    const before = this.queue().map(({ id }) => id);
    const lap = this.#state.laps.at(-1);
    flushSync(() => this.change({ list }));
    const moved = movedPlaces(
      before,
      this.queue().map(({ id }) => id),
      queueShown,
    );
    // The click is timed to the first list in which anything that is shown has moved.
    if (moved === 0 || !isOpen(lap, performance.now())) return;
    void painted().then((at) => this.#close(lap, at, moved));
  }

  /** A row: after the next frame, so that the queue, whose time is taken, does not wait for it. */
  showShelf(name: ShelfName, list: LiveList): void {
    const isWaiting = this.#waiting !== undefined;
    this.#waiting = { ...this.#waiting, [name]: list };
    if (isWaiting) return;
    void painted().then(() => {
      const shelves = { ...this.#state.shelves, ...this.#waiting };
      this.#waiting = undefined;
      this.change({ shelves });
    });
  }

  /** After the server has forgotten: nothing of this sitting is left in the page either. */
  clear(): void {
    this.#waiting &&= {};
    this.#promise = "";
    this.change({
      track: undefined,
      isPlaying: false,
      at: 0,
      marks: new Map(),
      liked: new Set(),
      laps: [],
      sentAt: [],
      shelves: {},
      minute: undefined,
      nightly: undefined,
    });
  }

  #close(lap: Lap, at: number, moved: number): void {
    const listMs = at - lap.from;
    const next = this.queue()[0];
    const first = next === undefined ? "" : ` Next: ${this.#parts.trackOf(next).title}.`;
    const places = moved === 1 ? "1 place" : `${moved} places`;
    this.#replace(lap, { listMs, moved });
    this.change({ said: `${this.#promise}Up next changed in ${places}.${first}` });
  }

  /** Laps are found by their time of click, since each change makes a new value. */
  #replace(lap: Lap, change: Partial<Lap>): void {
    const laps = this.#state.laps.map((each) =>
      each.from === lap.from && each.what === lap.what ? { ...each, ...change } : each,
    );
    this.change({ laps });
  }

  #begin(track: Track): void {
    this.#mark(track.id, "playing");
    this.change({ track, at: 0, isPlaying: true });
  }

  #leave(): void {
    const { track, marks } = this.#state;
    if (track !== undefined && marks.get(track.id) === "playing") this.#mark(track.id, "heard");
  }

  #next(): void {
    const next = this.queue()[0];
    if (next === undefined) this.change({ isPlaying: false, at: 0 });
    else {
      const track = this.#parts.trackOf(next);
      this.#begin(track);
      void this.#event("Track Played", track);
    }
  }

  #mark(id: string, mark: Mark): void {
    this.change({ marks: new Map([...this.#state.marks, [id, mark]]) });
  }

  #click(
    event: Clicked,
    track: Track,
    from: number,
    what: string,
    rest?: Readonly<Record<string, unknown>>,
  ): void {
    const lap: Lap = { what, from };
    this.#promise = "";
    this.change({ laps: [...this.#state.laps, lap].slice(-lapsMax) });
    void this.#event(event, track, rest).then((at) => {
      if (at !== undefined) this.#replace(lap, { ackMs: at - from });
    });
  }

  /** Resolves with the time of the acknowledgement; undefined when there was none. */
  async #event(
    event: Clicked,
    track: Track,
    rest: Readonly<Record<string, unknown>> = {},
  ): Promise<number | undefined> {
    this.change({ sentAt: [...this.#state.sentAt, Date.now()] });
    const decisionId = this.#state.list?.decisionId;
    try {
      await this.#parts.send(event, track.id, {
        ...(decisionId === undefined ? {} : { decisionId }),
        ...rest,
      });
      return performance.now();
    } catch {
      this.change({ said: "The server did not take that; it will be sent again." });
      return undefined;
    }
  }
}

/** An act on a row answers that row's list, not the queue. */
function decisionOf(list: LiveList | undefined): Readonly<Record<string, unknown>> {
  return list === undefined ? {} : { decisionId: list.decisionId };
}

export function queueOf({ list, marks }: Pick<DeckState, "list" | "marks">): readonly LiveItem[] {
  return (list?.items ?? []).filter(({ id }) => !marks.has(id));
}
