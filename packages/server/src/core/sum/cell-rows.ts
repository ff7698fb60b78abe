/**
 * Sparse rows of signed integers under addition, keyed by (row, column): a row is one block of cells, so that it
 * is walked through memory, and ordered by column, so that a cell is found by halving. A cell that reaches zero is
 * gone. Row and column numbers are layout where they come from `Items`; the caller knows what they stand for.
 *
 * A new cell in the midst of a long row would move half of it: 400 kB for an item that 100,000 others go with. There
 * it joins the late ones at the end of the row, which are ordered among themselves, and some root of the row's length
 * later they are merged into it.
 *
 * A cell is two words, its column and its value, in one line of memory. A value beyond 31 bits, which takes
 * more users than anybody has, stands in a map instead: sums stay exact up to 2^52 for next to nothing.
 */
import { assert } from "../../base/assert.ts";
import { Blocks } from "./blocks.ts";
import { sumMax } from "./summary.ts";

/** Stands for a value that is in the map of large ones. */
const large = -(2 ** 31);
/** Rows up to this long have no late cells. */
const orderedMax = 64;

export class CellRows {
  readonly #cells = new Blocks({ wordsPerCell: 2 });
  /** Values that need more than a word, by `row:column`. */
  readonly #large = new Map<string, number>();
  /** How many of its cells are late ones, by row; there is room for each row longer than `orderedMax`. */
  #late = new Uint16Array(0);
  #rows = 0;
  #size = 0;

  /** Number of cells that are not zero. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#cells.bytes + this.#late.byteLength;
  }

  /** The cells of a row stand at `start..start + length - 1`, until the next change. */
  length(row: number): number {
    return this.#cells.length(row);
  }

  start(row: number): number {
    return this.#cells.length(row) === 0 ? 0 : this.#cells.start(row);
  }

  /** Column of the cell that stands at `at`. */
  columnAt(at: number): number {
    return this.#cells.words[at * 2]!;
  }

  /** Value of the cell of a row that stands at `at`. */
  valueAt(row: number, at: number): number {
    const value = this.#cells.words[at * 2 + 1]! | 0;
    return value === large ? this.#large.get(`${row}:${this.columnAt(at)}`)! : value;
  }

  get(row: number, column: number): number {
    const at = this.#find(row, column);
    return at === -1 ? 0 : this.valueAt(row, at);
  }

  /** Adds `delta` to a cell; 1 if the cell came to be by it, -1 if it went, else 0. */
  add(row: number, column: number, delta: number): -1 | 0 | 1 {
    assert(Number.isSafeInteger(delta), "a sum takes integers only");
    if (delta === 0) return 0;
    const place = this.#placeOf(row, column);
    const at = place === this.length(row) ? -1 : this.#cells.start(row) + place;
    if (at < 0 || this.columnAt(at) !== column) {
      this.#open(row, column, place, delta);
      return 1;
    }
    const value = this.valueAt(row, at) + delta;
    this.#set(row, at, value);
    if (value !== 0) return 0;
    this.#close(row, place);
    return -1;
  }

  /** Adds a cell's value to that of another column, where it was goes; 1 if the other came to be by it, else 0. */
  move(row: number, from: number, to: number): 0 | 1 {
    assert(from !== to, "a cell moves to another column");
    if (
      this.length(row) === 1 &&
      (this.#cells.words[this.#cells.start(row) * 2 + 1]! | 0) !== large
    ) {
      const at = this.#cells.start(row);
      assert(this.columnAt(at) === from, "only what there is moves");
      this.#cells.words[at * 2] = to;
      return 1;
    }
    const value = this.get(row, from);
    const change = this.add(row, to, value);
    this.add(row, from, -value);
    return change === 1 ? 1 : 0;
  }

  /** Every cell, in an order that must not show; nothing may be added meanwhile. */
  each(visit: (row: number, column: number, value: number) => void): void {
    for (let row = 0; row < this.#rows; row++) {
      const start = this.start(row);
      const end = start + this.length(row);
      for (let at = start; at < end; at++) visit(row, this.columnAt(at), this.valueAt(row, at));
    }
  }

  #open(row: number, column: number, place: number, value: number): void {
    const length = this.length(row);
    const late = this.#lateOf(row, length);
    const isLate = late > 0 || (length > orderedMax && place < length);
    const opened = this.#cells.open(row, isLate && late === 0 ? length : place);
    this.#cells.words[opened * 2] = column;
    this.#set(row, opened, value);
    if (row >= this.#rows) this.#rows = row + 1;
    if (length >= orderedMax && row >= this.#late.length) this.#reserveLate(row + 1);
    this.#size++;
    if (!isLate) return;
    this.#late[row] = late + 1;
    // As many as make moving them and merging them cost alike, to the next power of two.
    if (late >= 1 << ((33 - Math.clz32(length)) >>> 1)) this.#merge(row);
  }

  #close(row: number, place: number): void {
    const length = this.length(row);
    const late = this.#lateOf(row, length);
    this.#cells.close(row, place);
    if (late > 0 && place >= length - late) this.#late[row] = late - 1;
    if (length - 1 === orderedMax) this.#merge(row);
    this.#size--;
  }

  #lateOf(row: number, length: number): number {
    return length > orderedMax ? this.#late[row]! : 0;
  }

  #reserveLate(rows: number): void {
    const grown = new Uint16Array(Math.max(rows, this.#late.length * 2));
    grown.set(this.#late);
    this.#late = grown;
  }

  /** Puts the late cells of a row where they belong, the greatest first. */
  #merge(row: number): void {
    const late = this.#late[row]!;
    if (late === 0) return;
    const { words } = this.#cells;
    const start = this.#cells.start(row);
    let end = this.length(row) - late;
    const cells = words.slice((start + end) * 2, (start + end + late) * 2);
    for (let i = late - 1; i >= 0; i--) {
      const place = this.#search(start, 0, end, cells[i * 2]!);
      words.copyWithin((start + place + i + 1) * 2, (start + place) * 2, (start + end) * 2);
      words[(start + place + i) * 2] = cells[i * 2]!;
      words[(start + place + i) * 2 + 1] = cells[i * 2 + 1]!;
      end = place;
    }
    this.#late[row] = 0;
  }

  #set(row: number, at: number, value: number): void {
    assert(value <= sumMax && value >= -sumMax, "a sum stays where it is exact");
    const { words } = this.#cells;
    const isLarge = (value | 0) !== value || value === large;
    if (isLarge) this.#large.set(`${row}:${this.columnAt(at)}`, value);
    else if ((words[at * 2 + 1]! | 0) === large) this.#large.delete(`${row}:${this.columnAt(at)}`);
    words[at * 2 + 1] = isLarge ? large : value;
  }

  /** Where the cell stands, or -1. */
  #find(row: number, column: number): number {
    const place = this.#placeOf(row, column);
    if (place === this.length(row)) return -1;
    const at = this.#cells.start(row) + place;
    return this.columnAt(at) === column ? at : -1;
  }

  /** The cell's place in its row, or where it would be; among the late ones if there are any. */
  #placeOf(row: number, column: number): number {
    const length = this.length(row);
    if (length === 0) return 0;
    const start = this.#cells.start(row);
    const ordered = length - this.#lateOf(row, length);
    const place = this.#search(start, 0, ordered, column);
    if (ordered === length) return place;
    if (place < ordered && this.columnAt(start + place) === column) return place;
    return this.#search(start, ordered, length, column);
  }

  #search(start: number, low: number, high: number, column: number): number {
    const { words } = this.#cells;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[(start + middle) * 2]! < column) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
