/**
 * The tenant's items and their attributes: a versioned value, read by rank alone. Items are listed in order of
 * their ids in code units, whatever order they were given in. An empty catalogue knows nothing about items and
 * so forbids none: whatever the sums know may then be recommended.
 */
export interface CatalogueItem {
  id: string;
  /** Values are strings, numbers, booleans or lists of these; what is none of them fits no filter. */
  attributes: Readonly<Record<string, unknown>>;
}

export interface CatalogueChange {
  put?: readonly CatalogueItem[] | undefined;
  remove?: readonly string[] | undefined;
}

export class Catalogue {
  static readonly empty = new Catalogue(0, new Map());
  readonly version: number;
  readonly #byId: ReadonlyMap<string, CatalogueItem>;
  #ordered: readonly CatalogueItem[] | undefined;

  private constructor(version: number, byId: ReadonlyMap<string, CatalogueItem>) {
    this.version = version;
    this.#byId = byId;
  }

  static fromJSON(value: { version: number; items: readonly CatalogueItem[] }): Catalogue {
    return new Catalogue(value.version, new Map(value.items.map((item) => [item.id, item])));
  }

  toJSON(): { version: number; items: readonly CatalogueItem[] } {
    return { version: this.version, items: this.items };
  }

  get size(): number {
    return this.#byId.size;
  }

  /** In canonical order. */
  get items(): readonly CatalogueItem[] {
    this.#ordered ??= [...this.#byId.values()].sort((x, y) => (x.id < y.id ? -1 : 1));
    return this.#ordered;
  }

  get(id: string): CatalogueItem | undefined {
    return this.#byId.get(id);
  }

  /** The next version; this one stays as it is. A removal stands against a put of the same change. */
  changed({ put = [], remove = [] }: CatalogueChange): Catalogue {
    const byId = new Map(this.#byId);
    for (const { id, attributes } of put) byId.set(id, { id, attributes });
    for (const id of remove) byId.delete(id);
    return new Catalogue(this.version + 1, byId);
  }
}
