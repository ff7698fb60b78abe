/**
 * Requests before a full queue, in their order: let in as places come free, refused once they have waited long, and
 * those not all at once. Who is refused comes back at once, whatever they are told: refusing as fast as they come would
 * leave no time for anything else. What waits here costs its connection; its body is not read yet.
 */
import { Fifo } from "../../base/fifo.ts";

export interface WaitingRoomParts {
  /** Whether a request of so many bytes finds a place, beside `coming` others let in just now. */
  hasRoom(bytes: number, coming: number): boolean;
  /** How long a request waits at most, if no more are to be refused than can be. */
  waitMsMax: number;
  /** Wall clock, ms. */
  now(): number;
}

interface Guest {
  bytes: number;
  since: number;
  resolve(isIn: boolean): void;
}

/** Beyond so many a request is refused at once. */
const guestsMax = 4_000;
const tickMs = 10;
const refusalsPerTick = 5;

export class WaitingRoom {
  readonly #parts: WaitingRoomParts;
  readonly #guests = new Fifo<Guest>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WaitingRoomParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#guests.length === 0;
  }

  /** True when there is a place for the request, false when it is to be refused. */
  wait(bytes: number): Promise<boolean> {
    if (this.#guests.length >= guestsMax) return Promise.resolve(false);
    const since = this.#parts.now();
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
    return new Promise((resolve) => {
      this.#guests.push({ bytes, since, resolve });
    });
  }

  #tick(): void {
    const { hasRoom, now, waitMsMax } = this.#parts;
    const due = now() - waitMsMax;
    let coming = 0;
    let refused = 0;
    for (let first = this.#guests.first; first !== undefined; first = this.#guests.first) {
      const isIn = hasRoom(first.bytes, coming);
      if (!isIn && (first.since > due || refused === refusalsPerTick)) break;
      this.#guests.shift();
      if (isIn) coming += 1;
      else refused += 1;
      first.resolve(isIn);
    }
    if (this.#guests.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
