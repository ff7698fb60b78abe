import type { Reason } from "@attune/protocol";

/**
 * The account of one item's score: what was added to it, by which source and for which event. Rows are scratch that is
 * used again for the next item; objects are made of those alone that are told.
 */
export class Account {
  readonly #sources: string[] = [];
  readonly #becauses: (string | undefined)[] = [];
  readonly #shares: number[] = [];
  /** Rows in the order in which they are told. */
  readonly #order: number[] = [];
  #count = 0;

  clear(): void {
    this.#count = 0;
    this.#order.length = 0;
  }

  /** The shares of all rows together. */
  get total(): number {
    let total = 0;
    for (let row = 0; row < this.#count; row++) total += this.#shares[row]!;
    return total;
  }

  /** A row of its own. */
  enter(source: string, because: string | undefined, share: number): void {
    this.#order.push(this.#write(source, because, share));
  }

  /** One row for each source and event: a further share is added to the one there is. */
  add(source: string, because: string | undefined, share: number): void {
    if (share === 0) return;
    for (let row = 0; row < this.#count; row++) {
      if (this.#sources[row] !== source || this.#becauses[row] !== because) continue;
      this.#shares[row]! += share;
      return;
    }
    this.enter(source, because, share);
  }

  /** Takes out the rows that came to nothing. */
  dropEmpty(): void {
    let kept = 0;
    for (const row of this.#order) if (this.#shares[row] !== 0) this.#order[kept++] = row;
    this.#order.length = kept;
  }

  /** Canonical: the greatest first, then by source, then by the event's item. By insertion: rows are few and nearly in order. */
  sort(): void {
    const order = this.#order;
    for (let i = 1; i < order.length; i++) {
      const row = order[i]!;
      let at = i;
      for (; at > 0 && this.#isBefore(row, order[at - 1]!); at--) order[at] = order[at - 1]!;
      order[at] = row;
    }
  }

  #isBefore(x: number, y: number): boolean {
    const difference = this.#shares[x]! - this.#shares[y]!;
    if (difference !== 0) return difference > 0;
    const [source, other] = [this.#sources[x]!, this.#sources[y]!];
    if (source !== other) return source < other;
    return (this.#becauses[x] ?? "") < (this.#becauses[y] ?? "");
  }

  /**
   * The first `perSource` rows of each source, and what is left of a source as one share without an event: so they sum to
   * what they summed to before.
   */
  shorten(perSource: number): void {
    if (this.#order.length <= perSource) return;
    this.#keep((row, kept) => this.#countOf(this.#sources[row]!, kept) < perSource);
  }

  /** The same where these items must not be named: their shares go to their source without an event. */
  unname(isHidden: (item: string) => boolean): void {
    const isNamed = (row: number) => isHidden(this.#becauses[row] ?? "");
    if (!this.#order.some(isNamed)) return;
    this.#keep((row) => this.#becauses[row] !== undefined && !isNamed(row));
  }

  reasons(): Reason[] {
    return this.#order.map((row) => {
      const [source, because, share] = [
        this.#sources[row]!,
        this.#becauses[row],
        this.#shares[row]!,
      ];
      return because === undefined ? { source, share } : { source, because, share };
    });
  }

  /** Puts the rows by that are not to be kept; `kept` says how many are before a row. */
  #keep(isKept: (row: number, kept: number) => boolean): void {
    const order = this.#order;
    const rests: number[] = [];
    let kept = 0;
    for (const row of order) {
      if (isKept(row, kept)) order[kept++] = row;
      else this.#putBy(rests, row);
    }
    order.length = kept;
    if (rests.length === 0) return;
    order.push(...rests);
    this.sort();
  }

  /** How many of the first `kept` rows are of a source. */
  #countOf(source: string, kept: number): number {
    let count = 0;
    for (let i = 0; i < kept; i++) if (this.#sources[this.#order[i]!] === source) count++;
    return count;
  }

  /** Adds a row to the one without an event that its source has among the rests. */
  #putBy(rests: number[], row: number): void {
    const source = this.#sources[row]!;
    const known = rests.find((rest) => this.#sources[rest] === source);
    if (known !== undefined) {
      this.#shares[known]! += this.#shares[row]!;
      return;
    }
    rests.push(this.#write(source, undefined, this.#shares[row]!));
  }

  #write(source: string, because: string | undefined, share: number): number {
    const row = this.#count++;
    this.#sources[row] = source;
    this.#becauses[row] = because;
    this.#shares[row] = share;
    return row;
  }
}
