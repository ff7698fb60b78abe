/**
 * Which plays were skipped: counts by item and by what became of the plays before it, with the totals of
 * each. Rates and shrinkage are the reader's.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import { type SkipCell, streaksMax, type Named } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellRows } from "./cell-rows.ts";
import type { Items } from "./items.ts";
import type { Summary } from "./summary.ts";

const shape = { strings: 1, numbers: 1 };

export class Skips implements Summary<SkipCell> {
  readonly model = "skips";
  readonly items: Items;
  /** Row item, column streak x 2, and 1 more for a skipped play. */
  readonly #cells = new CellRows();
  /** By item and by streak, a pair each: plays, and how many of them were skipped. Derived from the cells. */
  #byItem = new Float64Array(256);
  readonly #byStreak = new Float64Array(streaksMax * 2);
  readonly #all = new Float64Array(2);
  readonly #digest = new MultisetDigest();

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Skips {
    const sum = new Skips(items);
    readCells(bytes, shape, 0, ([item], [column, count]) => {
      sum.#change(item!, column! >> 1, column! % 2, count!);
    });
    return sum;
  }

  get size(): number {
    return this.#cells.size;
  }

  get bytes(): number {
    return this.#cells.bytes + this.#byItem.byteLength + this.#byStreak.byteLength;
  }

  add({ item, streak, isSkipped, delta }: SkipCell<Named>): void {
    this.#change(item, streak, Number(isSkipped), delta);
  }

  subtract({ item, streak, isSkipped, delta }: SkipCell<Named>): void {
    this.#change(item, streak, Number(isSkipped), -delta);
  }

  merge(other: Skips): void {
    const { keys } = other.items;
    other.#cells.each((item, column, count) => {
      this.#change(keys[item]!, column >> 1, column % 2, count);
    });
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#cells.each((item, column, count) => writer.push(item, column, count));
    return writer.finish();
  }

  digest(): string {
    return this.#digest.hex();
  }

  plays(item: number): number {
    return this.#byItem[item * 2] ?? 0;
  }

  skipped(item: number): number {
    return this.#byItem[item * 2 + 1] ?? 0;
  }

  /** Plays of all items, and how many of them were skipped. */
  allPlays(): number {
    return this.#all[0]!;
  }

  allSkipped(): number {
    return this.#all[1]!;
  }

  playsAfter(streak: number): number {
    return this.#byStreak[streak * 2]!;
  }

  skippedAfter(streak: number): number {
    return this.#byStreak[streak * 2 + 1]!;
  }

  #change(key: Named, streak: number, isSkipped: number, delta: number): void {
    assert(streak >>> 0 === streak && streak < streaksMax, "a known streak");
    const item = this.items.intern(key);
    const column = streak * 2 + isSkipped;
    this.#cells.add(item, column, delta);
    if (item * 2 >= this.#byItem.length) {
      const grown = new Float64Array(Math.max(item * 2 + 2, this.#byItem.length * 2));
      grown.set(this.#byItem);
      this.#byItem = grown;
    }
    count(this.#byItem, item, isSkipped, delta);
    count(this.#byStreak, streak, isSkipped, delta);
    count(this.#all, 0, isSkipped, delta);
    this.#digest.change(
      this.items.hashes,
      item * digestLanes,
      item * digestLanes,
      column,
      0,
      delta,
    );
  }
}

function count(pairs: Float64Array, at: number, isSkipped: number, delta: number): void {
  pairs[at * 2] = pairs[at * 2]! + delta;
  pairs[at * 2 + 1] = pairs[at * 2 + 1]! + isSkipped * delta;
}
