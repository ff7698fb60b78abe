/**
 * Listeners who skip for reasons that no event states: how good an item is, and the mood of the session, which
 * drifts from play to play. A play is skipped with the logistic of both together, a known chance.
 */
import { Prng } from "../../base/prng.ts";

export interface SkipWorldOptions {
  seed: number;
  users: number;
  items: number;
  sessionsOfUser: number;
  playsOfSession: number;
}

export interface Play {
  item: number;
  at: number;
  isSkipped: boolean;
  /** The chance that it was, which only an oracle knows. */
  chance: number;
}

export interface Listening {
  user: number;
  plays: Play[];
}

const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 5, 18);
const bias = -1.1;
const qualitySpread = 0.9;
const moodSpread = 1.1;
/** What of the mood stays from one play to the next. */
const moodStays = 0.9;

export class SkipWorld {
  readonly options: SkipWorldOptions;
  readonly #prng: Prng;
  /** By item: what it adds to the odds of a skip, and how likely it is played. */
  readonly #quality: Float64Array;
  readonly #popularity: { item: number; weight: number }[];

  constructor(options: SkipWorldOptions) {
    this.options = options;
    this.#prng = new Prng(options.seed);
    this.#quality = Float64Array.from({ length: options.items }, () => {
      return qualitySpread * this.#normal();
    });
    this.#popularity = Array.from({ length: options.items }, (_, item) => ({
      item,
      weight: 1 / (3 + this.#prng.below(12)),
    }));
  }

  /** The n-th evening of a user: a day later than the one before. */
  listening(user: number, n: number): Listening {
    const plays: Play[] = [];
    let mood = moodSpread * this.#normal();
    let at = start + n * dayMs + user * 1_000;
    for (let play = 0; play < this.options.playsOfSession; play++) {
      const { item } = this.#prng.weighted(this.#popularity);
      const chance = this.chance(item, mood);
      const isSkipped = this.#prng.chance(chance);
      plays.push({ item, at, isSkipped, chance });
      at += isSkipped ? 20_000 : 200_000;
      mood = moodStays * mood + moodSpread * Math.sqrt(1 - moodStays ** 2) * this.#normal();
    }
    return { user, plays };
  }

  chance(item: number, mood: number): number {
    return 1 / (1 + Math.exp(-(bias + this.#quality[item]! + mood)));
  }

  /** By the sum of twelve: near enough, and from + and - alone. */
  #normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.#prng.next() / 2 ** 32;
    return sum;
  }
}
