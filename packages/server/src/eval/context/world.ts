/**
 * A world in which circumstances matter, or don't, by known factors: listeners with tastes for genres, items
 * with a popularity, and for every item how many times more or less it is played in each place, on each device
 * and in each part of the week. The next play of a listener is drawn in proportion to the product of all.
 * The parts of the week are not those that the sums keep.
 */
import type { Context } from "@attune/protocol";
import { Prng } from "../../base/prng.ts";

export interface WorldOptions {
  seed: number;
  users: number;
  items: number;
  sessionsOfUser: number;
  /** False: the factors are all 1, and the circumstances are stated all the same. */
  hasEffect: boolean;
  /** True: four sessions in five are where those of a listener's taste mostly are, and on their device. */
  hasHabits?: boolean | undefined;
}

export interface Circumstances {
  context: Context;
  /** Index of each circumstance: place, device, part of the week. */
  indices: readonly number[];
}

export interface Visit extends Circumstances {
  user: number;
  at: number;
  items: number[];
}

const genres = 8;
const places = ["home", "gym", "work", "car"];
const devices = ["phone", "desktop", "speaker"];
/** Of a circumstance, by how much it moves the items it moves. */
const strengths = [3, 2, 2.5];
const sizes = [places.length, devices.length, 5];
const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** A Monday. */
const start = Date.UTC(2026, 0, 5);
const days = 56;
export const playMs = 180_000;

export class World {
  readonly options: WorldOptions;
  readonly visits: Visit[] = [];
  readonly #prng: Prng;
  readonly #popularity: Float64Array;
  readonly #genreOf: Uint8Array;
  /** By circumstance and index, a factor for every item. */
  readonly #factors: Float64Array[][];
  readonly #tastes: Float64Array[];
  /** By circumstance and index, its share of the sessions. */
  readonly #frequencies: number[][];

  constructor(options: WorldOptions) {
    this.options = options;
    const prng = new Prng(options.seed);
    this.#prng = prng;
    const { items, users } = options;
    this.#popularity = Float64Array.from({ length: items }, () => 1 / (1 + prng.below(8)));
    this.#genreOf = Uint8Array.from({ length: items }, () => prng.below(genres));
    this.#factors = sizes.map((size, which) =>
      Array.from({ length: size }, () =>
        Float64Array.from({ length: items }, () => this.#factor(strengths[which]!)),
      ),
    );
    this.#tastes = Array.from({ length: users }, () => this.#taste());
    for (let user = 0; user < users; user++) {
      for (let n = 0; n < options.sessionsOfUser; n++) this.visits.push(this.visit(user, n));
    }
    this.visits.sort((a, b) => a.at - b.at || a.user - b.user);
    this.#frequencies = sizes.map((size, which) =>
      Array.from({ length: size }, (_, index) => {
        const count = this.visits.filter(({ indices }) => indices[which] === index).length;
        return count / this.visits.length;
      }),
    );
  }

  /** A session of a user, the n-th of those that the world begins with or one after them. */
  visit(user: number, n: number): Visit {
    const spread = days / this.options.sessionsOfUser;
    const day = Math.floor(n * spread) + this.#prng.below(Math.max(1, Math.floor(spread)));
    const at = start + day * dayMs + this.#hour();
    const circumstances = this.#circumstances(user, at);
    const shares = this.shares(user, circumstances);
    const items: number[] = [];
    const length = this.#prng.between(3, 8);
    while (items.length < length) {
      const item = this.#draw(shares);
      shares[item] = 0;
      items.push(item);
    }
    return { user, at, items, ...circumstances };
  }

  /** Each item's share of the next play. */
  shares(user: number, { indices }: Circumstances): Float64Array {
    const shares = this.#popularity.map(
      (popularity, item) =>
        popularity * this.#tastes[user]![this.#genreOf[item]!]! * this.effect(item, indices),
    );
    const sum = shares.reduce((total, share) => total + share, 0);
    return shares.map((share) => share / sum);
  }

  /** The same on average over the circumstances of all sessions so far. */
  blindShares(user: number): Float64Array {
    const shares = this.#popularity.map(
      (popularity, item) =>
        popularity * this.#tastes[user]![this.#genreOf[item]!]! * this.#meanEffect(item),
    );
    const sum = shares.reduce((total, share) => total + share, 0);
    return shares.map((share) => share / sum);
  }

  /** Circumstances are drawn apart from one another: the mean of the product is that of the means. */
  #meanEffect(item: number): number {
    return this.#factors.reduce((product, factors, which) => {
      const sum = factors.reduce((total, factor, index) => {
        return total + factor[item]! * this.#frequencies[which]![index]!;
      }, 0);
      return product * sum;
    }, 1);
  }

  /** The known factor of an item in circumstances. */
  effect(item: number, indices: readonly number[]): number {
    return indices.reduce((factor, index, which) => {
      return factor * this.#factors[which]![index]![item]!;
    }, 1);
  }

  #factor(strength: number): number {
    const which = this.#prng.below(3);
    if (!this.options.hasEffect || which === 1) return 1;
    return which === 0 ? 1 / strength : strength;
  }

  #taste(): Float64Array {
    const taste = new Float64Array(genres).fill(0.3);
    for (let n = 0; n < 2; n++) taste[this.#prng.below(genres)]! += 2;
    return taste;
  }

  #hour(): number {
    return Math.floor((6 + (this.#prng.next() / 2 ** 32) * 18) * hourMs);
  }

  #circumstances(user: number, at: number): Circumstances {
    const isHabit = this.options.hasHabits === true && this.#prng.chance(0.8);
    const taste = this.#tastes[user]!;
    const favourite = taste.indexOf(Math.max(...taste));
    const place = isHabit ? favourite % places.length : this.#prng.below(places.length);
    const device = isHabit ? favourite % devices.length : this.#prng.below(devices.length);
    const context = { place: places[place]!, device: devices[device]! };
    return { context, indices: [place, device, partOf(at)] };
  }

  #draw(shares: Float64Array): number {
    const sum = shares.reduce((total, share) => total + share, 0);
    let left = (this.#prng.next() / 2 ** 32) * sum;
    for (let item = 0; item < shares.length; item++) {
      left -= shares[item]!;
      if (left < 0) return item;
    }
    return shares.findLastIndex((share) => share > 0);
  }
}

/** Morning to ten, day to five, evening, of a weekday; then the weekend before and after noon. */
function partOf(at: number): number {
  const hour = (at % dayMs) / hourMs;
  const isWeekend = Math.floor((at - start) / dayMs) % 7 >= 5;
  if (isWeekend) return hour < 12 ? 3 : 4;
  return hour < 10 ? 0 : hour < 17 ? 1 : 2;
}
