import { roomForName, roomForNames, roomForNumbers } from "./room.ts";

/** A run of interactions without an idle gap, by event time alone. The arrays run in parallel. */
export interface Session {
  keyHi: number;
  keyLo: number;
  items: readonly string[];
  /** Event times, ms, ascending. */
  at: readonly number[];
  /** Dimensions the event stated beside "all", such as "device:phone"; empty for most. */
  dimensions: readonly (readonly string[])[];
}

/** A row of `borders`: the place behind the session's last interaction, and the two halves of its key. */
const stride = 3;
const none: readonly string[] = Object.freeze([]);

/**
 * A person's sessions, numbered from 0, oldest first, and their interactions, all in one row of places: session `s` is
 * at the places `startOf(s)` to `endOf(s) - 1`.
 */
export class Sessions {
  /** By place. */
  items: string[] = [];
  /** Event times in ms by place. */
  times: number[] = [];
  /** By place; empty while no event stated any. */
  #dimensions: (readonly string[])[] = [];
  borders: number[] = [];

  /** Of sessions. */
  get length(): number {
    return this.borders.length / stride;
  }

  /** Of interactions in all of them. */
  get size(): number {
    return this.items.length;
  }

  startOf(s: number): number {
    return s === 0 ? 0 : this.borders[(s - 1) * stride]!;
  }

  endOf(s: number): number {
    return this.borders[s * stride]!;
  }

  keyHi(s: number): number {
    return this.borders[s * stride + 1]!;
  }

  keyLo(s: number): number {
    return this.borders[s * stride + 2]!;
  }

  dimensionsAt(place: number): readonly string[] {
    return this.#dimensions.length === 0 ? none : this.#dimensions[place]!;
  }

  /** A session as a value of its own; of a negative number, counted from the newest, which is -1. */
  at(s: number): Session | undefined {
    const number = s < 0 ? this.length + s : s;
    if (number < 0 || number >= this.length) return undefined;
    const [start, end] = [this.startOf(number), this.endOf(number)];
    const items = this.items.slice(start, end);
    return {
      keyHi: this.keyHi(number),
      keyLo: this.keyLo(number),
      items,
      at: this.times.slice(start, end),
      dimensions: items.map((_, i) => this.dimensionsAt(start + i)),
    };
  }

  *[Symbol.iterator](): IterableIterator<Session> {
    for (let s = 0; s < this.length; s++) yield this.at(s)!;
  }

  /** Begins a session behind all others; it is to have an interaction at once. */
  open(keyHi: number, keyLo: number): void {
    const row = this.length;
    this.borders = roomForNumbers(this.borders, row, stride);
    this.borders[row * stride] = this.size;
    this.borders[row * stride + 1] = keyHi;
    this.borders[row * stride + 2] = keyLo;
  }

  /** Adds an interaction to the newest session. */
  extend(item: string, at: number, dimensions: readonly string[]): void {
    const place = this.size;
    this.items = roomForName(this.items, place);
    this.times = roomForNumbers(this.times, place, 1);
    this.items[place] = item;
    this.times[place] = at;
    if (dimensions.length > 0 || this.#dimensions.length > 0) this.#state(place, dimensions);
    this.borders[this.borders.length - stride] = place + 1;
  }

  #state(place: number, dimensions: readonly string[]): void {
    if (this.#dimensions.length < place)
      this.#dimensions = Array.from({ length: place }, () => none);
    this.#dimensions = roomForNames(this.#dimensions, place);
    this.#dimensions[place] = dimensions;
  }

  push({ keyHi, keyLo, items, at, dimensions }: Session): void {
    this.open(keyHi, keyLo);
    items.forEach((item, i) => this.extend(item, at[i]!, dimensions[i]!));
  }

  /** Lets the oldest go. */
  shift(): void {
    const count = this.endOf(0);
    this.items.splice(0, count);
    this.times.splice(0, count);
    this.#dimensions.splice(0, count);
    this.borders.splice(0, stride);
    for (let row = 0; row < this.borders.length; row += stride) this.borders[row]! -= count;
  }
}
