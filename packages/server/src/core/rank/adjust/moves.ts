import type { Reason } from "@attune/protocol";

/**
 * What steps behind the blend added to scores or took from them, each as a reason of its own: a step calls `add`
 * with exactly what it added to the item's total. Many items may be moved and few are shown, so a move is three
 * numbers until somebody asks.
 */
export class Moves {
  readonly #items: number[] = [];
  readonly #shares: number[] = [];
  readonly #whys: number[] = [];
  readonly #why: { source: string; because: string | undefined }[] = [];

  clear(): void {
    this.#items.length = 0;
    this.#shares.length = 0;
    this.#whys.length = 0;
    this.#why.length = 0;
  }

  /** Names a cause once; `add` then takes its number. */
  cause(source: string, because?: string): number {
    return this.#why.push({ source, because }) - 1;
  }

  add(item: number, cause: number, share: number): void {
    if (share === 0) return;
    this.#items.push(item);
    this.#whys.push(cause);
    this.#shares.push(share);
  }

  /** Of these items alone, in the order in which they were made. */
  reasonsOf(items: ReadonlySet<number>): ReadonlyMap<number, readonly Reason[]> {
    const reasons = new Map<number, Reason[]>();
    for (let i = 0; i < this.#items.length; i++) {
      const item = this.#items[i]!;
      if (!items.has(item)) continue;
      const { source, because } = this.#why[this.#whys[i]!]!;
      const share = this.#shares[i]!;
      const reason = because === undefined ? { source, share } : { source, because, share };
      const known = reasons.get(item);
      if (known === undefined) reasons.set(item, [reason]);
      else known.push(reason);
    }
    return reasons;
  }
}
