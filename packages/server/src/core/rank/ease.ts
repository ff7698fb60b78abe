/**
 * EASE as a view: which items speak for which others, solved in closed form from the Gram counts of taste
 * (Harald Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019). A view is a pure function
 * of the sums at one position: named by it, never patched, never part of a digest, made again at will.
 */
import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import type { Cooccurrence } from "../sum/cooccurrence.ts";
import { cellOf, invert, triangle } from "./positive-matrix.ts";

/** Ridge on the diagonal, in users: a constant, not tuned on any test set. */
const lambda = 400;
/** Items a view covers: the matrix takes n^2 / 2 doubles (67 MB) and the solve n^3 / 2 products. */
export const easeItemsMax = 4_096;
/** Weights kept of a row, the greatest in size. */
const rowCellsMax = 100;
/** The greatest weight of a view, whatever its sign, is this; the others are in its proportion. */
const weightMax = 32_767;

/** Weights by item: row x holds what a liking of x says for (or against) each other item. */
export interface EaseRows {
  /** Cells of row x stand at `starts[x]..starts[x + 1] - 1`, by column ascending. */
  starts: Uint32Array;
  columns: Uint16Array;
  weights: Int16Array;
}

export class EaseView {
  /** Commit whose sums it was solved from. */
  readonly seq: number;
  /** Running digest of those sums. */
  readonly digest: string;
  /** Hottest first, then by key: the place of an item is its row and its column. */
  readonly items: readonly string[];
  readonly rows: EaseRows;
  readonly #places: ReadonlyMap<string, number>;

  constructor(seq: number, digest: string, items: readonly string[], rows: EaseRows) {
    assert(rows.starts.length === items.length + 1, "a view has a row for each of its items");
    this.seq = seq;
    this.digest = digest;
    this.items = items;
    this.rows = rows;
    this.#places = new Map(items.map((item, place) => [item, place]));
  }

  /** As decisions name it. */
  get name(): string {
    return easeName(this.seq);
  }

  /** The row of an item, or -1 where the view does not cover it. */
  placeOf(item: string): number {
    return this.#places.get(item) ?? -1;
  }

  /** What row x says of column j. */
  weight(x: number, j: number): number {
    const { starts, columns, weights } = this.rows;
    let low = starts[x]!;
    let high = starts[x + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (columns[middle]! < j) low = middle + 1;
      else high = middle;
    }
    return low < starts[x + 1]! && columns[low] === j ? weights[low]! : 0;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const { starts, columns, weights } = this.rows;
    const writer = new ByteWriter(1 << 16);
    writer.varint(this.seq);
    writer.text(this.digest);
    writer.varint(this.items.length);
    this.items.forEach((item, x) => {
      writer.text(item);
      writer.varint(starts[x + 1]! - starts[x]!);
    });
    columns.forEach((column, at) => {
      writer.u16(column);
      writer.u16(weights[at]! & 0xffff);
    });
    return writer.finish();
  }

  static decode(bytes: Uint8Array): EaseView {
    const reader = new ByteReader(bytes);
    const [seq, digest, size] = [reader.varint(), reader.text(), reader.varint()];
    const items: string[] = [];
    const starts = new Uint32Array(size + 1);
    for (let x = 0; x < size; x++) {
      items.push(reader.text());
      starts[x + 1] = starts[x]! + reader.varint();
    }
    const columns = new Uint16Array(starts[size]!);
    const weights = new Int16Array(starts[size]!);
    for (let at = 0; at < columns.length; at++) {
      columns[at] = reader.u16();
      weights[at] = reader.u16();
    }
    reader.expectEnd();
    return new EaseView(seq, digest, items, { starts, columns, weights });
  }
}

export function easeName(seq: number): string {
  return `ease@${seq}`;
}

/** The seq in the name of an EASE view; undefined for the name of anything else. */
export function easeSeq(name: string): number | undefined {
  const [, digits] = /^ease@(\d{1,15})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Solves B = I - P / diag(P), P = (G + lambda I)^-1, over the `itemsMax` items that most users hold, as of
 * commit `seq`. Seconds of work at the limit: never on the thread that answers.
 */
export function solveEase(
  sums: Cooccurrence,
  seq: number,
  itemsMax: number = easeItemsMax,
): EaseView {
  const hottest = hottestOf(sums, itemsMax);
  const matrix = gramOf(sums, hottest);
  invert(matrix, hottest.length);
  const items = hottest.map((item) => sums.items.keys[item]!);
  return new EaseView(seq, sums.digest(), items, rowsOf(matrix, hottest.length));
}

/** Count descending, then key ascending: dense ids must not show. */
function hottestOf(sums: Cooccurrence, itemsMax: number): number[] {
  assert(itemsMax <= easeItemsMax, "columns are 16 bits wide");
  const { keys } = sums.items;
  return keys
    .map((_, item) => item)
    .filter((item) => sums.count(item) > 0)
    .sort((a, b) => sums.count(b) - sums.count(a) || (keys[a]! < keys[b]! ? -1 : 1))
    .slice(0, itemsMax);
}

function gramOf(sums: Cooccurrence, hottest: readonly number[]): Float64Array {
  const { others, counts } = sums;
  const places = new Int32Array(sums.items.size).fill(-1);
  hottest.forEach((item, place) => (places[item] = place));
  const matrix = new Float64Array(triangle(hottest.length));
  hottest.forEach((item, row) => {
    matrix[cellOf(row, row)] = sums.count(item) + lambda;
    const start = sums.rowStart(item);
    const end = start + sums.rowLength(item);
    for (let at = start; at < end; at++) {
      const column = places[others[at]!]!;
      if (column >= 0 && column < row) matrix[triangle(row) + column] = counts[at]!;
    }
  });
  return matrix;
}

/** The weights of each row that count, as integers of one scale. */
function rowsOf(inverse: Float64Array, size: number): EaseRows {
  const weightsOf = (x: number, row: Float64Array): void => {
    for (let j = 0; j < size; j++) {
      row[j] = j === x ? 0 : -inverse[cellOf(x, j)]! / inverse[cellOf(j, j)]!;
    }
  };
  const row = new Float64Array(size);
  let greatest = 0;
  for (let x = 0; x < size; x++) {
    weightsOf(x, row);
    for (let j = 0; j < size; j++) greatest = Math.max(greatest, Math.abs(row[j]!));
  }
  const starts = new Uint32Array(size + 1);
  const columns: number[] = [];
  const weights: number[] = [];
  for (let x = 0; x < size; x++) {
    weightsOf(x, row);
    for (const j of greatestOf(row)) {
      const weight = Math.round((row[j]! / greatest) * weightMax);
      if (weight === 0) continue;
      columns.push(j);
      weights.push(weight);
    }
    starts[x + 1] = columns.length;
  }
  return { starts, columns: Uint16Array.from(columns), weights: Int16Array.from(weights) };
}

/** The columns kept of a row, ascending; among equals the first. */
function greatestOf(row: Float64Array): number[] {
  const sizes = row.map((weight) => Math.abs(weight)).sort();
  const least = sizes[sizes.length - rowCellsMax] ?? 0;
  let equals = rowCellsMax - sizes.filter((size) => size > least).length;
  const columns: number[] = [];
  row.forEach((weight, j) => {
    const size = Math.abs(weight);
    if (size > least || (size === least && equals-- > 0)) columns.push(j);
  });
  return columns;
}
