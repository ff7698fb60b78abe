/**
 * How often one situation of a user led to another (fold/flow.ts says what a situation is): a small table over
 * all users and items, with both of its margins. Rates and what is done where a situation is rare are the
 * reader's.
 */
import { assert } from "../../base/assert.ts";
import { hashString, digestLanes, MultisetDigest } from "../../base/digest.ts";
import { type FlowCell, situationsMax } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellRows } from "./cell-rows.ts";
import type { Items } from "./items.ts";
import type { Summary } from "./summary.ts";

const shape = { strings: 0, numbers: 2 };
const hash = new Uint32Array(digestLanes);
hashString("flow", hash, 0);

export class Flow implements Summary<FlowCell> {
  readonly model = "flow";
  /** By situation: how often users came to it, and how often they went on from it. Derived from the cells. */
  readonly reached = new Float64Array(situationsMax);
  readonly left = new Float64Array(situationsMax);
  readonly #items: Items;
  /** Row from, column to. */
  readonly #cells = new CellRows();
  readonly #digest = new MultisetDigest();

  constructor(items: Items) {
    this.#items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Flow {
    const sum = new Flow(items);
    readCells(bytes, shape, 0, (_, [from, to, count]) => sum.#change(from!, to!, count!));
    return sum;
  }

  get size(): number {
    return this.#cells.size;
  }

  get bytes(): number {
    return this.#cells.bytes + this.reached.byteLength + this.left.byteLength;
  }

  add({ from, to, delta }: FlowCell): void {
    this.#change(from, to, delta);
  }

  subtract({ from, to, delta }: FlowCell): void {
    this.#change(from, to, -delta);
  }

  merge(other: Flow): void {
    other.#cells.each((from, to, count) => this.#change(from, to, count));
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.#items, shape, this.size);
    this.#cells.each((from, to, count) => writer.push(from, to, count));
    return writer.finish();
  }

  digest(): string {
    return this.#digest.hex();
  }

  /** Calls back with every situation that one led to. */
  eachFrom(from: number, visit: (to: number, count: number) => void): void {
    const start = this.#cells.start(from);
    const end = start + this.#cells.length(from);
    for (let at = start; at < end; at++) {
      visit(this.#cells.columnAt(at), this.#cells.valueAt(from, at));
    }
  }

  #change(from: number, to: number, delta: number): void {
    assert(from >>> 0 === from && from < situationsMax, "a known situation");
    assert(to >>> 0 === to && to < situationsMax, "a known situation");
    this.#cells.add(from, to, delta);
    this.left[from] = this.left[from]! + delta;
    this.reached[to] = this.reached[to]! + delta;
    this.#digest.change(hash, 0, 0, from, to, delta);
  }
}
