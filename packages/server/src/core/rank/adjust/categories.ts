import type { Interaction } from "../../fold/columns/ring.ts";
import type { UserState } from "../../fold/state.ts";
import type { Entries } from "../entries.ts";
import type { Scores } from "../scores.ts";
import { categoriesOf, type Category } from "./kinds.ts";
import type { Moves } from "./moves.ts";

/**
 * What a person keeps skipping is offered less, the whole category of it: affinity read from the ring of the
 * state and the catalogue, when asked. A skip of an item counts 1 against each of its categories, a dislike 2,
 * and taking to one of them gives 1 back. With n against it a score is 4 / (4 + n) of what it was.
 */
const categoryReason = "category";
const countMax = 8;
const half = 4;

interface Against {
  count: number;
  /** The newest item that brought it. */
  because: string;
}

/** Categories by attribute and value with what speaks against them. */
type Skipped = ReadonlyMap<string, ReadonlyMap<unknown, Against>>;

/** Nothing speaks against a kind. */
const none = 1;

export class Categories {
  /** By kind: 0 not looked at in this answer, `none`, or 2 + the place of what speaks against it. */
  #byKind = new Uint32Array(256);
  /** Kinds looked at in this answer. */
  readonly #seen: number[] = [];
  readonly #against: { worst: Against; cause: number }[] = [];

  /** Takes from the scores of items of skipped categories, and says so. */
  sink(state: UserState, entries: Entries, totals: Scores, moves: Moves): void {
    if (entries.isEmpty) return;
    const skipped = skippedBy(state, entries);
    if (skipped.size === 0) return;
    const causes = new Map<string, number>();
    for (let i = 0; i < totals.count; i++) {
      const item = totals.touched[i]!;
      const score = totals.values[item]!;
      if (score <= 0) continue;
      const kind = entries.kindOf(item);
      let found = kind < this.#byKind.length ? this.#byKind[kind]! : 0;
      if (found === 0) found = this.#look(kind, entries, skipped, causes, moves);
      if (found === none) continue;
      const { worst, cause } = this.#against[found - none - 1]!;
      const share = Math.max(1, Math.floor((score * half) / (half + worst.count))) - score;
      totals.add(item, share);
      moves.add(item, cause, share);
    }
    for (const kind of this.#seen) this.#byKind[kind] = 0;
    this.#seen.length = 0;
    this.#against.length = 0;
  }

  #look(
    kind: number,
    entries: Entries,
    skipped: Skipped,
    causes: Map<string, number>,
    moves: Moves,
  ): number {
    if (kind >= this.#byKind.length) {
      const grown = new Uint32Array(Math.max(entries.kinds.end, this.#byKind.length * 2));
      grown.set(this.#byKind);
      this.#byKind = grown;
    }
    const worst = worstOf(skipped, entries.kinds.categoriesOf(kind));
    let found = none;
    if (worst !== undefined) {
      let cause = causes.get(worst.because);
      if (cause === undefined) {
        cause = moves.cause(categoryReason, worst.because);
        causes.set(worst.because, cause);
      }
      found = none + this.#against.push({ worst, cause });
    }
    this.#byKind[kind] = found;
    this.#seen.push(kind);
    return found;
  }
}

function skippedBy(state: UserState, entries: Entries): Skipped {
  const skipped = new Map<string, Map<unknown, Against>>();
  for (const interaction of state.ring) {
    const weight = weightOf(interaction);
    if (weight === 0) continue;
    for (const { attribute, value } of categoriesOf(entries.get(interaction.item))) {
      const known = skipped.get(attribute) ?? new Map<unknown, Against>();
      skipped.set(attribute, known);
      const before = known.get(value);
      const count = Math.min(countMax, (before?.count ?? 0) + weight);
      if (count <= 0) known.delete(value);
      else if (weight > 0) known.set(value, { count, because: interaction.item });
      else known.set(value, { count, because: before!.because });
    }
  }
  for (const [attribute, known] of skipped) if (known.size === 0) skipped.delete(attribute);
  return skipped;
}

function weightOf({ type, strength }: Interaction): number {
  if (type === "skip") return 1;
  if (type === "dislike") return 2;
  return strength > 0 ? -1 : 0;
}

function worstOf(skipped: Skipped, categories: readonly Category[]): Against | undefined {
  let worst: Against | undefined;
  for (const { attribute, value } of categories) {
    const found = skipped.get(attribute)?.get(value);
    if (found !== undefined && found.count > (worst?.count ?? 0)) worst = found;
  }
  return worst;
}
