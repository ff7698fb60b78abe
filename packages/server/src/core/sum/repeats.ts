/**
 * Of the steps from an item to the next one of a session: how many there are, and how many repeat the item.
 * Whether to recommend again what is on screen differs by trade (a shop's log 26 %, another's none), so it is
 * read from these counts and not set. A function of the sequences, like every other column of the index.
 */
export class Repeats {
  #followed = new Uint32Array(64);
  #repeated = new Uint32Array(64);
  #steps = 0;
  #repeats = 0;

  get bytes(): number {
    return this.#followed.byteLength + this.#repeated.byteLength;
  }

  add(from: number, to: number, delta: 1 | -1): void {
    if (from >= this.#followed.length) this.#reserve(from + 1);
    this.#followed[from] = this.#followed[from]! + delta;
    this.#steps += delta;
    if (from !== to) return;
    this.#repeated[from] = this.#repeated[from]! + delta;
    this.#repeats += delta;
  }

  /** Share of the steps from an item that repeat it, drawn to that of all items as if by `prior` steps. */
  rate(item: number, prior: number): number {
    const all = this.#steps === 0 ? 0 : this.#repeats / this.#steps;
    const followed = this.#followed[item] ?? 0;
    return ((this.#repeated[item] ?? 0) + prior * all) / Math.max(1, followed + prior);
  }

  #reserve(items: number): void {
    const length = Math.max(items, Math.ceil(this.#followed.length * 1.25));
    const followed = new Uint32Array(length);
    const repeated = new Uint32Array(length);
    followed.set(this.#followed);
    repeated.set(this.#repeated);
    this.#followed = followed;
    this.#repeated = repeated;
  }
}
