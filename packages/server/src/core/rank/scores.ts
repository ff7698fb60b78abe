/**
 * Sparse integer scores over dense item ids: an array of cells that is cleared through the list of those
 * touched, never by fill. Owned by the ranker and used again for every answer.
 */
export class Scores {
  values = new Float64Array(1024);
  touched = new Uint32Array(1024);
  count = 0;
  #seen = new Uint8Array(1024);

  /** Makes room for ids below `size`; call before scoring. */
  reserve(size: number): void {
    if (size <= this.values.length) return;
    const length = Math.max(size, this.values.length * 2);
    const values = new Float64Array(length);
    values.set(this.values);
    const seen = new Uint8Array(length);
    seen.set(this.#seen);
    const touched = new Uint32Array(length);
    touched.set(this.touched.subarray(0, this.count));
    this.values = values;
    this.#seen = seen;
    this.touched = touched;
  }

  add(item: number, amount: number): void {
    if (this.#seen[item] === 0) {
      this.#seen[item] = 1;
      this.touched[this.count++] = item;
    }
    this.values[item] = this.values[item]! + amount;
  }

  get(item: number): number {
    return this.values[item]!;
  }

  has(item: number): boolean {
    return this.#seen[item] === 1;
  }

  /** The greatest score; 0 when there is none. */
  best(): number {
    let best = 0;
    for (let i = 0; i < this.count; i++) best = Math.max(best, this.values[this.touched[i]!]!);
    return best;
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) {
      const item = this.touched[i]!;
      this.values[item] = 0;
      this.#seen[item] = 0;
    }
    this.count = 0;
  }
}
