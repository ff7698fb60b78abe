/**
 * Gram counts of taste: how many users hold both of two items (a < b), and on the diagonal how many hold the
 * item. One exact sparse table, walked by item. A dense block of the hottest items is a view, not content.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import type { CooccurrenceCell } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellTable } from "./cell-table.ts";
import type { Items } from "./items.ts";
import type { Summary } from "./summary.ts";

const shape = { strings: 2, numbers: 0 };

export class Cooccurrence implements Summary<CooccurrenceCell> {
  readonly model = "cooccurrence";
  readonly items: Items;
  /** Row a, column b; both ends are linked, for a pair stands once. */
  readonly #table = new CellTable(true);
  /** The diagonal once more, by item: readers divide by it for every cell they walk. */
  #diagonal = new Float64Array(1024);
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
    return this.#table.size;
  }

  get bytes(): number {
    return this.#table.bytes + this.#diagonal.byteLength;
  }

  add(cell: CooccurrenceCell): void {
    this.#change(cell.a, cell.b, cell.delta);
  }

  subtract(cell: CooccurrenceCell): void {
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

  /** How many users hold both. */
  pair(a: number, b: number): number {
    const { keys } = this.items;
    const isOrdered = keys[a]! <= keys[b]!;
    return this.#table.get(isOrdered ? a : b, isOrdered ? b : a, 0);
  }

  /** Every other item that someone holds with this one; in an order that must not show. */
  eachNeighbour(item: number, visit: (other: number, count: number) => void): void {
    const table = this.#table;
    for (let cell = table.firstInRow(item); cell !== 0; cell = table.nextInRow[cell]!) {
      const other = table.column[cell]!;
      if (other !== item) visit(other, table.value[cell]!);
    }
    for (let cell = table.firstInColumn(item); cell !== 0; cell = table.nextInColumn[cell]!) {
      const other = table.row[cell]!;
      if (other !== item) visit(other, table.value[cell]!);
    }
  }

  #change(keyA: string, keyB: string, delta: number): void {
    assert(keyA <= keyB, "a pair stands in order of its keys");
    const a = this.items.intern(keyA);
    const b = this.items.intern(keyB);
    this.#table.add(a, b, 0, delta);
    if (a === b) this.#count(a, delta);
    this.#digest.change(this.items.hashes, a * digestLanes, b * digestLanes, 0, 0, delta);
  }

  #count(item: number, delta: number): void {
    if (item >= this.#diagonal.length) {
      const grown = new Float64Array(Math.max(item + 1, this.#diagonal.length * 2));
      grown.set(this.#diagonal);
      this.#diagonal = grown;
    }
    this.#diagonal[item] = this.#diagonal[item]! + delta;
  }

  #eachCell(visit: (a: number, b: number, count: number) => void): void {
    const { row, column, value } = this.#table;
    for (let cell = 1; cell < this.#table.end; cell++) {
      if (this.#table.holds(cell)) visit(row[cell]!, column[cell]!, value[cell]!);
    }
  }
}
