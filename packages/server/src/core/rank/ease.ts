/**
 * EASE as a view: which items speak for which others, solved in closed form from the Gram counts of taste
 * (Harald Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019). A view is a pure function
 * of the sums at one position: named by it, never patched, never part of a digest, made again at will.
 */
import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import type { Cooccurrence } from "../sum/cooccurrence.ts";
import { cellOf, invertInSteps, type Steps, triangle, whole } from "./positive-matrix.ts";

/** Ridge on the diagonal, in users: a constant, not tuned on any test set. */
const lambda = 400;

export interface EaseLimits {
  /** Items a view covers: the matrix takes n^2 / 2 doubles (67 MB) and the solve n^3 / 2 products. */
  itemsMax: number;
  /**
   * Weights kept of a view, 4 bytes each: up to 2,048 items B is whole, beyond that a row keeps its greatest.
   * A hundred a row take a fraction of that, and cost a thirtieth of the nDCG (docs/quality.md).
   */
  cellsMax: number;
}

const easeLimits: Readonly<EaseLimits> = Object.freeze({
  itemsMax: 4_096,
  cellsMax: 1 << 22,
});

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
  #bytes: Uint8Array<SharedArrayBuffer> | undefined;

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

  /**
   * Names first, then the rows as they lie in memory. Nobody ever writes there again, so all threads that answer from
   * a view may have the same bytes: a copy for each would be up to 17 MB, made by the thread that serves.
   */
  encode(): Uint8Array<SharedArrayBuffer> {
    this.#bytes ??= this.#encoded();
    return this.#bytes;
  }

  #encoded(): Uint8Array<SharedArrayBuffer> {
    const { starts, columns, weights } = this.rows;
    const writer = new ByteWriter(1 << 16);
    writer.varint(this.seq);
    writer.text(this.digest);
    writer.varint(this.items.length);
    for (const item of this.items) writer.text(item);
    const head = writer.finish();
    const first = alignedAfter(head.length);
    const size = first + starts.byteLength + columns.length * 4;
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    new DataView(bytes.buffer).setUint32(0, head.length, true);
    bytes.set(head, headStart);
    new Uint32Array(bytes.buffer, first, starts.length).set(starts);
    const second = first + starts.byteLength;
    new Uint16Array(bytes.buffer, second, columns.length).set(columns);
    new Int16Array(bytes.buffer, second + columns.byteLength, weights.length).set(weights);
    return bytes;
  }

  /** The rows stay where they are: the thread that answers reads the bytes it was handed, and copies nothing. */
  static decode(bytes: Uint8Array<SharedArrayBuffer>): EaseView {
    const { buffer, byteOffset, length } = bytes;
    assert(byteOffset === 0 && length === buffer.byteLength, "a view is all of its bytes");
    const headEnd = headStart + new DataView(buffer).getUint32(0, true);
    const reader = new ByteReader(new Uint8Array(buffer, headStart, headEnd - headStart).slice());
    const [seq, digest, size] = [reader.varint(), reader.text(), reader.varint()];
    const items = Array.from({ length: size }, () => reader.text());
    reader.expectEnd();
    const first = alignedAfter(headEnd - headStart);
    const starts = new Uint32Array(buffer, first, size + 1);
    const second = first + starts.byteLength;
    const cells = starts[size]!;
    assert(second + cells * 4 === length, "a view ends with its last weight");
    const columns = new Uint16Array(buffer, second, cells);
    const weights = new Int16Array(buffer, second + columns.byteLength, cells);
    const view = new EaseView(seq, digest, items, { starts, columns, weights });
    view.#bytes = bytes;
    return view;
  }
}

/** Behind the length of the head. */
const headStart = 4;

/** Where 32-bit words may begin behind a head of so many bytes. */
function alignedAfter(headLength: number): number {
  return (headStart + headLength + 3) & ~3;
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
 * Solves B = I - P / diag(P), P = (G + lambda I)^-1, over the items that most users hold, as of
 * commit `seq`. Seconds of work at the limit: never on the thread that answers.
 */
export function solveEase(
  sums: Cooccurrence,
  seq: number,
  limits: Readonly<EaseLimits> = easeLimits,
): EaseView {
  return whole(solveEaseInSteps(sums, seq, limits));
}

/** The same view. All that it reads of the sums is read before the first rest: they may move on meanwhile. */
export function* solveEaseInSteps(
  sums: Cooccurrence,
  seq: number,
  limits: Readonly<EaseLimits> = easeLimits,
): Steps<EaseView> {
  const digest = sums.digest();
  const hottest = hottestOf(sums, limits.itemsMax);
  const items = hottest.map((item) => sums.items.keys[item]!);
  const matrix = gramOf(sums, hottest);
  yield;
  yield* invertInSteps(matrix, items.length);
  const rows = yield* rowsInSteps(matrix, items.length, limits.cellsMax);
  return new EaseView(seq, digest, items, rows);
}

/** Count descending, then key ascending: dense ids must not show. */
function hottestOf(sums: Cooccurrence, itemsMax: number): number[] {
  assert(itemsMax <= 1 << 16, "columns are 16 bits wide");
  const { keys } = sums.items;
  const least = Math.max(1, leastOfHottest(sums, itemsMax));
  const hot: number[] = [];
  for (let item = 0; item < keys.length; item++) if (sums.count(item) >= least) hot.push(item);
  return hot
    .sort((a, b) => sums.count(b) - sums.count(a) || (keys[a]! < keys[b]! ? -1 : 1))
    .slice(0, itemsMax);
}

/** The count of the last of so many: numbers alone are sorted at once, where all items of a large catalogue took seconds. */
function leastOfHottest(sums: Cooccurrence, itemsMax: number): number {
  const size = sums.items.keys.length;
  if (size <= itemsMax) return 1;
  return Float64Array.from({ length: size }, (_, item) => sums.count(item)).sort()[
    size - itemsMax
  ]!;
}

function gramOf(sums: Cooccurrence, hottest: readonly number[]): Float64Array {
  const places = new Int32Array(sums.items.size).fill(-1);
  hottest.forEach((item, place) => (places[item] = place));
  const matrix = new Float64Array(triangle(hottest.length));
  hottest.forEach((item, row) => {
    matrix[cellOf(row, row)] = sums.count(item) + lambda;
    const start = sums.rowStart(item);
    const end = start + sums.rowLength(item);
    for (let at = start; at < end; at++) {
      const column = places[sums.otherAt(at)]!;
      if (column >= 0 && column < row) matrix[triangle(row) + column] = sums.countAt(item, at);
    }
  });
  return matrix;
}

/** Rows looked at between two rests: some ms of work where they are longest. */
const rowsPerStep = 16;

/** The weights of each row that are kept, as integers of one scale. */
function* rowsInSteps(inverse: Float64Array, size: number, cellsMax: number): Steps<EaseRows> {
  const row = new Float64Array(size);
  let greatest = 0;
  for (let x = 0; x < size; x++) {
    if (x % rowsPerStep === 0) yield;
    readWeights(inverse, x, row);
    for (let j = 0; j < size; j++) greatest = Math.max(greatest, Math.abs(row[j]!));
  }
  const rowCells = Math.min(size, Math.floor(cellsMax / Math.max(1, size)));
  const starts = new Uint32Array(size + 1);
  const columns = new Uint16Array(size * rowCells);
  const weights = new Int16Array(size * rowCells);
  for (let x = 0; x < size; x++) {
    if (x % rowsPerStep === 0) yield;
    readWeights(inverse, x, row);
    if (rowCells < size) keepGreatest(row, rowCells);
    starts[x + 1] = writeRow(row, greatest, columns, weights, starts[x]!);
  }
  const count = starts[size]!;
  return { starts, columns: columns.subarray(0, count), weights: weights.subarray(0, count) };
}

/** Writes what is not 0 from `count` on; returns where it ends. */
function writeRow(
  row: Float64Array,
  greatest: number,
  columns: Uint16Array,
  weights: Int16Array,
  start: number,
): number {
  let count = start;
  for (let j = 0; j < row.length; j++) {
    const weight = Math.round((row[j]! / greatest) * weightMax);
    if (weight === 0 || row[j] === 0) continue;
    columns[count] = j;
    weights[count++] = weight;
  }
  return count;
}

/** Row x of B. */
function readWeights(inverse: Float64Array, x: number, row: Float64Array): void {
  for (let j = 0; j < row.length; j++) {
    row[j] = j === x ? 0 : -inverse[cellOf(x, j)]! / inverse[cellOf(j, j)]!;
  }
}

/** Leaves the `count` weights that are greatest in size, among equals the first, and makes the rest 0. */
function keepGreatest(row: Float64Array, count: number): void {
  const sizes = row.map((weight) => Math.abs(weight)).sort();
  const least = sizes[sizes.length - count]!;
  let equals = count;
  for (let at = sizes.length - 1; at >= 0 && sizes[at]! > least; at--) equals--;
  for (let j = 0; j < row.length; j++) {
    const size = Math.abs(row[j]!);
    if (size > least || (size === least && equals-- > 0)) continue;
    row[j] = 0;
  }
}
