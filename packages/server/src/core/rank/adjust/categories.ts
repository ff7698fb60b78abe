import type { Interaction, UserState } from "../../fold/state.ts";
import type { CatalogueItem } from "../catalogue.ts";
import type { Entries } from "../entries.ts";
import type { Scores } from "../scores.ts";
import type { Moves } from "./moves.ts";

/**
 * What a person keeps skipping is offered less, the whole category of it: affinity read from the ring of the
 * state and the catalogue, when asked. A skip of an item counts 1 against each of its categories, a dislike 2,
 * and taking to one of them gives 1 back. With n against it a score is 4 / (4 + n) of what it was.
 */
const categoryAttributes = ["category", "genre"] as const;
const categoryReason = "category";
const countMax = 8;
const half = 4;

interface Against {
  count: number;
  /** The newest item that brought it. */
  because: string;
}

/** Categories by attribute and value with what speaks against them. */
type Categories = ReadonlyMap<string, ReadonlyMap<unknown, Against>>;

/** Takes from the scores of items of skipped categories, and says so. */
export function sinkCategories(
  state: UserState,
  entries: Entries,
  totals: Scores,
  moves: Moves,
): void {
  if (entries.isEmpty) return;
  const categories = categoriesOf(state, entries);
  if (categories.size === 0) return;
  const causes = new Map<string, number>();
  for (let i = 0; i < totals.count; i++) {
    const item = totals.touched[i]!;
    const score = totals.values[item]!;
    if (score <= 0) continue;
    const worst = worstOf(categories, entries.of(item));
    if (worst === undefined) continue;
    const share = Math.max(1, Math.floor((score * half) / (half + worst.count))) - score;
    let cause = causes.get(worst.because);
    if (cause === undefined) {
      cause = moves.cause(categoryReason, worst.because);
      causes.set(worst.because, cause);
    }
    totals.add(item, share);
    moves.add(item, cause, share);
  }
}

function categoriesOf(state: UserState, entries: Entries): Categories {
  const categories = new Map<string, Map<unknown, Against>>();
  for (const interaction of state.ring) {
    const weight = weightOf(interaction);
    if (weight === 0) continue;
    forEachCategory(entries.get(interaction.item), (attribute, value) => {
      const known = categories.get(attribute) ?? new Map<unknown, Against>();
      categories.set(attribute, known);
      const before = known.get(value);
      const count = Math.min(countMax, (before?.count ?? 0) + weight);
      if (count <= 0) known.delete(value);
      else if (weight > 0) known.set(value, { count, because: interaction.item });
      else known.set(value, { count, because: before!.because });
    });
  }
  for (const [attribute, known] of categories) if (known.size === 0) categories.delete(attribute);
  return categories;
}

function weightOf({ type, strength }: Interaction): number {
  if (type === "skip") return 1;
  if (type === "dislike") return 2;
  return strength > 0 ? -1 : 0;
}

function worstOf(categories: Categories, entry: CatalogueItem | undefined): Against | undefined {
  let worst: Against | undefined;
  forEachCategory(entry, (attribute, value) => {
    const found = categories.get(attribute)?.get(value);
    if (found !== undefined && found.count > (worst?.count ?? 0)) worst = found;
  });
  return worst;
}

function forEachCategory(
  entry: CatalogueItem | undefined,
  each: (attribute: string, value: unknown) => void,
): void {
  if (entry === undefined) return;
  for (const attribute of categoryAttributes) {
    if (!Object.hasOwn(entry.attributes, attribute)) continue;
    const held = entry.attributes[attribute];
    if (Array.isArray(held)) for (const value of held) each(attribute, value);
    else if (held !== undefined && held !== null) each(attribute, held);
  }
}
