/**
 * The tenant's items and their attributes: a versioned value, read by rank alone. Items are listed in order of
 * their ids in code units, whatever order they were given in. An empty catalogue knows nothing about items and
 * so forbids none: whatever the sums know may then be recommended.
 */
export interface CatalogueItem {
  id: string;
  /** Values are strings, numbers, booleans or lists of these; what is none of them fits no filter. */
  attributes: Readonly<Record<string, unknown>>;
  /** Time of the record that first put it (ms), or put it back; absent where nobody noted it: then it is not new. */
  firstAt?: number | undefined;
}

export interface CatalogueChange {
  put?: readonly Pick<CatalogueItem, "id" | "attributes">[] | undefined;
  remove?: readonly string[] | undefined;
}

/** The ids that one change touched. Two versions with a step in common are of one line. */
type Step = readonly string[];

/** An index that missed more changes than these reads the whole catalogue. */
const stepsKept = 64;

export class Catalogue {
  static readonly empty = new Catalogue(0, new Map(), [[]]);
  readonly version: number;
  readonly #byId: ReadonlyMap<string, CatalogueItem>;
  #ordered: readonly CatalogueItem[] | undefined;
  /** The newest changes that led here, newest last. */
  readonly #steps: readonly Step[];

  private constructor(
    version: number,
    byId: ReadonlyMap<string, CatalogueItem>,
    steps: readonly Step[],
  ) {
    this.version = version;
    this.#byId = byId;
    this.#steps = steps;
  }

  static fromJSON(value: { version: number; items: readonly CatalogueItem[] }): Catalogue {
    return new Catalogue(value.version, new Map(value.items.map((item) => [item.id, item])), [[]]);
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

  /**
   * The next version; this one stays as it is. A removal stands against a put of the same change. `at` is the
   * time of the record that says so (ms).
   */
  changed({ put = [], remove = [] }: CatalogueChange, at?: number): Catalogue {
    const byId = new Map(this.#byId);
    for (const { id, attributes } of put) {
      const known = byId.get(id);
      const firstAt = known === undefined ? at : known.firstAt;
      byId.set(id, firstAt === undefined ? { id, attributes } : { id, attributes, firstAt });
    }
    for (const id of remove) byId.delete(id);
    const step = [...put.map(({ id }) => id), ...remove];
    return new Catalogue(this.version + 1, byId, [...this.#steps.slice(1 - stepsKept), step]);
  }

  /** Ids that may be other than in an earlier version of the same line (some twice); undefined: any may be. */
  changedSince(earlier: Catalogue): string[] | undefined {
    const at = this.#steps.lastIndexOf(earlier.#steps.at(-1)!);
    return at < 0 ? undefined : this.#steps.slice(at + 1).flat();
  }
}
