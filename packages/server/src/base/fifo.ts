/**
 * A queue in one array that is used again and again, and forgets what left it.
 *
 * For what comes and goes thousands of times a second neither a Map nor a linked list will do in V8: a table that was
 * outgrown points to the one that followed it, so a dead one in the old generation keeps all later ones alive, with
 * everything they held, until the next full collection.
 */
export class Fifo<T> {
  #slots: (T | undefined)[];
  #first = 0;
  #length = 0;

  constructor() {
    this.#slots = Array.from({ length: 16 }, () => undefined);
  }

  get length(): number {
    return this.#length;
  }

  /** The oldest, which stays; undefined if there is none. */
  get first(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#first];
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#first + this.#length++) & (this.#slots.length - 1)] = value;
  }

  /** The oldest, which leaves; undefined if there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#length--;
    return value;
  }

  /** The length stays a power of two. */
  #grow(): void {
    const { length } = this.#slots;
    this.#slots = Array.from({ length: length * 2 }, (_, i) =>
      i < length ? this.#slots[(this.#first + i) & (length - 1)] : undefined,
    );
    this.#first = 0;
  }
}
