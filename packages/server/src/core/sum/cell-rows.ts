/**
 * Sparse rows of signed integers under addition, keyed by (row, column): a row is one block of cells ordered
 * by column, so that it is walked through memory and a cell is found by halving. A cell that reaches zero is
 * gone. Row and column numbers are layout where they come from `Items`; the caller knows what they stand for.
 *
 * A cell is two words, its column and its value, in one line of memory. A value beyond 31 bits, which takes
 * more users than anybody has, stands in a map instead: sums stay exact up to 2^52 for next to nothing.
 */
import { assert } from "../../base/assert.ts";
import { Blocks } from "./blocks.ts";
import { sumMax } from "./summary.ts";

/** Stands for a value that is in the map of large ones. */
const large = -(2 ** 31);

export class CellRows {
  readonly #cells = new Blocks({ wordsPerCell: 2 });
  /** Values that need more than a word, by `row:column`. */
  readonly #large = new Map<string, number>();
  #rows = 0;
  #size = 0;

  /** Number of cells that are not zero. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#cells.bytes;
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
      const opened = this.#cells.open(row, place);
      this.#cells.words[opened * 2] = column;
      this.#set(row, opened, delta);
      if (row >= this.#rows) this.#rows = row + 1;
      this.#size++;
      return 1;
    }
    const value = this.valueAt(row, at) + delta;
    this.#set(row, at, value);
    if (value !== 0) return 0;
    this.#cells.close(row, place);
    this.#size--;
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

  /** The cell's place in its row, or where it would be. */
  #placeOf(row: number, column: number): number {
    let low = 0;
    let high = this.length(row);
    const start = high === 0 ? 0 : this.#cells.start(row);
    const { words } = this.#cells;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[(start + middle) * 2]! < column) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
