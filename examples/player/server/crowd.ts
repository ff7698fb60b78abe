/**
 * Keeps the synthetic crowd alive: its past goes in once, at the first start; then some sittings are always
 * under way, a few events a second in all, until paused. Everything goes through the same door as a visitor's.
 */
import { type Chance, chanceOf, oneOf } from "../chance.ts";
import type { Track } from "../catalogue/track.ts";
import { type CrowdEvent, eventOf, pastOf } from "../crowd/history.ts";
import { drifted, type Listener, listenersOf } from "../crowd/listener.ts";
import { type Act, sessionOf, type Shelf, shelfOf } from "../crowd/session.ts";
import type { AttuneClient } from "./attune.ts";

export interface CrowdSize {
  listeners: number;
  /** Sittings of the past. */
  sittings: number;
  days: number;
  eventsPerS: number;
}

export const crowdSize: CrowdSize = { listeners: 800, sittings: 4_000, days: 7, eventsPerS: 3 };

export interface CrowdStatus {
  isRunning: boolean;
  listeners: number;
  eventsPerS: number;
  /** Events of the past, and how many of them are in; equal once the crowd has arrived. */
  past: { sent: number; all: number };
  /** Live events since this start. */
  live: number;
}

interface Sitting {
  listener: number;
  startedAt: number;
  acts: Act[];
}

const seed = "attune player";
const batchEvents = 1_000;
const sittingsAtOnce = 12;

export class Crowd {
  readonly #attune: AttuneClient;
  readonly #size: CrowdSize;
  readonly #shelf: Shelf;
  readonly #listeners: Listener[];
  readonly #chance: Chance;
  readonly #sittings: Sitting[] = [];
  readonly #past = { sent: 0, all: 0 };
  #live = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isPaused = false;
  #isStopped = false;

  constructor(attune: AttuneClient, tracks: readonly Track[], size: CrowdSize) {
    this.#attune = attune;
    this.#size = size;
    this.#shelf = shelfOf(tracks);
    this.#listeners = listenersOf(tracks, size.listeners, seed);
    // Live sittings differ from start to start: the past is what must not.
    this.#chance = chanceOf(`${seed} ${Date.now()}`);
  }

  status(): CrowdStatus {
    const isRunning = this.#timer !== undefined && !this.#isPaused;
    const { listeners, eventsPerS } = this.#size;
    return { isRunning, listeners, eventsPerS, past: { ...this.#past }, live: this.#live };
  }

  /** Brings in the past if it is not there. Its last event marks it as whole. */
  async arrive(): Promise<void> {
    const marker = "crowd-arrived";
    if (await this.#attune.hasUser(marker)) return;
    const { sittings, days } = this.#size;
    const events = pastOf(this.#listeners, this.#shelf, { sittings, days, now: Date.now(), seed });
    this.#past.all = events.length;
    for (let i = 0; i < events.length && !this.#isStopped; i += batchEvents) {
      const batch = events.slice(i, i + batchEvents);
      await this.#attune.batch(batch);
      this.#past.sent += batch.length;
    }
    if (this.#isStopped) return;
    const traits = { synthetic: true };
    await this.#attune.batch([{ type: "identify", userId: marker, messageId: marker, traits }]);
  }

  live(): void {
    this.#timer = setInterval(() => this.#step(), 1000 / this.#size.eventsPerS);
    this.#timer.unref();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#sending;
  }

  #step(): void {
    if (this.#isPaused) return;
    while (this.#sittings.length < sittingsAtOnce) this.#sitDown();
    const sitting = oneOf(this.#sittings, this.#chance);
    const act = sitting.acts.shift();
    if (sitting.acts.length === 0) this.#sittings.splice(this.#sittings.indexOf(sitting), 1);
    if (act === undefined) return;
    const { id } = this.#listeners[sitting.listener]!;
    const event: CrowdEvent = {
      ...eventOf(act, id, 0, `live-${sitting.startedAt}`),
      timestamp: new Date().toISOString(),
    };
    this.#live += 1;
    // One after the other; what fails here is one synthetic event and no more.
    this.#sending = this.#sending.then(() => this.#attune.batch([event])).catch(() => undefined);
  }

  #sitDown(): void {
    const at = Math.floor(this.#chance() * this.#listeners.length);
    const listener = drifted(this.#listeners[at]!, 0.2, this.#chance);
    this.#listeners[at] = listener;
    const acts = sessionOf(listener, this.#shelf, this.#chance);
    this.#sittings.push({ listener: at, startedAt: Date.now(), acts });
  }
}
