import type { UserState } from "../fold/state.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Blend } from "./blend.ts";
import type { Filter } from "./filter.ts";
import type { Items } from "../sum/items.ts";
import type { Placement } from "./placement.ts";

/** Bit of an exposure's slot that led to a purchase. */
const purchaseBit = 16;

/**
 * Which items an answer may hold: those of the catalogue (all, if it is empty) that pass the filter and that
 * neither the request, nor the user's dislikes, nor the placement's exclusions keep out.
 */
export class Eligible {
  readonly #catalogue: Catalogue;
  readonly #filter: Filter | undefined;
  readonly #excluded: ReadonlySet<string>;

  constructor(
    state: UserState,
    catalogue: Catalogue,
    placement: Placement,
    exclude: readonly string[],
    filter: Filter | undefined,
  ) {
    this.#catalogue = catalogue;
    this.#filter = filter;
    const excluded = new Set(exclude);
    for (const item of state.dislikes.keys()) excluded.add(item);
    if (placement.exclude.includes("current")) excludeCurrent(state, excluded);
    if (placement.exclude.includes("purchased")) excludePurchased(state, excluded);
    if (placement.exclude.includes("known")) {
      for (const item of state.reactions.keys()) excluded.add(item);
    }
    this.#excluded = excluded;
  }

  has(item: string): boolean {
    return !this.#excluded.has(item) && this.#isOffered(item);
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
    if (this.#catalogue.size === 0 && this.#filter === undefined) return totals.count - barred;
    for (let i = 0; i < totals.count; i++) {
      const item = totals.touched[i]!;
      const key = items.keys[item]!;
      if (this.#isOffered(key) || this.#excluded.has(key)) continue;
      blend.bar(item);
      barred++;
    }
    return totals.count - barred;
  }

  #isOffered(item: string): boolean {
    const entry = this.#catalogue.get(item);
    if (entry === undefined && this.#catalogue.size > 0) return false;
    return this.#filter === undefined || this.#filter(entry);
  }
}

function excludeCurrent(state: UserState, excluded: Set<string>): void {
  const newest = state.ring.at(-1);
  if (newest !== undefined) excluded.add(newest.item);
}

/** As far back as the state remembers: the ring and the logged exposures. */
function excludePurchased(state: UserState, excluded: Set<string>): void {
  for (const { item, type } of state.ring) if (type === "purchase") excluded.add(item);
  for (const { items, outcomes } of state.exposures) {
    items.forEach((item, slot) => {
      if (((outcomes[slot] ?? 0) & purchaseBit) !== 0) excluded.add(item);
    });
  }
}
