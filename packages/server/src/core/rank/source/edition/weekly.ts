import type { Models } from "../../../sum/models.ts";
import { apportion } from "../../blend.ts";
import type { Scores } from "../../scores.ts";
import type { Ask, Part, Source } from "../../source.ts";
import { fadeTable } from "../../weights.ts";
import { keepBest } from "../best.ts";
import { opened, SessionVotes } from "../session-votes.ts";
import { beganAt, fullScore, placeScore, tookTo, wasKnown } from "./edition-state.ts";

/**
 * An edition made of the user's own taste: what goes in others' sessions with what they took to, of things
 * they had not met, as the index stood when the edition began. It scores by place, with every third place left
 * to what rises, so that an item which leaves moves no other. A roll of each item's name by the week keeps two
 * editions of the same taste from being one list; it moves a score by an eighth at most.
 */
const seedsMax = 24;
const newestRead = 60;
/** Their numbers and places have to fit those of `placeScore`. */
const candidatesMax = 120;
const seedOne = 256;
const cosineOne = 1 << 16;
const byAgo = fadeTable(8, seedsMax, seedOne);
const weekMs = 604_800_000;

export class Weekly implements Source {
  readonly name = "weekly";
  /** A place is worth the same, whoever else is a candidate. */
  readonly full = fullScore;
  readonly #votes = new SessionVotes(seedsMax, newestRead);
  #seeds: { key: string; item: number }[] = [];
  #scores: Scores | undefined;
  #endMinute = 0;

  score(ask: Ask, scores: Scores): void {
    this.#scores = scores;
    const { state, models } = ask;
    const began = beganAt(ask);
    this.#endMinute = Math.floor(began / 60_000);
    this.#seeds = tookTo(state, began, seedsMax).flatMap((key) => {
      const item = models.items.find(key);
      return item < 0 ? [] : [{ key, item }];
    });
    const seeds = new Set(this.#seeds.map(({ item }) => item));
    this.#votes.collect(models, state, [...seeds], this.#endMinute);
    const { keys, hashes } = models.items;
    const week = Math.floor(began / weekMs);
    const likes = new Map<number, number>();
    for (const item of this.#votes.items) {
      if (seeds.has(item) || wasKnown(state, keys[item]!, began)) continue;
      const like = this.#seeds.reduce((sum, _, n) => sum + this.#like(models, n, item), 0);
      const roll = rolled(hashes[item * 8]!, week);
      if (like > 0) likes.set(item, like * (896 + roll));
    }
    const found = [...likes.keys()];
    keepBest(found, candidatesMax, (a, b) => {
      const difference = likes.get(a)! - likes.get(b)!;
      return difference !== 0 ? difference > 0 : keys[a]! < keys[b]!;
    });
    found.forEach((item, i) => {
      scores.add(item, placeScore(1 + i + Math.floor(i / 2), candidatesMax - i));
    });
  }

  parts({ models }: Ask, item: number): Part[] {
    const parts = this.#seeds.flatMap(({ key }, number) => {
      const amount = this.#like(models, number, item);
      return amount > 0 ? [{ because: key, amount }] : [];
    });
    return apportion(parts, this.#scores!.get(item));
  }

  #like({ sessions }: Models, number: number, item: number): number {
    const together = this.#votes.count(number, item);
    if (together === 0) return 0;
    const support = sessions.support(item) - opened(sessions, item, this.#endMinute);
    const cosine = Math.floor(
      (cosineOne * together) / Math.sqrt(this.#votes.read[number]! * support),
    );
    return byAgo[number]! * cosine;
  }
}

/** 0..255 by the item's name and the week. */
function rolled(hash: number, week: number): number {
  const mixed = Math.imul(hash ^ Math.imul(week, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) & 255;
}
