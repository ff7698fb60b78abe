import type { UserState } from "../fold/state.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Filter } from "./filter.ts";
import type { Placement } from "./placement.ts";

/** Bit of an exposure's slot that led to a purchase. */
const purchaseBit = 16;

/**
 * Which items an answer may hold: those of the catalogue (all, if it is empty) that pass the filter and that
 * neither the request, nor the user's dislikes, nor the placement's exclusions keep out.
 */
export class Eligible {
  readonly #catalogue: Catalogue;
  readonly #filter: Filter;
  readonly #dislikes: ReadonlyMap<string, number>;
  readonly #excluded: ReadonlySet<string>;

  constructor(
    state: UserState,
    catalogue: Catalogue,
    placement: Placement,
    exclude: readonly string[],
    filter: Filter,
  ) {
    this.#catalogue = catalogue;
    this.#filter = filter;
    this.#dislikes = state.dislikes;
    const excluded = new Set(exclude);
    if (placement.exclude.includes("current")) excludeCurrent(state, excluded);
    if (placement.exclude.includes("purchased")) excludePurchased(state, excluded);
    if (placement.exclude.includes("known")) {
      for (const item of state.reactions.keys()) excluded.add(item);
    }
    this.#excluded = excluded;
  }

  has(item: string): boolean {
    if (this.#excluded.has(item) || this.#dislikes.has(item)) return false;
    const entry = this.#catalogue.get(item);
    if (entry === undefined && this.#catalogue.size > 0) return false;
    return this.#filter(entry);
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
