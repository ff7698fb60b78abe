import type { Models } from "../../sum/models.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { type Seed, seedsOf, seedsRead } from "./seeds.ts";
import { SessionVotes } from "./session-votes.ts";

/**
 * Items that go with the seeds in what others did: in the same sessions, and liked by the same people.
 *
 *   like(s, i) = sessions with both / sqrt(sessions read of s x sessions of i)      of the newest with s
 *              + users who hold both / sqrt(users of s x users of i)
 *   score(i)   = sum of weight_s x like(s, i) over the seeds
 */
const newestRead = 300;
/** Cells of the Gram counts read for an answer; the walk stops between seeds. */
const cellsMax = 65_536;
const cosineOne = 1 << 16;

export class Similar implements Source {
  readonly name = "similar";
  readonly #votes = new SessionVotes(seedsRead, newestRead);
  #seeds: (Seed & { item: number })[] = [];
  /** Seeds whose row of the Gram counts was read. */
  #rowsRead = 0;

  score(ask: Ask, scores: Scores): void {
    const { models, state } = ask;
    this.#seeds = seedsOf(ask).flatMap((seed) => {
      const item = models.items.find(seed.key);
      return item < 0 ? [] : [{ ...seed, item }];
    });
    const seeds = this.#seeds.map(({ item }) => item);
    this.#votes.collect(models, state, seeds);
    const found = new Set(this.#votes.items);
    this.#readRows(models, found);
    for (const seed of seeds) found.delete(seed);
    for (const item of found) {
      let score = 0;
      this.#seeds.forEach((seed, number) => {
        score += seed.weight * this.#like(models, number, item);
      });
      if (score > 0) scores.add(item, score);
    }
  }

  parts({ models }: Ask, item: number): Part[] {
    return this.#seeds.flatMap(({ key, weight }, number) => {
      const amount = weight * this.#like(models, number, item);
      return amount > 0 ? [{ because: key, amount }] : [];
    });
  }

  #readRows({ cooccurrence }: Models, found: Set<number>): void {
    this.#rowsRead = 0;
    let cells = 0;
    for (const { item } of this.#seeds) {
      if (cells >= cellsMax) return;
      this.#rowsRead++;
      const start = cooccurrence.rowStart(item);
      const end = start + cooccurrence.rowLength(item);
      cells += end - start;
      for (let at = start; at < end; at++) {
        if (cooccurrence.countAt(item, at) > 0) found.add(cooccurrence.otherAt(at));
      }
    }
  }

  #like({ sessions, cooccurrence }: Models, number: number, item: number): number {
    const seed = this.#seeds[number]!.item;
    const together = cosine(
      this.#votes.count(number, item),
      this.#votes.read[number]!,
      sessions.support(item),
    );
    if (number >= this.#rowsRead) return together;
    const pair = cooccurrence.pair(seed, item);
    return together + cosine(pair, cooccurrence.count(seed), cooccurrence.count(item));
  }
}

/** In 1/65536. Products below 2^53 are exact, and the square root and the quotient are rounded by IEEE 754. */
function cosine(both: number, a: number, b: number): number {
  if (both <= 0 || a <= 0 || b <= 0) return 0;
  return Math.floor((cosineOne * both) / Math.sqrt(a * b));
}
