/**
 * Canonical bytes of a summary's cells, the one way they are written: every string that a cell uses once, in
 * order of code units, then the cells by (strings, numbers) with their values. Equal cells give equal bytes
 * whatever dense ids and order they came in; decoding refuses bytes that this would not have written.
 */
import { assert } from "../../base/assert.ts";
import { ByteReader, BytesError, ByteWriter } from "../../base/bytes.ts";
import type { Items } from "./items.ts";

/** How many strings and integers (>= 0) a cell's key has; a signed value follows. */
export interface CellShape {
  strings: number;
  numbers: number;
}

export class CellWriter {
  readonly #items: Items;
  readonly #shape: CellShape;
  /** Rows of string ids, numbers and value, one after the other. */
  readonly #cells: Float64Array;
  readonly #width: number;
  #count = 0;

  constructor(items: Items, shape: CellShape, size: number) {
    this.#items = items;
    this.#shape = shape;
    this.#width = shape.strings + shape.numbers + 1;
    this.#cells = new Float64Array(size * this.#width);
  }

  /** The ids of the key's strings, its numbers, and the value. */
  push(...cell: number[]): void {
    assert(cell.length === this.#width, "a cell has as many fields as its shape");
    this.#cells.set(cell, this.#count++ * this.#width);
  }

  /** `head` goes in front of the cells: what the summary holds besides. */
  finish(head: readonly number[] = []): Uint8Array {
    assert(this.#count * this.#width === this.#cells.length, "as many cells as announced");
    const writer = new ByteWriter(64 + this.#count * (this.#width + 3));
    for (const number of head) writer.varint(number);
    this.#useRanks(writer);
    const cells = this.#cells;
    const width = this.#width;
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    order.sort((x, y) => {
      for (let i = 0; i < width; i++) {
        const difference = cells[x * width + i]! - cells[y * width + i]!;
        if (difference !== 0) return difference;
      }
      return 0;
    });
    writer.varint(this.#count);
    for (const index of order) {
      const at = index * width;
      for (let i = 0; i < width - 1; i++) writer.varint(cells[at + i]!);
      writer.zigzag(cells[at + width - 1]!);
    }
    return writer.finish();
  }

  /** Writes the strings in order and puts their ranks in the place of their ids. */
  #useRanks(writer: ByteWriter): void {
    const { keys } = this.#items;
    const used = new Set<number>();
    for (let at = 0; at < this.#cells.length; at += this.#width) {
      for (let i = 0; i < this.#shape.strings; i++) used.add(this.#cells[at + i]!);
    }
    const ids = [...used].sort((x, y) => (keys[x]! < keys[y]! ? -1 : 1));
    const ranks = new Map(ids.map((id, rank) => [id, rank]));
    writer.varint(ids.length);
    for (const id of ids) writer.text(keys[id]!);
    for (let at = 0; at < this.#cells.length; at += this.#width) {
      for (let i = 0; i < this.#shape.strings; i++) {
        this.#cells[at + i] = ranks.get(this.#cells[at + i]!)!;
      }
    }
  }
}

/** Reads what a CellWriter wrote; `visit` gets the strings, then the numbers and the value. */
export function readCells(
  bytes: Uint8Array,
  shape: CellShape,
  headLength: number,
  visit: (strings: string[], numbers: number[]) => void,
): number[] {
  const reader = new ByteReader(bytes);
  const head = Array.from({ length: headLength }, () => reader.varint());
  const keys: string[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const key = reader.text();
    if (keys.length > 0 && key <= keys.at(-1)!) throw new BytesError("strings out of order");
    keys.push(key);
  }
  for (let left = reader.varint(); left > 0; left--) {
    const strings: string[] = [];
    for (let i = 0; i < shape.strings; i++) {
      const key = keys[reader.varint()];
      if (key === undefined) throw new BytesError("a cell names no string");
      strings.push(key);
    }
    const numbers = Array.from({ length: shape.numbers }, () => reader.varint());
    numbers.push(reader.zigzag());
    visit(strings, numbers);
  }
  reader.expectEnd();
  return head;
}
