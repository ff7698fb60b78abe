import { Blocks } from "../../../sum/blocks.ts";
import type { Catalogue, CatalogueItem } from "../../catalogue.ts";
import { logByOctave, octavePlace } from "../../weights.ts";
import { traitsOf } from "./traits.ts";
import { Vectors } from "./vectors.ts";

/**
 * The catalogue turned inside out: by word, and for all, the items in the order in which they were first put.
 * It follows the catalogue from version to version by what changed. A cache and nothing else: what is read is
 * the same as if it had been made afresh; places and numbers are layout.
 */
export class Shelf {
  readonly ids: string[] = [];
  /** By place: when the item was first put (ms); -1 if nobody noted it. */
  readonly firstAt: number[] = [];
  readonly #places = new Map<string, number>();
  readonly #free: number[] = [];
  /** Number of a word: 0 is that of all items. */
  readonly #numbers = new Map<number, number>();
  /** By number. */
  readonly #words: number[] = [];
  /** By place: numbers of its words, ascending. */
  #wordsOf = new Blocks();
  /** By number: places, the oldest first once `withWord` saw them. */
  #lists = new Blocks();
  readonly #isTidy: boolean[] = [];
  readonly #vectors = new Vectors();
  #catalogue: Catalogue | undefined;

  constructor() {
    this.#numberOf(-1);
  }

  get size(): number {
    return this.#places.size;
  }

  /** Must be called before anything is read. */
  follow(catalogue: Catalogue): void {
    if (catalogue === this.#catalogue) return;
    const before = this.#catalogue;
    const changed = before === undefined ? undefined : catalogue.changedSince(before);
    this.#catalogue = catalogue;
    if (changed === undefined) {
      this.#clear();
      for (const item of catalogue.items) this.#put(item);
      return;
    }
    for (const id of new Set(changed)) {
      const place = this.#places.get(id);
      const item = catalogue.get(id);
      // Taken out and put back in between, it came anew.
      const isSame = place !== undefined && item !== undefined && this.#isOf(place, item);
      if (place !== undefined && !isSame) this.#remove(id, place);
      if (item !== undefined) this.#put(item);
    }
  }

  /** Place of an item, or -1. */
  placeOf(id: string): number {
    return this.#places.get(id) ?? -1;
  }

  /** Number of items with a word. */
  countOf(word: number): number {
    return this.#lists.length(word);
  }

  /** Places of the items with a word, the one put last at the end; good until the shelf follows on. */
  withWord(word: number): Uint32Array {
    const start = this.#lists.start(word);
    const list = this.#lists.words.subarray(start, start + this.#lists.length(word));
    if (this.#isTidy[word] !== true) {
      list.sort((a, b) => (this.isNewer(a, b) ? 1 : -1));
      this.#isTidy[word] = true;
    }
    return list;
  }

  /** All items, the one put last at the end. */
  all(): Uint32Array {
    return this.withWord(0);
  }

  /** Numbers of the words of a place, ascending; good until the shelf follows on. */
  wordsOf(place: number): Uint32Array {
    const start = this.#wordsOf.start(place);
    return this.#wordsOf.words.subarray(start, start + this.#wordsOf.length(place));
  }

  /** How far the vectors of two places point the same way: 0 to 32,768. */
  cosine(a: number, b: number): number {
    return this.#vectors.cosine(a, b);
  }

  /** What it tells that two items share a word: `one` x ln(N / n). */
  rarity(word: number): number {
    const all = logByOctave[octavePlace(Math.max(1, this.size))]!;
    return Math.max(0, all - logByOctave[octavePlace(Math.max(1, this.countOf(word)))]!);
  }

  /** Words of a place, the rarest first, ties by the word. */
  byRarity(place: number): number[] {
    const words = this.#words;
    return [...this.wordsOf(place)].sort(
      (a, b) => this.countOf(a) - this.countOf(b) || words[a]! - words[b]!,
    );
  }

  /** First put later; of one time, the smaller id counts as the newer. */
  isNewer(a: number, b: number): boolean {
    const later = this.firstAt[a]! - this.firstAt[b]!;
    return later !== 0 ? later > 0 : this.ids[a]! < this.ids[b]!;
  }

  #isOf(place: number, { firstAt }: CatalogueItem): boolean {
    return this.firstAt[place] === (firstAt ?? -1);
  }

  /** A new item, or other attributes of one that stands where it stood. */
  #put({ id, attributes, firstAt }: CatalogueItem): void {
    const known = this.#places.get(id);
    const place = known ?? this.#free.pop() ?? this.ids.length;
    const { words, vector } = traitsOf(attributes);
    const numbers = words.map((word) => this.#numberOf(word)).sort((a, b) => a - b);
    const before = known === undefined ? [] : [...this.wordsOf(place)];
    if (known === undefined) {
      this.ids[place] = id;
      this.firstAt[place] = firstAt ?? -1;
      this.#places.set(id, place);
      this.#enter(0, place);
    }
    for (const word of before) if (!numbers.includes(word)) this.#leave(word, place);
    for (const word of numbers) if (!before.includes(word)) this.#enter(word, place);
    this.#vectors.set(place, vector ?? []);
    this.#setWords(place, numbers);
  }

  #remove(id: string, place: number): void {
    for (const word of [0, ...this.wordsOf(place)]) this.#leave(word, place);
    this.#setWords(place, []);
    this.#places.delete(id);
    this.#free.push(place);
  }

  #setWords(place: number, numbers: readonly number[]): void {
    for (let at = this.#wordsOf.length(place) - 1; at >= 0; at--) this.#wordsOf.close(place, at);
    numbers.forEach((number, at) => {
      const cell = this.#wordsOf.open(place, at);
      this.#wordsOf.words[cell] = number;
    });
  }

  #enter(word: number, place: number): void {
    const length = this.#lists.length(word);
    if (length > 0) {
      const last = this.#lists.words[this.#lists.start(word) + length - 1]!;
      if (!this.isNewer(place, last)) this.#isTidy[word] = false;
    }
    const cell = this.#lists.open(word, length);
    this.#lists.words[cell] = place;
  }

  #leave(word: number, place: number): void {
    const start = this.#lists.start(word);
    const list = this.#lists.words.subarray(start, start + this.#lists.length(word));
    this.#lists.close(word, list.lastIndexOf(place));
  }

  #numberOf(word: number): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    const number = this.#words.length;
    this.#numbers.set(word, number);
    this.#words.push(word);
    this.#isTidy.push(true);
    return number;
  }

  #clear(): void {
    for (const list of [this.ids, this.firstAt, this.#free, this.#words]) list.length = 0;
    this.#vectors.clear();
    this.#places.clear();
    this.#numbers.clear();
    this.#isTidy.length = 0;
    this.#wordsOf = new Blocks();
    this.#lists = new Blocks();
    this.#numberOf(-1);
  }
}
