/**
 * Session keys (64 bits as two words) to slots: columns of open slots and an open-addressing table over them,
 * all typed arrays. Slots of closed sessions are used again; which slot a session has is layout.
 */
import { assert } from "../../base/assert.ts";

const none = 0xffffffff;

export class SlotTable {
  keyHi = new Uint32Array(64);
  keyLo = new Uint32Array(64);
  /** Minute of the session's first interaction; of a free slot, the next free one. */
  first = new Uint32Array(64);
  /** Slot + 1, or 0; never more than three quarters full, so that a search ends soon. */
  #table = new Uint32Array(128);
  #free = none;
  #end = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Slots lie below this. */
  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.keyHi.byteLength * 3 + this.#table.byteLength;
  }

  /** The slot of an open session, or -1. */
  find(keyHi: number, keyLo: number): number {
    const mask = this.#table.length - 1;
    for (let at = home(keyHi, keyLo) & mask; ; at = (at + 1) & mask) {
      const slot = this.#table[at]! - 1;
      if (slot === -1) return -1;
      if (this.keyLo[slot] === keyLo && this.keyHi[slot] === keyHi) return slot;
    }
  }

  /** Opens a session whose key is not open. */
  open(keyHi: number, keyLo: number, first: number): number {
    let slot = this.#free;
    if (slot === none) {
      slot = this.#end++;
      if (slot === this.keyHi.length) this.#growColumns();
    } else {
      this.#free = this.first[slot]!;
    }
    this.keyHi[slot] = keyHi;
    this.keyLo[slot] = keyLo;
    this.first[slot] = first;
    this.#count++;
    if (this.#count * 4 > this.#table.length * 3) this.#growTable();
    this.#enter(this.#table, slot);
    return slot;
  }

  close(slot: number): void {
    const mask = this.#table.length - 1;
    let gap = home(this.keyHi[slot]!, this.keyLo[slot]!) & mask;
    while (this.#table[gap] !== slot + 1) {
      assert(this.#table[gap] !== 0, "only an open slot is closed");
      gap = (gap + 1) & mask;
    }
    // Later entries of the run move up, so that a search may stop at the first gap and none is ever marked.
    for (let at = (gap + 1) & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const other = this.#table[at]! - 1;
      const wanted = home(this.keyHi[other]!, this.keyLo[other]!) & mask;
      if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
      this.#table[gap] = other + 1;
      gap = at;
    }
    this.#table[gap] = 0;
    this.first[slot] = this.#free;
    this.#free = slot;
    this.#count--;
  }

  #enter(table: Uint32Array, slot: number): void {
    const mask = table.length - 1;
    let at = home(this.keyHi[slot]!, this.keyLo[slot]!) & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot + 1;
  }

  #growTable(): void {
    const table = new Uint32Array(this.#table.length * 2);
    for (const entry of this.#table) if (entry !== 0) this.#enter(table, entry - 1);
    this.#table = table;
  }

  #growColumns(): void {
    const length = Math.ceil(this.keyHi.length * 1.25);
    this.keyHi = grown(this.keyHi, length);
    this.keyLo = grown(this.keyLo, length);
    this.first = grown(this.first, length);
  }
}

function home(keyHi: number, keyLo: number): number {
  const h = Math.imul(keyLo ^ Math.imul(keyHi, 0x9e3779b1), 0x85ebca6b);
  return h ^ (h >>> 15);
}

function grown(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const array = new Uint32Array(length);
  array.set(column);
  return array;
}
