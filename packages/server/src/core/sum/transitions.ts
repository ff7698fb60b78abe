import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import type { TransitionCell } from "../fold/contribution.ts";
import { Blocks } from "./blocks.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import type { Items } from "./items.ts";
import { type Summary, sumMax } from "./summary.ts";

/**
 * Counts of what followed what, R[from -> to][period]: the sequential rules of Kamehkhosh et al. (2017) as
 * integers, 840 / gap for each pair 1..8 steps apart, so that forgetting takes back exactly what was added.
 * A row is one block of cells ordered by (to, period) as dense ids, so that it is walked through memory and
 * a cell is found by halving; a table of hashed cells took three times the bytes.
 */
const shape = { strings: 2, numbers: 1 } as const;
const periodMax = 0xffff;

export class Transitions implements Summary<TransitionCell> {
  readonly model = "transitions";
  readonly #items: Items;
  readonly #digest = new MultisetDigest();
  /** By `from`: to (words), period (shorts), count (doubles). */
  readonly #rows = new Blocks({ shorts: true, doubles: true });
  #size = 0;

  constructor(items: Items) {
    this.#items = items;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  digest(): string {
    return this.#digest.hex();
  }

  add(cell: TransitionCell): void {
    this.#change(
      this.#items.intern(cell.from),
      this.#items.intern(cell.to),
      cell.period,
      cell.delta,
    );
  }

  subtract(cell: TransitionCell): void {
    this.add({ ...cell, delta: -cell.delta });
  }

  /** The cells of a row stand at `rowStart..rowStart + rowLength - 1` of `to`, `period` and `count`. */
  rowLength(from: number): number {
    return this.#rows.length(from);
  }

  rowStart(from: number): number {
    return this.#rows.start(from);
  }

  get to(): Uint32Array {
    return this.#rows.words;
  }

  get period(): Uint16Array {
    return this.#rows.shorts;
  }

  get value(): Float64Array {
    return this.#rows.doubles;
  }

  merge(other: this): void {
    const { keys } = other.#items;
    other.#visit((from, to, period, value) => {
      this.#change(this.#items.intern(keys[from]!), this.#items.intern(keys[to]!), period, value);
    });
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.#items, shape, this.#size);
    this.#visit((from, to, period, value) => writer.push(from, to, period, value));
    return writer.finish();
  }

  static decode(bytes: Uint8Array, items: Items): Transitions {
    const transitions = new Transitions(items);
    readCells(bytes, shape, 0, ([from, to], [period, delta]) => {
      transitions.#change(items.intern(from!), items.intern(to!), period!, delta!);
    });
    return transitions;
  }

  #change(from: number, to: number, period: number, delta: number): void {
    assert(Number.isInteger(delta), "a sum takes integers only");
    assert(delta <= sumMax && delta >= -sumMax, "a sum stays where it is exact");
    assert(period >>> 0 === period && period <= periodMax, "a period has 16 bits");
    if (delta === 0) return;
    const { hashes } = this.#items;
    this.#digest.change(hashes, from * digestLanes, to * digestLanes, period, 0, delta);
    const rows = this.#rows;
    const at = this.#placeOf(from, to, period);
    const place = at < rows.length(from) ? rows.start(from) + at : -1;
    if (place === -1 || rows.words[place] !== to || rows.shorts[place] !== period) {
      const opened = rows.open(from, at);
      rows.words[opened] = to;
      rows.shorts[opened] = period;
      rows.doubles[opened] = delta;
      this.#size++;
      return;
    }
    const value = rows.doubles[place]! + delta;
    assert(value <= sumMax && value >= -sumMax, "a sum stays where it is exact");
    rows.doubles[place] = value;
    if (value !== 0) return;
    rows.close(from, at);
    this.#size--;
  }

  /** Where the cell stands in its row, or would stand. */
  #placeOf(from: number, to: number, period: number): number {
    const rows = this.#rows;
    let low = 0;
    let high = rows.length(from);
    const start = high === 0 ? 0 : rows.start(from);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = rows.words[start + middle]!;
      if (other < to || (other === to && rows.shorts[start + middle]! < period)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #visit(visit: (from: number, to: number, period: number, value: number) => void): void {
    const rows = this.#rows;
    for (let from = 0; from < this.#items.size; from++) {
      const length = rows.length(from);
      const start = length === 0 ? 0 : rows.start(from);
      for (let at = start; at < start + length; at++) {
        visit(from, rows.words[at]!, rows.shorts[at]!, rows.doubles[at]!);
      }
    }
  }
}
