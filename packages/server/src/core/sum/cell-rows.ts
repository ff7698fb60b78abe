/**
 * Sparse rows of signed integers under addition, keyed by (row, column): a row is one block of cells ordered
 * by column, so that it is walked through memory and a cell is found by halving. A cell that reaches zero is
 * gone. Row and column numbers are layout where they come from `Items`; the caller knows what they stand for.
 */
import { assert } from "../../base/assert.ts";
import { Blocks } from "./blocks.ts";
import { sumMax } from "./summary.ts";

export class CellRows {
  readonly #cells = new Blocks({ doubles: true });
  #rows = 0;
  #size = 0;

  /** Number of cells that are not zero. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#cells.bytes;
  }

  /** The cells of a row stand at `start..start + length - 1` of `columns` and `values`, until the next `add`. */
  length(row: number): number {
    return this.#cells.length(row);
  }

  start(row: number): number {
    return this.#cells.length(row) === 0 ? 0 : this.#cells.start(row);
  }

  get columns(): Uint32Array {
    return this.#cells.words;
  }

  get values(): Float64Array {
    return this.#cells.doubles;
  }

  get(row: number, column: number): number {
    const at = this.#placeOf(row, column);
    if (at === this.length(row)) return 0;
    const place = this.#cells.start(row) + at;
    return this.columns[place] === column ? this.values[place]! : 0;
  }

  /** Adds `delta` to a cell; 1 if the cell came to be by it, -1 if it went, else 0. */
  add(row: number, column: number, delta: number): -1 | 0 | 1 {
    assert(Number.isSafeInteger(delta), "a sum takes integers only");
    if (delta === 0) return 0;
    const at = this.#placeOf(row, column);
    const place = at === this.length(row) ? -1 : this.#cells.start(row) + at;
    if (place < 0 || this.columns[place] !== column) {
      const opened = this.#cells.open(row, at);
      this.columns[opened] = column;
      this.values[opened] = delta;
      this.#rows = Math.max(this.#rows, row + 1);
      this.#size++;
      return 1;
    }
    const value = this.values[place]! + delta;
    assert(value <= sumMax && value >= -sumMax, "a sum stays where it is exact");
    this.values[place] = value;
    if (value !== 0) return 0;
    this.#cells.close(row, at);
    this.#size--;
    return -1;
  }

  /** Every cell, in an order that must not show; nothing may be added meanwhile. */
  each(visit: (row: number, column: number, value: number) => void): void {
    for (let row = 0; row < this.#rows; row++) {
      const start = this.start(row);
      const end = start + this.length(row);
      for (let at = start; at < end; at++) visit(row, this.columns[at]!, this.values[at]!);
    }
  }

  /** Where the cell stands in its row, or would stand. */
  #placeOf(row: number, column: number): number {
    let low = 0;
    let high = this.length(row);
    const start = this.start(row);
    const { columns } = this;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (columns[start + middle]! < column) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
