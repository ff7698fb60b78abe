/**
 * What the ranker learns from: the normal equations of its rows, A = sum of x x' and b = sum of r x, as whole
 * numbers by placement. A row is one logged decision as its user answered it: the features of what was taken
 * and of some that were seen and left. It counts twice over, in one system: each candidate for itself, with
 * r 1 if it was taken, `pointWeight` times; and each difference taken - left, with r 1.
 *
 * Sums of integers are a group, so a row is forgotten by subtracting it. The digest is linear in the cells and
 * made when it is asked for: a row moves thousands of cells at once.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import type { RankerCell } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import type { Items } from "./items.ts";
import type { Summary } from "./summary.ts";

/** Features 0..255; feature 0 has a value, the others hold or not. */
export const featureCount = 256;
/** A row: version, active features a candidate, then by candidate the value of feature 0 and its features. */
export const rowHead = 2;
const pointWeight = 16;
const triangle = (featureCount * (featureCount + 1)) / 2;
/** Then come the cells of b, and one that counts the rows. */
const cellCount = triangle + featureCount + 1;
const rowsCell = cellCount - 1;
/** A value of 255, squared, for 9 candidates: with so many rows every cell stays exact. */
const rowsMax = 2 ** 28;
const shape = { strings: 1, numbers: 2 } as const;

/** Place of (i, j) in the lower triangle. */
export function cellOf(i: number, j: number): number {
  return i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i;
}

interface System {
  placement: number;
  version: number;
  cells: Float64Array;
}

export class RankerSum implements Summary<RankerCell> {
  readonly model = "ranker";
  readonly items: Items;
  /** By "placement id / version of the features". */
  readonly #systems = new Map<string, System>();
  #digest: string | undefined;
  /** Grows with every change. */
  revision = 0;
  /** Scratch: the features of a row's candidates, their values, and the sum of those that were left. */
  readonly #left = new Float64Array(featureCount);
  #features = new Uint8Array(64);

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): RankerSum {
    const sum = new RankerSum(items);
    readCells(bytes, shape, 0, ([placement], [version, cell, value]) => {
      sum.#system(items.intern(placement!), version!).cells[cell!] = value!;
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

  /** Placements that have rows under a version of the features, in order of their names. */
  placements(version: number): string[] {
    const systems = [...this.#systems.values()].filter((system) => system.version === version);
    return systems
      .filter(({ cells }) => cells[rowsCell] !== 0)
      .map(({ placement }) => this.items.keys[placement]!)
      .sort((x, y) => (x < y ? -1 : 1));
  }

  /** Rows of a placement under a version of the features. */
  rows(placement: string, version: number): number {
    return this.system(placement, version)?.[rowsCell] ?? 0;
  }

  /** Cells by `cellOf`, then those of b; undefined where no row ever was. */
  system(placement: string, version: number): Float64Array | undefined {
    return this.#systems.get(`${this.items.find(placement)}/${version}`)?.cells;
  }

  add(cell: RankerCell): void {
    this.#change(cell, cell.delta);
  }

  subtract(cell: RankerCell): void {
    this.#change(cell, -cell.delta);
  }

  merge(other: RankerSum): void {
    this.#digest = undefined;
    this.revision += 1;
    for (const { placement, version, cells } of other.#systems.values()) {
      const own = this.#system(this.items.intern(other.items.keys[placement]!), version).cells;
      for (let at = 0; at < cellCount; at++) own[at] = own[at]! + cells[at]!;
      assert(Math.abs(own[rowsCell]!) <= rowsMax, "a sum stays where it is exact");
    }
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#eachCell((placement, version, at, value) => writer.push(placement, version, at, value));
    return writer.finish();
  }

  digest(): string {
    if (this.#digest !== undefined) return this.#digest;
    const digest = new MultisetDigest();
    const { hashes } = this.items;
    this.#eachCell((placement, version, at, value) => {
      const offset = placement * digestLanes;
      digest.change(hashes, offset, offset, version, at, value);
    });
    this.#digest = digest.hex();
    return this.#digest;
  }

  #change({ placement, row }: RankerCell, delta: number): void {
    assert(Number.isInteger(delta), "a sum takes integers only");
    if (delta === 0) return;
    this.#digest = undefined;
    this.revision += 1;
    const [version, width] = [row[0]!, row[1]!];
    const step = width + 1;
    const count = (row.length - rowHead) / step;
    assert(Number.isInteger(count) && count >= 2, "a row has two candidates or more");
    const { cells } = this.#system(this.items.intern(placement), version);
    if (width >= this.#features.length) this.#features = new Uint8Array(width + 1);
    // (t - n)(t - n)' summed over n is N t t' - t S' - S t' + sum of n n', with S the sum of the n.
    this.#left.fill(0);
    for (let at = 1; at < count; at++) {
      const start = rowHead + at * step;
      this.#outer(cells, row, start, width, delta * (pointWeight + 1));
      this.#left[0] = this.#left[0]! + row[start]!;
      for (let k = 1; k <= width; k++) {
        const feature = row[start + k]!;
        this.#left[feature] = this.#left[feature]! + 1;
      }
    }
    this.#outer(cells, row, rowHead, width, delta * (pointWeight + count - 1));
    this.#cross(cells, row, width, delta, count - 1);
    cells[rowsCell] = cells[rowsCell]! + delta;
    assert(Math.abs(cells[rowsCell]!) <= rowsMax, "a sum stays where it is exact");
  }

  /** Adds `weight` times x x'. */
  #outer(cells: Float64Array, row: Uint8Array, start: number, width: number, weight: number): void {
    const value = row[start]! * weight;
    cells[0] = cells[0]! + row[start]! * value;
    for (let i = 1; i <= width; i++) {
      const feature = row[start + i]!;
      const base = (feature * (feature + 1)) / 2;
      cells[base] = cells[base]! + value;
      for (let j = 1; j <= i; j++) {
        // Features of a row ascend, so the second is never above the first.
        const at = base + row[start + j]!;
        cells[at] = cells[at]! + weight;
      }
    }
  }

  /** Takes t S' + S t' away, and adds the row's part of b. */
  #cross(cells: Float64Array, row: Uint8Array, width: number, delta: number, others: number): void {
    const left = this.#left;
    for (let k = 0; k <= width; k++) {
      const feature = k === 0 ? 0 : row[rowHead + k]!;
      const value = k === 0 ? row[rowHead]! : 1;
      for (let j = 0; j < featureCount; j++) {
        if (left[j] === 0) continue;
        const at = cellOf(feature, j);
        // On the diagonal both products fall into one cell.
        const twice = feature === j ? 2 : 1;
        cells[at] = cells[at]! - delta * twice * value * left[j]!;
      }
      const at = triangle + feature;
      cells[at] = cells[at]! + delta * (pointWeight + others) * value;
    }
    for (let j = 0; j < featureCount; j++) {
      if (left[j] !== 0) cells[triangle + j] = cells[triangle + j]! - delta * left[j]!;
    }
  }

  #system(placement: number, version: number): System {
    const key = `${placement}/${version}`;
    const known = this.#systems.get(key);
    if (known !== undefined) return known;
    const system = { placement, version, cells: new Float64Array(cellCount) };
    this.#systems.set(key, system);
    return system;
  }

  #eachCell(visit: (placement: number, version: number, at: number, value: number) => void): void {
    for (const { placement, version, cells } of this.#systems.values()) {
      cells.forEach((value, at) => {
        if (value !== 0) visit(placement, version, at, value);
      });
    }
  }
}

/** Cells of b stand behind those of A. */
export const rightSide = triangle;
