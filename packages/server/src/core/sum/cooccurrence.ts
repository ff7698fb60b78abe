/**
 * Gram counts of taste: how many users hold both of two items (a < b), and on the diagonal how many hold the
 * item. Exact and sparse; a pair stands in the rows of both its items, so that either is walked through
 * memory. A dense block of the hottest items is a view, not content.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import type { CooccurrenceCell, Named } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellRows } from "./cell-rows.ts";
import type { Items } from "./items.ts";
import { type Summary, sumMax } from "./summary.ts";

const shape = { strings: 2, numbers: 0 };

export class Cooccurrence implements Summary<CooccurrenceCell> {
  readonly model = "cooccurrence";
  readonly items: Items;
  readonly #pairs = new CellRows();
  /** By item: readers divide by it for every cell they walk. */
  #diagonal = new Float64Array(1024);
  /** Items whose diagonal is not zero. */
  #held = 0;
  /** Sum of the diagonal, and how often it moved: no content, so in no digest. */
  #likes = 0;
  #changes = 0;
  readonly #digest = new MultisetDigest();

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Cooccurrence {
    const sum = new Cooccurrence(items);
    readCells(bytes, shape, 0, ([a, b], [count]) => sum.#change(a!, b!, count!));
    return sum;
  }

  get size(): number {
    return this.#pairs.size / 2 + this.#held;
  }

  get bytes(): number {
    return this.#pairs.bytes + this.#diagonal.byteLength;
  }

  add(cell: CooccurrenceCell<Named>): void {
    this.#change(cell.a, cell.b, cell.delta);
  }

  subtract(cell: CooccurrenceCell<Named>): void {
    this.#change(cell.a, cell.b, -cell.delta);
  }

  merge(other: Cooccurrence): void {
    const { keys } = other.items;
    other.#eachCell((a, b, count) => this.#change(keys[a]!, keys[b]!, count));
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#eachCell((a, b, count) => writer.push(a, b, count));
    return writer.finish();
  }

  digest(): string {
    return this.#digest.hex();
  }

  /** How many users hold the item. */
  count(item: number): number {
    return this.#diagonal[item] ?? 0;
  }

  /** Tastes of users for items, all in all. */
  get likes(): number {
    return this.#likes;
  }

  /** Tastes that came or went since there is this sum: how far a view of it may be behind. */
  get changes(): number {
    return this.#changes;
  }

  /** How many users hold both. */
  pair(a: number, b: number): number {
    return a === b ? this.count(a) : this.#pairs.get(a, b);
  }

  /** The items that someone holds with this one stand at `rowStart..rowStart + rowLength - 1`. */
  rowLength(item: number): number {
    return this.#pairs.length(item);
  }

  rowStart(item: number): number {
    return this.#pairs.start(item);
  }

  otherAt(at: number): number {
    return this.#pairs.columnAt(at);
  }

  /** How many hold both the item of the row and the other at `at`. */
  countAt(item: number, at: number): number {
    return this.#pairs.valueAt(item, at);
  }

  #change(keyA: Named, keyB: Named, delta: number): void {
    // Numbers were given to names that stood so.
    assert(typeof keyA === "number" || keyA <= keyB, "a pair stands in order of its keys");
    const a = this.items.intern(keyA);
    const b = this.items.intern(keyB);
    if (a === b) {
      this.#count(a, delta);
    } else {
      this.#pairs.add(a, b, delta);
      this.#pairs.add(b, a, delta);
    }
    this.#digest.change(this.items.hashes, a * digestLanes, b * digestLanes, 0, 0, delta);
  }

  #count(item: number, delta: number): void {
    if (item >= this.#diagonal.length) {
      const grown = new Float64Array(Math.max(item + 1, this.#diagonal.length * 2));
      grown.set(this.#diagonal);
      this.#diagonal = grown;
    }
    assert(Number.isSafeInteger(delta), "a sum takes integers only");
    const before = this.#diagonal[item]!;
    const count = before + delta;
    assert(count <= sumMax && count >= -sumMax, "a sum stays where it is exact");
    this.#diagonal[item] = count;
    this.#likes += delta;
    this.#changes += Math.abs(delta);
    this.#held += Number(count !== 0) - Number(before !== 0);
  }

  #eachCell(visit: (a: number, b: number, count: number) => void): void {
    const { keys } = this.items;
    this.#diagonal.forEach((count, item) => {
      if (count !== 0) visit(item, item, count);
    });
    this.#pairs.each((a, b, count) => {
      if (keys[a]! < keys[b]!) visit(a, b, count);
    });
  }
}
