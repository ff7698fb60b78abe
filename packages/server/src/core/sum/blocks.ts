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
const headWords = 2;
/** Below the length, the class has so many bits. */
const classBits = 7;
const classMask = 2 ** classBits - 1;
const lengthMax = 2 ** (32 - classBits) - 1;
/** Below this a loop beats the call of copyWithin. */
const shortCopy = 24;

export class Blocks {
  /** Lane of every cell: `wordsPerCell` words from `at * wordsPerCell` on; the other exists when asked for. */
  words: Uint32Array;
  shorts: Uint16Array;
  readonly #wordsPerCell: number;
  /** By list its offset, and length and class in one: in one line of memory, where three columns took three. */
  #heads = new Uint32Array(64 * headWords);
  /** First free block by class; a free block's first word is the next one. */
  readonly #free = new Uint32Array(capacities.length).fill(none);
  #top = 0;
  /** Cells in free blocks. */
  #idle = 0;

  constructor({ wordsPerCell = 1, shorts = false } = {}) {
    this.#wordsPerCell = wordsPerCell;
    this.words = new Uint32Array(64 * wordsPerCell);
    this.shorts = new Uint16Array(shorts ? 64 : 0);
  }

  get bytes(): number {
    return this.words.byteLength + this.shorts.byteLength + this.#heads.byteLength;
  }

  /** Number of cells of a list; 0 for one that was never opened. */
  length(list: number): number {
    const at = list * headWords + 1;
    return at < this.#heads.length ? this.#heads[at]! >>> classBits : 0;
  }

  /** Where the cells of a list stand in the lanes; valid until the next `open` or `close`. */
  start(list: number): number {
    return this.#heads[list * headWords]!;
  }

  /** Makes room for one cell at place `at` (0..length) and returns where it stands; the caller fills it. */
  open(list: number, at: number): number {
    const head = list * headWords;
    if (head >= this.#heads.length) this.#reserveLists(list + 1);
    const length = this.#heads[head + 1]! >>> classBits;
    assert(at >= 0 && at <= length, "a cell is opened inside its list");
    assert(length < lengthMax, "a list is longer than its arrays can be");
    const size = this.#heads[head + 1]! & classMask;
    if (length === capacities[size]!) this.#move(head, size + 1, length);
    const place = this.#heads[head]! + at;
    if (at < length) this.#copy(place, place + 1, length - at);
    this.#heads[head + 1]! += 1 << classBits;
    return place;
  }

  /** Takes the cell at place `at` out; a list that shrank far moves to a smaller block. */
  close(list: number, at: number): void {
    const length = this.length(list) - 1;
    assert(at >= 0 && at <= length, "a cell is closed inside its list");
    const head = list * headWords;
    const place = this.#heads[head]! + at;
    if (at < length) this.#copy(place + 1, place, length - at);
    this.#heads[head + 1]! -= 1 << classBits;
    const size = this.#heads[head + 1]! & classMask;
    if (length === 0) {
      this.#give(this.#heads[head]!, size);
      this.#heads[head + 1] = 0;
    } else if (size > 4 && length <= capacities[size - 4]!) {
      this.#move(head, size - 3, length);
    }
  }

  #move(head: number, size: number, length: number): void {
    const to = this.#take(size);
    const from = this.#heads[head]!;
    const old = this.#heads[head + 1]! & classMask;
    this.#copy(from, to, length);
    if (old > 0) this.#give(from, old);
    this.#heads[head] = to;
    this.#heads[head + 1] = (length << classBits) | size;
  }

  #take(size: number): number {
    const free = this.#free[size]!;
    const capacity = capacities[size]!;
    if (free !== none) {
      this.#free[size] = this.words[free * this.#wordsPerCell]!;
      this.#idle -= capacity;
      return free;
    }
    if ((this.#top + capacity) * this.#wordsPerCell > this.words.length) this.#layOut(capacity);
    const offset = this.#top;
    this.#top += capacity;
    return offset;
  }

  #give(offset: number, size: number): void {
    this.words[offset * this.#wordsPerCell] = this.#free[size]!;
    this.#free[size] = offset;
    this.#idle += capacities[size]!;
  }

  /** New arrays without the free blocks, with room for `more` cells and the usual slack. */
  #layOut(more: number): void {
    const length = Math.ceil((this.#top - this.#idle + more) * growth) + 64;
    assert(length < 2 ** 31, "an arena holds less than 2^31 cells");
    const { words, shorts } = this;
    const perCell = this.#wordsPerCell;
    this.words = new Uint32Array(length * perCell);
    if (shorts.length > 0) this.shorts = new Uint16Array(length);
    let top = 0;
    for (let head = 0; head < this.#heads.length; head += headWords) {
      const size = this.#heads[head + 1]! & classMask;
      if (size === 0) continue;
      const from = this.#heads[head]!;
      const count = this.#heads[head + 1]! >>> classBits;
      for (let i = 0; i < count * perCell; i++)
        this.words[top * perCell + i] = words[from * perCell + i]!;
      if (shorts.length > 0)
        for (let i = 0; i < count; i++) this.shorts[top + i] = shorts[from + i]!;
      this.#heads[head] = top;
      top += capacities[size]!;
    }
    this.#free.fill(none);
    this.#idle = 0;
    this.#top = top;
  }

  /** Copies cells within the lanes; the ranges may overlap. */
  #copy(from: number, to: number, count: number): void {
    const perCell = this.#wordsPerCell;
    moveWithin(this.words, from * perCell, to * perCell, count * perCell);
    if (this.shorts.length > 0) moveWithin(this.shorts, from, to, count);
  }

  #reserveLists(count: number): void {
    const lists = Math.max(count, Math.ceil((this.#heads.length / headWords) * growth));
    const heads = new Uint32Array(lists * headWords);
    heads.set(this.#heads);
    this.#heads = heads;
  }
}

function moveWithin(
  lane: Uint32Array | Uint16Array,
  from: number,
  to: number,
  count: number,
): void {
  if (count >= shortCopy) {
    lane.copyWithin(to, from, from + count);
  } else if (from < to) {
    for (let i = count - 1; i >= 0; i--) lane[to + i] = lane[from + i]!;
  } else {
    for (let i = 0; i < count; i++) lane[to + i] = lane[from + i]!;
  }
}
