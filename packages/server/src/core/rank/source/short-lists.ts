/** Rows of one dimension: all at or above a floor, and some that have fallen below it since. */
export interface ShortList {
  floor: number;
  rows: number[];
}

/** By dimension, the rows of the popularity sum that may count: rows are as many as items, and are looked through once. */
export class ShortLists {
  readonly #lists = new Map<number, ShortList>();
  /** By row: 1 if it stands in the list of its dimension. */
  #isListed = new Uint8Array(1024);

  of(dimension: number): ShortList | undefined {
    return this.#lists.get(dimension);
  }

  /** In the place of the one before. */
  keep(dimension: number, list: ShortList): void {
    for (const row of this.#lists.get(dimension)?.rows ?? []) this.#mark(row, 0);
    for (const row of list.rows) this.#mark(row, 1);
    this.#lists.set(dimension, list);
  }

  /** A row has another value: it may have come to be one of its list. */
  changed(dimension: number, row: number, value: number): void {
    const list = this.#lists.get(dimension);
    if (list === undefined || value < list.floor || this.#isListed[row] === 1) return;
    this.#mark(row, 1);
    list.rows.push(row);
  }

  /** Lets go of the rows of a list below a floor. */
  cut(list: ShortList, floor: number, valueOf: (row: number) => number): void {
    list.floor = Math.max(list.floor, floor);
    const kept: number[] = [];
    for (const row of list.rows) {
      if (valueOf(row) >= list.floor) kept.push(row);
      else this.#mark(row, 0);
    }
    list.rows = kept;
  }

  clear(): void {
    this.#lists.clear();
    this.#isListed.fill(0);
  }

  #mark(row: number, value: 0 | 1): void {
    if (row >= this.#isListed.length) {
      const isListed = new Uint8Array(Math.max(row + 1, this.#isListed.length * 2));
      isListed.set(this.#isListed);
      this.#isListed = isListed;
    }
    this.#isListed[row] = value;
  }
}
