import { roomForName, roomForNumbers } from "./room.ts";

export interface Reaction {
  /** Sum of strengths, clamped to +-1,000. */
  score: number;
  count: number;
  firstAt: number;
  lastAt: number;
}

/** A row of `numbers`: score, count, first and last time. */
const stride = 4;
/** Up to so many rows are looked through; a map of them would be most of what they take. */
const scannedMax = 16;

/** What a person thinks of items, in rows numbered from 0, in no order. */
export class Reactions {
  /** By row. */
  items: string[] = [];
  numbers: number[] = [];
  /** Rows by item, once there are many. */
  #rows: Map<string, number> | undefined;

  get size(): number {
    return this.items.length;
  }

  /** The row of an item, or -1. */
  find(item: string): number {
    if (this.#rows !== undefined) return this.#rows.get(item) ?? -1;
    return this.items.indexOf(item);
  }

  itemAt(row: number): string {
    return this.items[row]!;
  }

  scoreAt(row: number): number {
    return this.numbers[row * stride]!;
  }

  countAt(row: number): number {
    return this.numbers[row * stride + 1]!;
  }

  firstAt(row: number): number {
    return this.numbers[row * stride + 2]!;
  }

  lastAt(row: number): number {
    return this.numbers[row * stride + 3]!;
  }

  /** As a value of its own. */
  at(row: number): Reaction {
    return {
      score: this.scoreAt(row),
      count: this.countAt(row),
      firstAt: this.firstAt(row),
      lastAt: this.lastAt(row),
    };
  }

  *[Symbol.iterator](): IterableIterator<[string, Reaction]> {
    for (let row = 0; row < this.size; row++) yield [this.itemAt(row), this.at(row)];
  }

  /** A row for an item that has none; returns its number. */
  add(item: string, { score, count, firstAt, lastAt }: Reaction): number {
    const row = this.size;
    this.items = roomForName(this.items, row);
    this.numbers = roomForNumbers(this.numbers, row, stride);
    this.items[row] = item;
    const start = row * stride;
    this.numbers[start] = score;
    this.numbers[start + 1] = count;
    this.numbers[start + 2] = firstAt;
    this.numbers[start + 3] = lastAt;
    if (this.#rows !== undefined) this.#rows.set(item, row);
    else if (row >= scannedMax) this.#rows = new Map(this.items.map((name, i) => [name, i]));
    return row;
  }

  /** One more reaction, after which the score is this. */
  touch(row: number, score: number, at: number): void {
    const start = row * stride;
    this.numbers[start] = score;
    this.numbers[start + 1]!++;
    this.numbers[start + 3] = at;
  }

  /** Its place is taken by the last row. */
  remove(row: number): void {
    const last = this.size - 1;
    const moved = this.items[last]!;
    this.#rows?.delete(this.items[row]!);
    if (row !== last) {
      this.items[row] = moved;
      this.numbers.copyWithin(row * stride, last * stride, last * stride + stride);
      this.#rows?.set(moved, row);
    }
    this.items.length = last;
    this.numbers.length = last * stride;
  }
}
