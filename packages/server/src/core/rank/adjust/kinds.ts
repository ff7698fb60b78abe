import type { CatalogueItem } from "../catalogue.ts";

/** What an item belongs to, for whoever skips it. */
const categoryAttributes = ["category", "genre"] as const;

/** One category of an item. */
export interface Category {
  readonly attribute: string;
  readonly value: unknown;
}

/** The kind of an item that belongs to nothing. */
const noKind = 1;

/**
 * Numbers for the sets of categories that items have: items are a million, their kinds a few hundred, so what is
 * found out about a kind is found out once an answer. A cache: numbers are layout and show in nothing.
 */
export class Kinds {
  /** By kind; 0 is none that anything has, 1 that of items without a category. */
  #categories: (readonly Category[])[] = [[], []];
  readonly #byText = new Map<string, number>();

  /** Kinds are numbers below this. */
  get end(): number {
    return this.#categories.length;
  }

  categoriesOf(kind: number): readonly Category[] {
    return this.#categories[kind]!;
  }

  of(entry: CatalogueItem | undefined): number {
    const categories = categoriesOf(entry);
    if (categories.length === 0) return noKind;
    // What is no plain value may be equal to itself alone.
    if (categories.some(({ value }) => !isPlain(value))) return this.#make(categories);
    const text = JSON.stringify(categories.map(({ attribute, value }) => [attribute, value]));
    let kind = this.#byText.get(text);
    if (kind === undefined) {
      kind = this.#make(categories);
      this.#byText.set(text, kind);
    }
    return kind;
  }

  clear(): void {
    this.#categories = [[], []];
    this.#byText.clear();
  }

  #make(categories: readonly Category[]): number {
    return this.#categories.push(categories) - 1;
  }
}

/** Whether JSON tells the value from all others. */
function isPlain(value: unknown): boolean {
  return typeof value === "number" ? Number.isFinite(value) : typeof value !== "object";
}

export function categoriesOf(entry: CatalogueItem | undefined): Category[] {
  const found: Category[] = [];
  if (entry === undefined) return found;
  for (const attribute of categoryAttributes) {
    if (!Object.hasOwn(entry.attributes, attribute)) continue;
    const held = entry.attributes[attribute];
    if (Array.isArray(held)) for (const value of held) found.push({ attribute, value });
    else if (held !== undefined && held !== null) found.push({ attribute, value: held });
  }
  return found;
}
