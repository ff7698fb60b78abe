import type { Items } from "../sum/items.ts";
import { Kinds } from "./adjust/kinds.ts";
import { Catalogue, type CatalogueItem } from "./catalogue.ts";

/** So many kinds are more than items have: they are counted anew. */
const kindsMax = 1 << 20;

/**
 * The catalogue by the dense ids of the sums: candidates are thousands an answer, and to find one by its text in
 * a map of a million costs more than to score it. A cache and nothing else: it says what the catalogue says.
 * An entry is looked up when it is first asked for, so a new catalogue costs no pause.
 */
export class Entries {
  readonly kinds = new Kinds();
  #catalogue = Catalogue.empty;
  #items: Items | undefined;
  /** By dense id; null is in no catalogue, undefined was not asked for yet. */
  #known: (CatalogueItem | null | undefined)[] = [];
  /** By dense id; 0 was not asked for yet. */
  #kindOf = new Uint32Array(1024);

  /** Must be called before anything is read. */
  follow(catalogue: Catalogue, items: Items): void {
    if (catalogue !== this.#catalogue || items !== this.#items) {
      const isSame = items === this.#items && this.kinds.end < kindsMax;
      const changed = isSame ? catalogue.changedSince(this.#catalogue) : undefined;
      if (changed === undefined) this.#clear();
      else for (const id of changed) this.#drop(items.find(id));
      this.#catalogue = catalogue;
      this.#items = items;
    }
    this.#reserve(items.size);
  }

  get isEmpty(): boolean {
    return this.#catalogue.size === 0;
  }

  get(id: string): CatalogueItem | undefined {
    return this.#catalogue.get(id);
  }

  of(item: number): CatalogueItem | undefined {
    let known = this.#known[item];
    if (known === undefined) {
      this.#reserve(item + 1);
      known = this.#catalogue.get(this.#items!.keys[item]!) ?? null;
      this.#known[item] = known;
    }
    return known ?? undefined;
  }

  /** Number of the set of categories that an item has. */
  kindOf(item: number): number {
    const known = item < this.#kindOf.length ? this.#kindOf[item]! : 0;
    if (known !== 0) return known;
    const kind = this.kinds.of(this.of(item));
    this.#kindOf[item] = kind;
    return kind;
  }

  #drop(item: number): void {
    if (item < 0 || item >= this.#known.length) return;
    this.#known[item] = undefined;
    this.#kindOf[item] = 0;
  }

  #clear(): void {
    this.#known = [];
    this.#kindOf.fill(0);
    this.kinds.clear();
  }

  /** Grown one by one, so that the array has no holes. */
  #reserve(size: number): void {
    while (this.#known.length < size) this.#known.push(undefined);
    if (size <= this.#kindOf.length) return;
    const grown = new Uint32Array(Math.max(size, this.#kindOf.length * 2));
    grown.set(this.#kindOf);
    this.#kindOf = grown;
  }
}
