import type { UserState } from "../../fold/state.ts";
import type { Models } from "../../sum/models.ts";
import { ownSlots } from "./own-sessions.ts";

/**
 * How many of the newest sessions with an item hold another one, for a few items at once: the counts behind
 * likeness of items. With `endMinute` it reads the index as it stood then: what was opened later counts nowhere.
 * The sessions of `state` are left out: what somebody did is no news to them.
 */
export class SessionVotes {
  readonly #seedsMax: number;
  readonly #newestRead: number;
  /** Items that have votes, each once. */
  items: number[] = [];
  /** By seed: sessions that were read. */
  readonly read: number[] = [];
  /** By item: its place in `items`, plus 1. */
  #places = new Uint32Array(1024);
  #counts = new Uint16Array(1024);
  readonly #inSession = new Set<number>();
  readonly #own = new Set<number>();

  constructor(seedsMax: number, newestRead: number) {
    this.#seedsMax = seedsMax;
    this.#newestRead = newestRead;
  }

  /** Counts for these items (dense ids, at most `seedsMax`). */
  collect(
    { sessions, items }: Models,
    state: UserState,
    seeds: readonly number[],
    endMinute = Infinity,
  ): void {
    this.#clear(items.size);
    for (const slot of ownSlots(sessions, state)) this.#own.add(slot);
    seeds.forEach((seed, number) => {
      let read = 0;
      const support = sessions.support(seed);
      for (let back = opened(sessions, seed, endMinute); back < support; back++) {
        if (read === this.#newestRead) break;
        const slot = sessions.newest(seed, back);
        if (this.#own.has(slot)) continue;
        read++;
        this.#count(sessions, slot, seed, number, endMinute);
      }
      this.read[number] = read;
    });
  }

  /** Sessions read for seed number `number` that hold the item. */
  count(number: number, item: number): number {
    const place = (this.#places[item] ?? 0) - 1;
    return place < 0 ? 0 : this.#counts[place * this.#seedsMax + number]!;
  }

  #count(
    sessions: Models["sessions"],
    slot: number,
    seed: number,
    number: number,
    endMinute: number,
  ): void {
    this.#inSession.clear();
    const length = sessions.length(slot);
    for (let index = 0; index < length && sessions.minuteAt(slot, index) < endMinute; index++) {
      const item = sessions.itemAt(slot, index);
      if (item === seed || this.#inSession.has(item)) continue;
      this.#inSession.add(item);
      const at = this.#placeOf(item) * this.#seedsMax + number;
      this.#counts[at] = this.#counts[at]! + 1;
    }
  }

  #placeOf(item: number): number {
    const known = this.#places[item]!;
    if (known > 0) return known - 1;
    this.items.push(item);
    const length = this.items.length * this.#seedsMax;
    if (length > this.#counts.length) {
      const grown = new Uint16Array(length * 2);
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#places[item] = this.items.length;
    return this.items.length - 1;
  }

  #clear(size: number): void {
    for (const item of this.items) this.#places[item] = 0;
    this.#counts.fill(0, 0, this.items.length * this.#seedsMax);
    this.items = [];
    this.read.length = 0;
    this.#own.clear();
    if (size <= this.#places.length) return;
    this.#places = new Uint32Array(Math.max(size, this.#places.length * 2));
  }
}

/** How many of the newest sessions opened the item at `endMinute` or later. */
export function opened(sessions: Models["sessions"], item: number, endMinute: number): number {
  const support = sessions.support(item);
  if (endMinute === Infinity || sessions.newestMinute(item) < endMinute) return 0;
  let [low, high] = [0, support];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const slot = sessions.newest(item, middle);
    const isBefore = sessions.minuteAt(slot, sessions.placeOf(slot, item)) < endMinute;
    if (isBefore) high = middle;
    else low = middle + 1;
  }
  return low;
}
