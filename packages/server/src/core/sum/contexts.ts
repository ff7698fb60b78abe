/**
 * What popularity lets go of with time, from the same cells: in which part of the week users touch an item, by
 * those of dimension "all", and how often each other circumstance was stated, whatever the item. With the rows
 * of popularity that is in which circumstances an item is touched more than others; and no cell is sent for it.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import { type PopularityCell, timeSliceOf, timeSlices, type Named } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import type { Items } from "./items.ts";
import { type Summary, sumMax } from "./summary.ts";

const shape = { strings: 1, numbers: 1 };
/** A column beside those of time: the total of a circumstance. */
const totalColumn = timeSlices;
/** Counts of an item stand in one line of memory. */
const countMax = 2 ** 31 - 1;

export class Contexts implements Summary<PopularityCell> {
  readonly model = "contexts";
  readonly items: Items;
  /** By item, `timeSlices` each. */
  #times = new Int32Array(64 * timeSlices);
  readonly #timeTotals = new Float64Array(timeSlices);
  /** Touches by circumstance: its id in `items`. One that is back at zero stays, and shows nowhere. */
  readonly #totals = new Map<number, { count: number }>();
  /** Of the cells of time: circumstances are few, and go into a digest when it is asked for. */
  readonly #digest = new MultisetDigest();
  /** Cells of time that are not zero. */
  #timeCells = 0;

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Contexts {
    const sum = new Contexts(items);
    readCells(bytes, shape, 0, ([key], [column, count]) => {
      sum.#change(items.intern(key!), column!, count!);
    });
    return sum;
  }

  get size(): number {
    let size = this.#timeCells;
    for (const { count } of this.#totals.values()) if (count !== 0) size++;
    return size;
  }

  get bytes(): number {
    return this.#times.byteLength;
  }

  add(cell: PopularityCell<Named>): void {
    this.#changeBy(cell, cell.delta);
  }

  subtract(cell: PopularityCell<Named>): void {
    this.#changeBy(cell, -cell.delta);
  }

  merge(other: Contexts): void {
    const { keys } = other.items;
    other.#eachCell((id, column, count) => {
      this.#change(this.items.intern(keys[id]!), column, count);
    });
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#eachCell((...cell) => writer.push(...cell));
    return writer.finish();
  }

  digest(): string {
    const whole = new MultisetDigest();
    whole.merge(this.#digest);
    for (const [id, { count }] of this.#totals) {
      const at = id * digestLanes;
      whole.change(this.items.hashes, at, at, totalColumn, 0, count);
    }
    return whole.hex();
  }

  /** Touches of an item in a slice of time. */
  inTime(item: number, slice: number): number {
    return this.#times[item * timeSlices + slice] ?? 0;
  }

  /** Touches of an item in all. */
  touches(item: number): number {
    let sum = 0;
    for (let slice = 0; slice < timeSlices; slice++) sum += this.inTime(item, slice);
    return sum;
  }

  /** Touches of all items in a slice of time. */
  allInTime(slice: number): number {
    return this.#timeTotals[slice]!;
  }

  /** Touches of all items in all. */
  allTouches(): number {
    return this.#timeTotals.reduce((sum, count) => sum + count, 0);
  }

  /** Touches of all items in a circumstance: the id of a dimension such as "place:gym" in `items`. */
  allIn(dimension: number): number {
    return this.#totals.get(dimension)?.count ?? 0;
  }

  #changeBy({ dimension, item, hour, slice }: PopularityCell<Named>, delta: number): void {
    assert(hour >>> 0 === hour, "an hour is a whole number >= 0");
    if (this.#isAll(dimension)) {
      const column = slice ?? timeSliceOf(hour);
      assert(column >= 0 && column < timeSlices, "a known part of the week");
      this.#change(this.items.intern(item), column, delta);
    } else this.#change(this.items.intern(dimension), totalColumn, delta);
  }

  #isAll(dimension: Named): boolean {
    return (typeof dimension === "string" ? dimension : this.items.keys[dimension]) === "all";
  }

  #change(id: number, column: number, delta: number): void {
    assert(Number.isSafeInteger(delta), "a sum takes integers only");
    if (column === totalColumn) this.#changeTotal(id, delta);
    else this.#changeTime(id, column, delta);
  }

  #changeTotal(dimension: number, delta: number): void {
    const total = this.#totals.get(dimension);
    if (total === undefined) {
      this.#totals.set(dimension, { count: delta });
      return;
    }
    total.count += delta;
    assert(total.count <= sumMax && total.count >= -sumMax, "a sum stays where it is exact");
  }

  #changeTime(item: number, slice: number, delta: number): void {
    if (delta === 0) return;
    const at = item * timeSlices + slice;
    if (at >= this.#times.length) this.#grow(item);
    const before = this.#times[at]!;
    const count = before + delta;
    assert(count <= countMax && count >= -countMax, "a sum stays where it is exact");
    this.#times[at] = count;
    if (before === 0) this.#timeCells++;
    else if (count === 0) this.#timeCells--;
    this.#timeTotals[slice] = this.#timeTotals[slice]! + delta;
    const lanes = item * digestLanes;
    this.#digest.change(this.items.hashes, lanes, lanes, slice, 0, delta);
  }

  #grow(item: number): void {
    const length = Math.ceil((item + 1) * 1.25) * timeSlices;
    const grown = new Int32Array(Math.max(length, this.#times.length));
    grown.set(this.#times);
    this.#times = grown;
  }

  #eachCell(visit: (id: number, column: number, count: number) => void): void {
    for (let at = 0; at < this.#times.length; at++) {
      const count = this.#times[at]!;
      if (count !== 0) visit(Math.floor(at / timeSlices), at % timeSlices, count);
    }
    for (const [id, { count }] of this.#totals) if (count !== 0) visit(id, totalColumn, count);
  }
}
