/**
 * What the ranker learns from: the normal equations of its rows, A = sum of x x' and b = sum of r x, as whole
 * numbers by placement. A row is one logged decision as its user answered it: the features of what was taken
 * and of some that were seen and left. It counts twice over, in one system: each candidate for itself, with
 * r 1 if it was taken, `pointWeight` times; and each difference taken - left, with r 1. What was begun and heard
 * to the end, or skipped, makes systems of its own, each candidate for itself alone. Where a candidate stood in a
 * list, its position is a column beside its features: what a slot lends to whatever stands in it is no feature's.
 *
 * Sums of integers are a group, so a row is forgotten by subtracting it. The digest is linear in the cells and
 * made when it is asked for: a row moves thousands of cells at once.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import {
  type RankerCell,
  type RankerHead,
  rankerHeads,
  rowHead,
  type ShownRow,
  type Named,
} from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import type { Items } from "./items.ts";
import type { Summary } from "./summary.ts";

/** Features 0..255; feature 0 has a value, the others hold or not. */
export const featureCount = 256;
const pointWeight = 16;
/** Behind the features a column for each of these: the last slot, from 0, of a run that counts as one position. */
const positionEnds = [0, 1, 2, 3, 5, 7, 11, 255];
export const columnCount = featureCount + positionEnds.length;
const triangle = (columnCount * (columnCount + 1)) / 2;
/** Then come the cells of b, and one that counts the rows. */
const cellCount = triangle + columnCount + 1;
const rowsCell = cellCount - 1;
/** A value of 63, squared, for 12 candidates and their pairs: with so many rows every cell stays exact. */
const rowsMax = 2 ** 28;
const shape = { strings: 1, numbers: 2 } as const;
/** A row that nobody was shown. */
const alone: ShownRow = { head: "take", count: 1, slots: new Uint8Array(0) };

/** Place of (i, j) in the lower triangle. */
export function cellOf(i: number, j: number): number {
  return i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i;
}

/** The column of a slot's position. */
export function positionOf(slot: number): number {
  return featureCount + positionEnds.findIndex((end) => slot <= end);
}

interface System {
  placement: number;
  version: number;
  head: RankerHead;
  cells: Float64Array;
}

export class RankerSum implements Summary<RankerCell> {
  readonly model = "ranker";
  readonly items: Items;
  /** By "placement id / version of the features / head". */
  readonly #systems = new Map<string, System>();
  #digest: string | undefined;
  /** Grows with every change. */
  revision = 0;
  /** Scratch: the sum of the candidates that were left, and where it is not 0; columns and value of the one read. */
  readonly #left = new Float64Array(columnCount);
  readonly #leftColumns = new Uint16Array(columnCount);
  #leftCount = 0;
  readonly #columns = new Uint16Array(columnCount);
  #active = 0;
  #value = 0;

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): RankerSum {
    const sum = new RankerSum(items);
    readCells(bytes, shape, 0, ([placement], [code, cell, value]) => {
      const head = rankerHeads[code! % rankerHeads.length]!;
      const version = Math.floor(code! / rankerHeads.length);
      sum.#system(items.intern(placement!), version, head).cells[cell!] = value!;
    });
    return sum;
  }

  /** Cells that are not zero. Walks all of them. */
  get size(): number {
    let size = 0;
    for (const { cells } of this.#systems.values())
      for (const value of cells) size += +(value !== 0);
    return size;
  }

  get bytes(): number {
    return this.#systems.size * cellCount * Float64Array.BYTES_PER_ELEMENT;
  }

  /** Whether no row was ever added. */
  get isEmpty(): boolean {
    return this.#systems.size === 0;
  }

  /** Placements of which rows say what is taken, under a version of the features, in order of their names. */
  placements(version: number): string[] {
    return [...this.#systems.values()]
      .filter((system) => system.version === version && system.head === "take")
      .filter(({ cells }) => cells[rowsCell] !== 0)
      .map(({ placement }) => this.items.keys[placement]!)
      .sort((x, y) => (x < y ? -1 : 1));
  }

  /** Rows of a placement under a version of the features. */
  rows(placement: string, version: number, head: RankerHead = "take"): number {
    return this.system(placement, version, head)?.[rowsCell] ?? 0;
  }

  /** Cells by `cellOf`, then those of b; undefined where no row ever was. */
  system(placement: string, version: number, head: RankerHead = "take"): Float64Array | undefined {
    return this.#systems.get(`${this.items.find(placement)}/${version}/${head}`)?.cells;
  }

  add(cell: RankerCell<Named>): void {
    this.#change(cell, cell.delta);
  }

  subtract(cell: RankerCell<Named>): void {
    this.#change(cell, -cell.delta);
  }

  merge(other: RankerSum): void {
    this.#digest = undefined;
    this.revision += 1;
    for (const { placement, version, head, cells } of other.#systems.values()) {
      const id = this.items.intern(other.items.keys[placement]!);
      const own = this.#system(id, version, head).cells;
      for (let at = 0; at < cellCount; at++) own[at] = own[at]! + cells[at]!;
      assert(Math.abs(own[rowsCell]!) <= rowsMax, "a sum stays where it is exact");
    }
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#eachCell((placement, code, at, value) => writer.push(placement, code, at, value));
    return writer.finish();
  }

  digest(): string {
    if (this.#digest !== undefined) return this.#digest;
    const digest = new MultisetDigest();
    const { hashes } = this.items;
    this.#eachCell((placement, code, at, value) => {
      const offset = placement * digestLanes;
      digest.change(hashes, offset, offset, code, at, value);
    });
    this.#digest = digest.hex();
    return this.#digest;
  }

  #change({ placement, row, shown }: RankerCell<Named>, delta: number): void {
    assert(Number.isInteger(delta), "a sum takes integers only");
    if (delta === 0) return;
    this.#digest = undefined;
    this.revision += 1;
    const { head, count: taken, slots } = shown ?? alone;
    const [version, width] = [row[0]!, row[1]!];
    const count = (row.length - rowHead) / (width + 1);
    assert(Number.isInteger(count) && count > 0 && taken <= count, "a row has candidates");
    assert(shown === undefined || slots.length === count, "a shown candidate has a slot");
    const { cells } = this.#system(this.items.intern(placement), version, head);
    // What is taken stands against what is left; how a play ends hangs on no other.
    const [others, times] = head === "take" ? [count - taken, taken] : [0, 0];
    const left = this.#left;
    left.fill(0);
    // (t - n)(t - n)' summed over M taken and N left is N sum of t t' - T S' - S T' + M sum of n n'.
    for (let at = taken; at < count; at++) {
      this.#read(row, at, slots[at]);
      this.#outer(cells, delta * (pointWeight + times));
      for (let i = 0; times > 0 && i < this.#active; i++) {
        const column = this.#columns[i]!;
        left[column] = left[column]! + this.#valueAt(i);
      }
    }
    this.#gatherLeft();
    for (let at = 0; at < taken; at++) {
      this.#read(row, at, slots[at]);
      this.#outer(cells, delta * (pointWeight + others));
      this.#cross(cells, delta, others);
    }
    for (let n = 0; times > 0 && n < this.#leftCount; n++) {
      const at = triangle + this.#leftColumns[n]!;
      cells[at] = cells[at]! - delta * times * left[at - triangle]!;
    }
    cells[rowsCell] = cells[rowsCell]! + delta;
    assert(Math.abs(cells[rowsCell]!) <= rowsMax, "a sum stays where it is exact");
  }

  #gatherLeft(): void {
    this.#leftCount = 0;
    for (let column = 0; column < columnCount; column++)
      if (this.#left[column] !== 0) this.#leftColumns[this.#leftCount++] = column;
  }

  /** Puts the columns that hold for candidate number `at` into `#columns`, ascending. */
  #read(row: Uint8Array, at: number, slot: number | undefined): void {
    const width = row[1]!;
    const start = rowHead + at * (width + 1);
    this.#value = row[start]!;
    this.#columns[0] = 0;
    for (let k = 1; k <= width; k++) this.#columns[k] = row[start + k]!;
    this.#active = width + 1;
    if (slot !== undefined) this.#columns[this.#active++] = positionOf(slot);
  }

  #valueAt(i: number): number {
    return i === 0 ? this.#value : 1;
  }

  /** Adds `weight` times x x'. */
  #outer(cells: Float64Array, weight: number): void {
    const columns = this.#columns;
    const value = this.#value * weight;
    cells[0] = cells[0]! + this.#value * value;
    for (let i = 1; i < this.#active; i++) {
      const column = columns[i]!;
      const base = (column * (column + 1)) / 2;
      cells[base] = cells[base]! + value;
      for (let j = 1; j <= i; j++) {
        // Columns ascend, so the second is never above the first.
        const at = base + columns[j]!;
        cells[at] = cells[at]! + weight;
      }
    }
  }

  /** Takes t S' + S t' away, if there is anything to compare with, and adds the candidate's part of b. */
  #cross(cells: Float64Array, delta: number, others: number): void {
    const left = this.#left;
    for (let k = 0; k < this.#active; k++) {
      const column = this.#columns[k]!;
      const value = this.#valueAt(k);
      for (let n = 0; others > 0 && n < this.#leftCount; n++) {
        const j = this.#leftColumns[n]!;
        const at = cellOf(column, j);
        // On the diagonal both products fall into one cell.
        const twice = column === j ? 2 : 1;
        cells[at] = cells[at]! - delta * twice * value * left[j]!;
      }
      const at = triangle + column;
      cells[at] = cells[at]! + delta * (pointWeight + others) * value;
    }
  }

  #system(placement: number, version: number, head: RankerHead): System {
    const key = `${placement}/${version}/${head}`;
    const known = this.#systems.get(key);
    if (known !== undefined) return known;
    const system = { placement, version, head, cells: new Float64Array(cellCount) };
    this.#systems.set(key, system);
    return system;
  }

  /** `code` says version and head. */
  #eachCell(visit: (placement: number, code: number, at: number, value: number) => void): void {
    for (const { placement, version, head, cells } of this.#systems.values()) {
      const code = version * rankerHeads.length + rankerHeads.indexOf(head);
      cells.forEach((value, at) => {
        if (value !== 0) visit(placement, code, at, value);
      });
    }
  }
}

/** Cells of b stand behind those of A. */
export const rightSide = triangle;
