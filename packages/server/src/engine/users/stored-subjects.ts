/**
 * Who may be stored: says no for certain and yes by mistake for one stranger in 2^32 / size. Acceptance and fold
 * ask for every new person, and a search of the file for somebody who is not there cost an eighth of all ingest
 * (bench/measure/ingest.ts). 8 bytes a person at most; nobody ever leaves, which costs a search and no more.
 */
export class StoredSubjects {
  /** Open addressing; 0 is an empty slot. */
  #prints = new Uint32Array(1_024);
  #count = 0;

  add(subject: string): void {
    if (2 * (this.#count + 1) > this.#prints.length) this.#grow();
    if (this.#put(printOf(subject))) this.#count += 1;
  }

  has(subject: string): boolean {
    const print = printOf(subject);
    return this.#prints[this.#slotOf(print)] === print;
  }

  #put(print: number): boolean {
    const slot = this.#slotOf(print);
    if (this.#prints[slot] === print) return false;
    this.#prints[slot] = print;
    return true;
  }

  /** Where the print stands, or the empty slot where it would. */
  #slotOf(print: number): number {
    const mask = this.#prints.length - 1;
    let slot = print & mask;
    while (this.#prints[slot] !== 0 && this.#prints[slot] !== print) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const before = this.#prints;
    this.#prints = new Uint32Array(before.length * 2);
    for (const print of before) if (print !== 0) this.#put(print);
  }
}

/** The first 32 bits of a subject, which is a keyed hash and so scattered as it stands. */
function printOf(subject: string): number {
  return Number.parseInt(subject.slice(0, 8), 16) >>> 0 || 1;
}
