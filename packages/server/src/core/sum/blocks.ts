/**
 * Many small lists of cells in a few typed arrays: each list is one block whose capacity is a size class, a
 * block that a list outgrew is handed to the next list of that size, and when the arrays are full all blocks
 * are laid out anew. No object per list or cell. Offsets are layout and change with any `open` or `close`.
 */
import { assert } from "../../base/assert.ts";

/** Capacity by class, about a fifth apart: 0, 1, .. 8, 10, 12, 14, 16, 20, .. so that little stands empty. */
const capacities = (() => {
  const sizes = [0, 1, 2, 3];
  for (let octave = 4; octave < 2 ** 30; octave *= 2) {
    for (let quarter = 4; quarter < 8; quarter++) sizes.push((octave / 4) * quarter);
  }
  return Uint32Array.from(sizes);
})();

/** Arrays grow by a quarter: copying costs five writes a cell in all, and at most a fifth stands empty. */
const growth = 1.25;
const none = 0xffffffff;
/** Below this a loop beats the call of copyWithin. */
const shortCopy = 24;

export class Blocks {
  /** Lane of every cell; the two others exist when asked for. */
  words = new Uint32Array(64);
  shorts: Uint16Array;
  doubles: Float64Array;
  #offsets = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #classes = new Uint8Array(64);
  /** First free block by class; a free block's first word is the next one. */
  readonly #free = new Uint32Array(capacities.length).fill(none);
  #top = 0;
  /** Cells in free blocks. */
  #idle = 0;

  constructor(lanes: { shorts?: boolean; doubles?: boolean } = {}) {
    this.shorts = new Uint16Array(lanes.shorts === true ? 64 : 0);
    this.doubles = new Float64Array(lanes.doubles === true ? 64 : 0);
  }

  get bytes(): number {
    const lanes = this.words.byteLength + this.shorts.byteLength + this.doubles.byteLength;
    return lanes + this.#offsets.byteLength + this.#lengths.byteLength + this.#classes.byteLength;
  }

  /** Number of cells of a list; 0 for one that was never opened. */
  length(list: number): number {
    return list < this.#lengths.length ? this.#lengths[list]! : 0;
  }

  /** Where the cells of a list stand in the lanes; valid until the next `open` or `close`. */
  start(list: number): number {
    return this.#offsets[list]!;
  }

  /** Makes room for one cell at place `at` (0..length) and returns where it stands; the caller fills it. */
  open(list: number, at: number): number {
    if (list >= this.#lengths.length) this.#reserveLists(list + 1);
    const length = this.#lengths[list]!;
    assert(at >= 0 && at <= length, "a cell is opened inside its list");
    if (length === capacities[this.#classes[list]!]!) this.#moveUp(list, length);
    const place = this.#offsets[list]! + at;
    if (at < length) this.#copy(place, place + 1, length - at);
    this.#lengths[list] = length + 1;
    return place;
  }

  /** Takes the cell at place `at` out; a list that shrank far moves to a smaller block. */
  close(list: number, at: number): void {
    const length = this.length(list) - 1;
    assert(at >= 0 && at <= length, "a cell is closed inside its list");
    const place = this.#offsets[list]! + at;
    if (at < length) this.#copy(place + 1, place, length - at);
    this.#lengths[list] = length;
    const size = this.#classes[list]!;
    if (length === 0) {
      this.#give(this.#offsets[list]!, size);
      this.#classes[list] = 0;
    } else if (size > 4 && length <= capacities[size - 4]!) {
      this.#move(list, size - 3, length);
    }
  }

  #moveUp(list: number, length: number): void {
    const size = this.#classes[list]! + 1;
    assert(size < capacities.length, "a list is longer than its arrays can be");
    this.#move(list, size, length);
  }

  #move(list: number, size: number, length: number): void {
    const to = this.#take(size);
    const from = this.#offsets[list]!;
    const old = this.#classes[list]!;
    this.#copy(from, to, length);
    if (old > 0) this.#give(from, old);
    this.#offsets[list] = to;
    this.#classes[list] = size;
  }

  #take(size: number): number {
    const free = this.#free[size]!;
    const capacity = capacities[size]!;
    if (free !== none) {
      this.#free[size] = this.words[free]!;
      this.#idle -= capacity;
      return free;
    }
    if (this.#top + capacity > this.words.length) this.#layOut(capacity);
    const offset = this.#top;
    this.#top += capacity;
    return offset;
  }

  #give(offset: number, size: number): void {
    this.words[offset] = this.#free[size]!;
    this.#free[size] = offset;
    this.#idle += capacities[size]!;
  }

  /** New arrays without the free blocks, with room for `more` cells and the usual slack. */
  #layOut(more: number): void {
    const length = Math.ceil((this.#top - this.#idle + more) * growth) + 64;
    assert(length < 2 ** 31, "an arena holds less than 2^31 cells");
    const { words, shorts, doubles } = this;
    this.words = new Uint32Array(length);
    if (shorts.length > 0) this.shorts = new Uint16Array(length);
    if (doubles.length > 0) this.doubles = new Float64Array(length);
    let top = 0;
    for (let list = 0; list < this.#lengths.length; list++) {
      const size = this.#classes[list]!;
      if (size === 0) continue;
      const from = this.#offsets[list]!;
      const count = this.#lengths[list]!;
      for (let i = 0; i < count; i++) this.words[top + i] = words[from + i]!;
      if (shorts.length > 0)
        for (let i = 0; i < count; i++) this.shorts[top + i] = shorts[from + i]!;
      if (doubles.length > 0)
        for (let i = 0; i < count; i++) this.doubles[top + i] = doubles[from + i]!;
      this.#offsets[list] = top;
      top += capacities[size]!;
    }
    this.#free.fill(none);
    this.#idle = 0;
    this.#top = top;
  }

  /** Copies cells within the lanes; the ranges may overlap. */
  #copy(from: number, to: number, count: number): void {
    if (count >= shortCopy) {
      this.words.copyWithin(to, from, from + count);
      if (this.shorts.length > 0) this.shorts.copyWithin(to, from, from + count);
      if (this.doubles.length > 0) this.doubles.copyWithin(to, from, from + count);
      return;
    }
    const step = from < to ? -1 : 1;
    const first = from < to ? count - 1 : 0;
    for (let i = first, left = count; left > 0; i += step, left--) {
      this.words[to + i] = this.words[from + i]!;
      if (this.shorts.length > 0) this.shorts[to + i] = this.shorts[from + i]!;
      if (this.doubles.length > 0) this.doubles[to + i] = this.doubles[from + i]!;
    }
  }

  #reserveLists(count: number): void {
    const length = Math.max(count, Math.ceil(this.#lengths.length * growth));
    const offsets = new Uint32Array(length);
    const lengths = new Uint32Array(length);
    const classes = new Uint8Array(length);
    offsets.set(this.#offsets);
    lengths.set(this.#lengths);
    classes.set(this.#classes);
    this.#offsets = offsets;
    this.#lengths = lengths;
    this.#classes = classes;
  }
}
