/**
 * What Attune is compared with, both learning every interaction as it comes, as Attune does: the most popular
 * items, and the items that most often stood in one session with the last one.
 */

/** All items in the order of their counts; counting costs the same however many items there are. */
export class MostPopular {
  /** Items by count, falling; equal counts in no order that anybody chose. */
  readonly #order: number[] = [];
  readonly #places: number[] = [];
  readonly #counts: number[] = [];
  /** Items of one count stand side by side: by count, the place of the first, and how many there are. */
  readonly #firsts: number[] = [0];
  readonly #sizes: number[] = [0];

  add(item: number): void {
    const count = this.count(item);
    if (count === 0) {
      this.#firsts[0] = this.#order.length;
      this.#sizes[0] = 1;
      this.#places[item] = this.#order.length;
      this.#order.push(item);
    }
    // It changes places with the first of its count, which is then the last of the next count.
    const [place, first] = [this.#places[item]!, this.#firsts[count]!];
    const other = this.#order[first]!;
    this.#order[place] = other;
    this.#places[other] = place;
    this.#order[first] = item;
    this.#places[item] = first;
    this.#firsts[count] = first + 1;
    this.#sizes[count]! -= 1;
    const next = this.#sizes[count + 1] ?? 0;
    if (next === 0) this.#firsts[count + 1] = first;
    this.#sizes[count + 1] = next + 1;
    this.#counts[item] = count + 1;
  }

  count(item: number): number {
    return this.#counts[item] ?? 0;
  }

  /** The first `k` that are not barred. */
  list(k: number, isBarred: (item: number) => boolean): number[] {
    const list: number[] = [];
    for (const item of this.#order) {
      if (list.length === k) break;
      if (!isBarred(item)) list.push(item);
    }
    return list;
  }
}

/** Distinct items of a session that a new one counts as together with, the newest of them. */
const togetherMax = 20;

/** Counts for the items alone that will be asked about: pairs of all would take more room than the file. */
export class LastItem {
  readonly #popular: MostPopular;
  /** By item asked about: how often another one stood in a session with it. */
  readonly #together: ReadonlyMap<number, Map<number, number>>;
  /** By user: the distinct items of the session so far. */
  readonly #sessions = new Map<number, number[]>();

  constructor(askedAbout: Iterable<number>, popular: MostPopular) {
    this.#together = new Map(Array.from(askedAbout, (item) => [item, new Map<number, number>()]));
    this.#popular = popular;
  }

  add(user: number, item: number, opensSession: boolean): void {
    const session = opensSession ? [] : (this.#sessions.get(user) ?? []);
    this.#sessions.set(user, session);
    if (session.includes(item)) return;
    const own = this.#together.get(item);
    for (const other of session) {
      if (own !== undefined) own.set(other, (own.get(other) ?? 0) + 1);
      const theirs = this.#together.get(other);
      if (theirs !== undefined) theirs.set(item, (theirs.get(item) ?? 0) + 1);
    }
    session.push(item);
    if (session.length > togetherMax) session.shift();
  }

  /** A skip: no item, but the session may be another one. */
  open(user: number): void {
    this.#sessions.set(user, []);
  }

  /** Filled up with the most popular. */
  list(last: number, k: number): number[] {
    const together = [...(this.#together.get(last) ?? [])].sort(
      ([a, x], [b, y]) => y - x || this.#popular.count(b) - this.#popular.count(a) || a - b,
    );
    const list = together.slice(0, k).map(([item]) => item);
    const held = new Set([...list, last]);
    return [...list, ...this.#popular.list(k - list.length, (item) => held.has(item))];
  }
}
