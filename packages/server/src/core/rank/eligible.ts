import { outcomeBits, type UserState } from "../fold/state.ts";
import type { Blend } from "./blend.ts";
import type { CatalogueItem } from "./catalogue.ts";
import type { Entries } from "./entries.ts";
import type { Predicate } from "./filter/predicate.ts";
import type { Items } from "../sum/items.ts";
import type { Takedowns } from "./merchandise/takedown.ts";
import type { Placement } from "./placement.ts";

/**
 * Which items an answer may hold: those of the catalogue (all, if it is empty) that pass every filter, that were
 * not taken down, and that neither the request, nor the user's dislikes, nor the placement's exclusions keep out.
 */
export class Eligible {
  readonly #entries: Entries;
  readonly #takedowns: Takedowns | undefined;
  /** All must let an item through. */
  readonly #filters: readonly Predicate[];
  readonly #excluded: ReadonlySet<string>;

  constructor(
    state: UserState,
    entries: Entries,
    placement: Placement,
    exclude: readonly string[],
    takedowns: Takedowns | undefined,
    filters: readonly (Predicate | undefined)[],
  ) {
    this.#entries = entries;
    this.#takedowns = takedowns;
    this.#filters = filters.filter((filter) => filter !== undefined);
    const excluded = new Set(exclude);
    for (const item of state.dislikes.keys()) excluded.add(item);
    if (placement.exclude.includes("current")) excludeCurrent(state, excluded);
    if (placement.exclude.includes("purchased")) excludePurchased(state, excluded);
    if (placement.exclude.includes("known")) {
      for (const item of state.reactions.items) excluded.add(item);
    }
    this.#excluded = excluded;
  }

  /** Whether every filter lets an item in; undefined where there is none. */
  get isOffered(): ((item: string) => boolean) | undefined {
    return this.#filters.length === 0
      ? undefined
      : (item) => this.#isOffered(item, this.#entries.get(item));
  }

  has(item: string): boolean {
    return !this.#excluded.has(item) && this.#isOffered(item, this.#entries.get(item));
  }

  /** Bars every candidate that may not be shown, and says how many are left. */
  barOthers(blend: Blend, items: Items): number {
    const { totals } = blend;
    let barred = 0;
    for (const key of this.#excluded) {
      const item = items.find(key);
      if (item < 0 || !totals.has(item)) continue;
      blend.bar(item);
      barred++;
    }
    // Candidates are many: they are looked up one by one only if something can turn them away.
    const isOpen = this.#filters.length === 0 && this.#takedowns === undefined;
    if (this.#entries.isEmpty && isOpen) return totals.count - barred;
    for (let i = 0; i < totals.count; i++) {
      const item = totals.touched[i]!;
      const key = items.keys[item]!;
      if (this.#isOffered(key, this.#entries.of(item)) || this.#excluded.has(key)) continue;
      blend.bar(item);
      barred++;
    }
    return totals.count - barred;
  }

  #isOffered(item: string, entry: CatalogueItem | undefined): boolean {
    if (this.#takedowns !== undefined && Object.hasOwn(this.#takedowns, item)) return false;
    if (entry === undefined && !this.#entries.isEmpty) return false;
    return this.#filters.every((filter) => filter(entry, item));
  }
}

function excludeCurrent(state: UserState, excluded: Set<string>): void {
  const newest = state.ring.items.at(-1);
  if (newest !== undefined) excluded.add(newest);
}

/** As far back as the state remembers: the ring and the logged exposures. */
function excludePurchased(state: UserState, excluded: Set<string>): void {
  const { ring } = state;
  for (let i = 0; i < ring.length; i++) {
    if (ring.typeAt(i) === "purchase") excluded.add(ring.itemAt(i));
  }
  for (const { items, outcomes } of state.exposures) {
    items.forEach((item, slot) => {
      if (((outcomes[slot] ?? 0) & outcomeBits.purchase) !== 0) excluded.add(item);
    });
  }
}
