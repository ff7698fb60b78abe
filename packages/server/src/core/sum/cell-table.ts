/**
 * A sparse table of signed integers under addition, keyed by (row, column, tag): open addressing over typed
 * arrays, with the cells of a row, and if wanted of a column, linked so that they can be walked. A cell that
 * reaches zero is gone. Rows, columns, cell numbers and the order of a walk are layout, never content.
 */

/** Sums are exact up to here; a larger one is a fault of the caller and stops the partition. */
export const sumMax = 2 ** 52;

const freeRow = 0xffffffff;

function hashCell(row: number, column: number, tag: number): number {
  let h = Math.imul(row, 0x9e3779b1) ^ Math.imul(column, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ Math.imul(tag, 0xc2b2ae35), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

function grown(old: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const array = new Uint32Array(length);
  array.set(old);
  return array;
}

export class CellTable {
  /** Cell numbers start at 1, so that 0 means none in every link. */
  row = new Uint32Array(64).fill(freeRow);
  column = new Uint32Array(64);
  tag = new Uint32Array(64);
  value = new Float64Array(64);
  /** Next cell of the same row; of free cells, the next free one. */
  nextInRow = new Uint32Array(64);
  /** Next cell of the same column; empty unless the table links columns. */
  nextInColumn = new Uint32Array(0);
  #previousInRow = new Uint32Array(64);
  #previousInColumn = new Uint32Array(0);
  #rowHeads = new Uint32Array(64);
  #columnHeads = new Uint32Array(0);
  #index = new Uint32Array(128);
  readonly #linksColumns: boolean;
  /** First cell number that was never used. */
  #end = 1;
  #free = 0;
  #size = 0;

  constructor(linksColumns = false) {
    this.#linksColumns = linksColumns;
    if (!linksColumns) return;
    this.nextInColumn = new Uint32Array(64);
    this.#previousInColumn = new Uint32Array(64);
    this.#columnHeads = new Uint32Array(64);
  }

  /** Number of cells that are not zero. */
  get size(): number {
    return this.#size;
  }

  /** Cell numbers lie below this; a number in between may be free (`holds` is false). */
  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    const cells = this.row.length * (this.#linksColumns ? 36 : 28);
    return cells + (this.#rowHeads.length + this.#columnHeads.length + this.#index.length) * 4;
  }

  holds(cell: number): boolean {
    return this.row[cell] !== freeRow;
  }

  /** First cell of a row, or 0; go on with `nextInRow`. */
  firstInRow(row: number): number {
    return this.#rowHeads[row] ?? 0;
  }

  /** First cell of a column, or 0; go on with `nextInColumn`. */
  firstInColumn(column: number): number {
    return this.#columnHeads[column] ?? 0;
  }

  get(row: number, column: number, tag: number): number {
    const cell = this.#index[this.#place(row, column, tag)]!;
    return cell === 0 ? 0 : this.value[cell]!;
  }

  /** Adds `delta` to a cell. Walks under way on that row or column end here. */
  add(row: number, column: number, tag: number, delta: number): void {
    if (delta === 0) return;
    const place = this.#place(row, column, tag);
    const cell = this.#index[place]!;
    if (cell === 0) {
      if (!Number.isSafeInteger(delta)) throw new RangeError("A sum takes integers only.");
      this.#insert(row, column, tag, delta);
      return;
    }
    const value = this.value[cell]! + delta;
    if (!Number.isInteger(value) || value > sumMax || value < -sumMax) {
      throw new RangeError("A sum left the range in which it is exact.");
    }
    if (value === 0) this.#remove(place, cell);
    else this.value[cell] = value;
  }

  /** Place in the index of a cell, or of the gap where it would stand. */
  #place(row: number, column: number, tag: number): number {
    const mask = this.#index.length - 1;
    let place = hashCell(row, column, tag) & mask;
    for (;;) {
      const cell = this.#index[place]!;
      if (cell === 0) return place;
      if (this.row[cell] === row && this.column[cell] === column && this.tag[cell] === tag) {
        return place;
      }
      place = (place + 1) & mask;
    }
  }

  #insert(row: number, column: number, tag: number, value: number): void {
    if (this.#free === 0 && this.#end === this.row.length) this.#grow();
    let cell = this.#free;
    if (cell === 0) cell = this.#end++;
    else this.#free = this.nextInRow[cell]!;
    this.#size++;
    this.#write(cell, row, column, tag, value);
  }

  /** Fills a cell, links it first in its row and column, and enters it into the index. */
  #write(cell: number, row: number, column: number, tag: number, value: number): void {
    this.row[cell] = row;
    this.column[cell] = column;
    this.tag[cell] = tag;
    this.value[cell] = value;
    if (row >= this.#rowHeads.length) {
      this.#rowHeads = grown(this.#rowHeads, Math.max(row + 1, this.#rowHeads.length * 2));
    }
    const first = this.#rowHeads[row]!;
    this.nextInRow[cell] = first;
    this.#previousInRow[cell] = 0;
    if (first !== 0) this.#previousInRow[first] = cell;
    this.#rowHeads[row] = cell;
    if (this.#linksColumns) this.#linkColumn(cell, column);
    this.#index[this.#place(row, column, tag)] = cell;
  }

  #linkColumn(cell: number, column: number): void {
    if (column >= this.#columnHeads.length) {
      this.#columnHeads = grown(
        this.#columnHeads,
        Math.max(column + 1, this.#columnHeads.length * 2),
      );
    }
    const first = this.#columnHeads[column]!;
    this.nextInColumn[cell] = first;
    this.#previousInColumn[cell] = 0;
    if (first !== 0) this.#previousInColumn[first] = cell;
    this.#columnHeads[column] = cell;
  }

  #remove(place: number, cell: number): void {
    this.#closeGap(place);
    const next = this.nextInRow[cell]!;
    const previous = this.#previousInRow[cell]!;
    if (previous === 0) this.#rowHeads[this.row[cell]!] = next;
    else this.nextInRow[previous] = next;
    if (next !== 0) this.#previousInRow[next] = previous;
    if (this.#linksColumns) this.#unlinkColumn(cell);
    this.row[cell] = freeRow;
    this.value[cell] = 0;
    this.nextInRow[cell] = this.#free;
    this.#free = cell;
    this.#size--;
  }

  #unlinkColumn(cell: number): void {
    const next = this.nextInColumn[cell]!;
    const previous = this.#previousInColumn[cell]!;
    if (previous === 0) this.#columnHeads[this.column[cell]!] = next;
    else this.nextInColumn[previous] = next;
    if (next !== 0) this.#previousInColumn[next] = previous;
  }

  /** Empties a place of the index and moves later cells of the run up, so that no tombstones are left. */
  #closeGap(place: number): void {
    const mask = this.#index.length - 1;
    let gap = place;
    let next = (gap + 1) & mask;
    for (;;) {
      const cell = this.#index[next]!;
      if (cell === 0) break;
      const home = hashCell(this.row[cell]!, this.column[cell]!, this.tag[cell]!) & mask;
      if (((next - home) & mask) >= ((next - gap) & mask)) {
        this.#index[gap] = cell;
        gap = next;
      }
      next = (next + 1) & mask;
    }
    this.#index[gap] = 0;
  }

  /** Doubles the arrays and lays the cells out row by row, so that walks of a row run through memory. */
  #grow(): void {
    const { row, column, tag, value, nextInRow } = this;
    const heads = this.#rowHeads;
    const length = row.length * 2;
    this.row = new Uint32Array(length).fill(freeRow);
    this.column = new Uint32Array(length);
    this.tag = new Uint32Array(length);
    this.value = new Float64Array(length);
    this.nextInRow = new Uint32Array(length);
    this.#previousInRow = new Uint32Array(length);
    this.#rowHeads = new Uint32Array(heads.length);
    if (this.#linksColumns) {
      this.nextInColumn = new Uint32Array(length);
      this.#previousInColumn = new Uint32Array(length);
      this.#columnHeads.fill(0);
    }
    this.#index = new Uint32Array(length * 2);
    this.#end = 1;
    for (let r = 0; r < heads.length; r++) {
      for (let cell = heads[r]!; cell !== 0; cell = nextInRow[cell]!) {
        this.#write(this.#end++, row[cell]!, column[cell]!, tag[cell]!, value[cell]!);
      }
    }
  }
}
