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

type Before = Map<string, CatalogueItem | undefined>;

/** What the next version of a line has other than this one: its items as they were, undefined where it had none. */
interface Later {
  readonly next: Catalogue;
  readonly before: ReadonlyMap<string, CatalogueItem | undefined>;
}

/**
 * A version never changes. The newest of a line owns the one map of all items; an older one knows what was other in
 * its day and asks the next for the rest, so a change costs what it touches, not what there is, and whoever holds an
 * old version pays by its age.
 */
export class Catalogue {
  static readonly empty = new Catalogue(0, new Map(), 0, [[]]);
  readonly version: number;
  readonly size: number;
  /** The items of the newest version of the line. */
  readonly #newest: Map<string, CatalogueItem>;
  #later: Later | undefined;
  #ordered: readonly CatalogueItem[] | undefined;
  /** The newest changes that led here, newest last. */
  readonly #steps: readonly Step[];

  private constructor(
    version: number,
    newest: Map<string, CatalogueItem>,
    size: number,
    steps: readonly Step[],
  ) {
    this.version = version;
    this.#newest = newest;
    this.size = size;
    this.#steps = steps;
  }

  static fromJSON(value: { version: number; items: readonly CatalogueItem[] }): Catalogue {
    const items = new Map(value.items.map((item) => [item.id, item]));
    return new Catalogue(value.version, items, items.size, [[]]);
  }

  /** From its items by id; the map is the catalogue's from then on. */
  static of(version: number, items: Map<string, CatalogueItem>): Catalogue {
    return new Catalogue(version, items, items.size, [[]]);
  }

  toJSON(): { version: number; items: readonly CatalogueItem[] } {
    return { version: this.version, items: this.items };
  }

  /** In canonical order. */
  get items(): readonly CatalogueItem[] {
    this.#ordered ??= this.#sorted();
    return this.#ordered;
  }

  #sorted(): CatalogueItem[] {
    const items = this.#later === undefined ? this.#newest : this.#all();
    return [...items.values()].sort((x, y) => (x.id < y.id ? -1 : 1));
  }

  get(id: string): CatalogueItem | undefined {
    for (let later = this.#later; later !== undefined; later = later.next.#later) {
      if (later.before.has(id)) return later.before.get(id);
    }
    return this.#newest.get(id);
  }

  /**
   * The next version; this one stays as it is. A removal stands against a put of the same change. `at` is the
   * time of the record that says so (ms).
   */
  changed({ put = [], remove = [] }: CatalogueChange, at?: number): Catalogue {
    // A second line from here needs a map of its own. So does one from nothing: everybody begins there.
    const isOwn = this.#later === undefined && this.size > 0;
    const items = isOwn ? this.#newest : this.#all();
    const before = new Map<string, CatalogueItem | undefined>();
    for (const { id, attributes } of put) {
      const known = items.get(id);
      if (!before.has(id)) before.set(id, known);
      const firstAt = known === undefined ? at : known.firstAt;
      items.set(id, firstAt === undefined ? { id, attributes } : { id, attributes, firstAt });
    }
    for (const id of remove) {
      if (!before.has(id)) before.set(id, items.get(id));
      items.delete(id);
    }
    const step = [...put.map(({ id }) => id), ...remove];
    const steps = [...this.#steps.slice(1 - stepsKept), step];
    const next = new Catalogue(this.version + 1, items, items.size, steps);
    if (isOwn) this.#later = { next, before };
    return next;
  }

  /**
   * Every item of this version, in no order, some of them twice. Later versions may come between two of them: what a
   * change touches is then read as it was.
   */
  *walk(): Generator<CatalogueItem> {
    const before: Before = new Map();
    let last = Catalogue.#follow(this, before);
    for (const item of this.#newest.values()) {
      last = Catalogue.#follow(last, before);
      if (!before.has(item.id)) yield item;
    }
    Catalogue.#follow(last, before);
    for (const item of before.values()) if (item !== undefined) yield item;
  }

  /** Notes what the versions after this one changed, as it was before the first of them; returns the newest. */
  static #follow(from: Catalogue, before: Before): Catalogue {
    let last = from;
    for (let later = last.#later; later !== undefined; later = last.#later) {
      for (const [id, item] of later.before) if (!before.has(id)) before.set(id, item);
      last = later.next;
    }
    return last;
  }

  /** Ids that may be other than in an earlier version of the same line (some twice); undefined: any may be. */
  changedSince(earlier: Catalogue): string[] | undefined {
    const at = this.#steps.lastIndexOf(earlier.#steps.at(-1)!);
    return at < 0 ? undefined : this.#steps.slice(at + 1).flat();
  }

  /** A map of this version's items that nobody else has. */
  #all(): Map<string, CatalogueItem> {
    const items = new Map(this.#newest);
    const changes: Later["before"][] = [];
    for (let later = this.#later; later !== undefined; later = later.next.#later)
      changes.push(later.before);
    // The latest change is taken back first.
    for (const before of changes.reverse()) {
      for (const [id, item] of before) {
        if (item === undefined) items.delete(id);
        else items.set(id, item);
      }
    }
    return items;
  }
}
