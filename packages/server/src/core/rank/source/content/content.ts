import type { Catalogue } from "../../catalogue.ts";
import type { Scores } from "../../scores.ts";
import type { Ask, Part, Source } from "../../source.ts";
import { one, powerTable } from "../../weights.ts";
import { keepBest } from "../best.ts";
import { type Seed, seedsOf } from "../seeds.ts";
import type { Shelf } from "./shelf.ts";

/**
 * Content neighbours: items of the catalogue that share words with what the user did last or with the seeds of
 * the request, a rare word telling more, and whose vectors point the same way. It needs nobody to have touched
 * an item, so what came in today can be shown today. Of a word the `newestRead` items put last are looked at,
 * the rarest words first.
 *
 *   like(s, i)  = sum of ln(N / n_w) over the words both have, x words_i^-1/2, + the cosine of their vectors
 *   score(i)    = sum of weight_s x like(s, i) over the seeds
 */
const newestRead = 256;
/** Items looked at for one seed; the walk stops between words. */
const lookedAtMax = 2_048;
const candidatesMax = 400;
const byWords = powerTable(0.5, 64);

export class Content implements Source {
  readonly name = "content";
  readonly #shelf: Shelf;
  #seeds: (Seed & { place: number })[] = [];
  /** By place: a first guess of its score, and the places it stands at. */
  #guesses: number[] = [];

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  follow(catalogue: Catalogue): void {
    this.#shelf.follow(catalogue);
  }

  score(ask: Ask, scores: Scores): void {
    this.#seeds = [];
    if (ask.catalogue === undefined || ask.catalogue.size === 0) return;
    this.#shelf.follow(ask.catalogue);
    this.#seeds = seedsOf(ask).flatMap((seed) => {
      const place = this.#shelf.placeOf(seed.key);
      return place < 0 ? [] : [{ ...seed, place }];
    });
    const { items } = ask.models;
    for (const place of this.#candidates(ask.isOffered)) {
      let score = 0;
      for (const seed of this.#seeds) score += seed.weight * this.#like(seed.place, place);
      if (score === 0) continue;
      const item = items.intern(this.#shelf.ids[place]!);
      scores.reserve(items.size);
      scores.add(item, score);
    }
  }

  parts(ask: Ask, item: number): Part[] {
    const place = this.#shelf.placeOf(ask.models.items.keys[item]!);
    return this.#seeds.flatMap((seed) => {
      const amount = seed.weight * this.#like(seed.place, place);
      return amount > 0 ? [{ because: seed.key, amount }] : [];
    });
  }

  /** Items that share a word with a seed: the most promising, the newest first among equals. */
  #candidates(isOffered: Ask["isOffered"]): number[] {
    const found: number[] = [];
    for (const seed of this.#seeds) this.#look(seed, found);
    const guesses = this.#guesses;
    for (const { place } of this.#seeds) guesses[place] = 0;
    const shelf = this.#shelf;
    const able = found.filter(
      (place) => guesses[place]! > 0 && (isOffered === undefined || isOffered(shelf.ids[place]!)),
    );
    keepBest(able, candidatesMax, (a, b) => {
      const difference = guesses[a]! - guesses[b]!;
      return difference !== 0 ? difference > 0 : shelf.isNewer(a, b);
    });
    for (const place of found) guesses[place] = 0;
    return able;
  }

  #look({ place: from, weight }: Seed & { place: number }, found: number[]): void {
    let looked = 0;
    for (const word of this.#shelf.byRarity(from)) {
      const rarity = this.#shelf.rarity(word);
      if (looked >= lookedAtMax || rarity === 0) return;
      const list = this.#shelf.withWord(word);
      for (let at = list.length - 1; at >= Math.max(0, list.length - newestRead); at--) {
        const place = list[at]!;
        looked++;
        if ((this.#guesses[place] ?? 0) === 0) found.push(place);
        this.#guesses[place] = (this.#guesses[place] ?? 0) + weight * rarity;
      }
    }
  }

  #like(a: number, b: number): number {
    const words = this.#shelf.wordsOf(b);
    const shared = this.#shared(this.#shelf.wordsOf(a), words);
    const damped = Math.floor(
      (shared * byWords[Math.min(words.length, byWords.length - 1)]!) / one,
    );
    return damped + this.#shelf.cosine(a, b);
  }

  #shared(a: Uint32Array, b: Uint32Array): number {
    let sum = 0;
    for (let i = 0, j = 0; i < a.length && j < b.length;) {
      if (a[i] === b[j]) {
        sum += this.#shelf.rarity(a[i]!);
        i++;
        j++;
      } else if (a[i]! < b[j]!) i++;
      else j++;
    }
    return sum;
  }
}
