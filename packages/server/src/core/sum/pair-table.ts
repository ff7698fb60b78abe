/**
 * Gives pairs of dense ids, such as (dimension, item), dense ids of their own, for the rows of a CellTable.
 * Like the ids of `Items` they depend on the order of arrival: layout, never content.
 */

/** An entry of the index: both ids of the pair, and its own plus 1; in one line of memory, read at once. */
const entryWords = 4;

export class PairTable {
  first = new Uint32Array(64);
  second = new Uint32Array(64);
  #index = new Uint32Array(128 * entryWords);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  get bytes(): number {
    return (this.first.length + this.second.length + this.#index.length) * 4;
  }

  /** The id of a pair, given out now if it is new. */
  intern(first: number, second: number): number {
    const place = this.#place(first, second);
    const known = this.#index[place + 2]!;
    if (known !== 0) return known - 1;
    const id = this.#count++;
    if (id === this.first.length) this.#grow();
    this.first[id] = first;
    this.second[id] = second;
    this.#enter(first, second, id);
    return id;
  }

  /** The id of a pair, or -1 if it was never given one. */
  find(first: number, second: number): number {
    return this.#index[this.#place(first, second) + 2]! - 1;
  }

  #place(first: number, second: number): number {
    const index = this.#index;
    const mask = index.length / entryWords - 1;
    let h = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    let place = ((h ^ (h >>> 13)) & mask) * entryWords;
    while (index[place + 2] !== 0 && (index[place] !== first || index[place + 1] !== second)) {
      place = (place + entryWords) & (index.length - 1);
    }
    return place;
  }

  #enter(first: number, second: number, id: number): void {
    const place = this.#place(first, second);
    this.#index[place] = first;
    this.#index[place + 1] = second;
    this.#index[place + 2] = id + 1;
  }

  #grow(): void {
    const { first, second } = this;
    const length = first.length * 2;
    this.first = new Uint32Array(length);
    this.second = new Uint32Array(length);
    this.first.set(first);
    this.second.set(second);
    this.#index = new Uint32Array(length * 2 * entryWords);
    for (let id = 0; id < first.length; id++) this.#enter(first[id]!, second[id]!, id);
  }
}
