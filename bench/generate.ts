/**
 * The load: interactions of many users in order of time, made one by one from a seed. Users and items follow
 * Zipf's law; items stand in clusters, a session stays mostly in one and walks it by habit, so that sessions
 * have neighbours and items have followers. Only the sessions that are open right now are held in memory.
 */
import type { InteractionType } from "@attune/protocol";
import { Random, scatter } from "./random.ts";

export interface Load {
  seed: number;
  interactions: number;
  users: number;
  items: number;
  days: number;
}

export const dayMs = 86_400_000;
/** The load begins on 5 January 2026, a Monday. */
export const loadStart = 20_458 * dayMs;

/** Sizes of a load of so many interactions: 5 a user and 20 an item, items at most 50,000. */
export function loadOf(interactions: number, given: Partial<Load> = {}): Load {
  return {
    seed: given.seed ?? 1,
    interactions,
    users: given.users ?? Math.max(20, Math.round(interactions / 5)),
    items: given.items ?? Math.min(50_000, Math.max(200, Math.round(interactions / 20))),
    days: given.days ?? 30,
  };
}

const clusterItems = 100;
const tastesPerUser = 3;
/** Mean time between two interactions of a session, ms. */
const stepMs = 150_000;
const userExponent = 0.6;
const clusterExponent = 0.7;
const itemExponent = 0.8;
/** Chance that a session ends with an interaction: 5 interactions a session on average. */
const endChance = 0.2;

/** Share of each type in thousandths; plays split further by the fraction heard. */
const mix: readonly (readonly [type: InteractionType, permille: number, strength: number])[] = [
  ["view", 300, 1],
  ["play", 470, 0],
  ["complete", 100, 3],
  ["like", 50, 4],
  ["skip", 80, -1],
];

interface OpenSession {
  user: number;
  cluster: number;
  item: number;
}

/** Call `next`, then read the fields: they describe one interaction and are overwritten by the next. */
export class Interactions {
  readonly load: Load;
  count = 0;
  user = 0;
  item = 0;
  type: InteractionType = "view";
  strength = 0;
  /** Fraction heard in thousandths, or -1. */
  permille = -1;
  at: number;
  readonly #random: Random;
  readonly #start: number;
  readonly #meanMs: number;
  readonly #clusters: number;
  readonly #open: OpenSession[] = [];
  readonly #busy = new Set<number>();

  constructor(load: Load, start = loadStart) {
    this.load = load;
    this.#random = new Random(load.seed);
    this.#meanMs = (load.days * dayMs) / load.interactions;
    this.#clusters = Math.max(1, Math.floor(load.items / clusterItems));
    this.#start = start;
    this.at = start;
    const open = Math.min(load.users >> 1, Math.max(1, Math.round(stepMs / this.#meanMs)));
    for (let i = 0; i < open; i++) this.#open.push(this.#begin());
  }

  next(): void {
    const random = this.#random;
    const place = random.below(this.#open.length);
    const session = this.#open[place]!;
    // Each has its own slice of the days, so that no load lasts longer than they do.
    this.at = Math.floor(this.#start + (this.count + random.fraction()) * this.#meanMs);
    this.user = session.user;
    this.item = session.item;
    this.count += 1;
    this.#act();
    if (random.fraction() < endChance) {
      this.#busy.delete(session.user);
      this.#open[place] = this.#begin();
    } else {
      this.#walk(session);
    }
  }

  #act(): void {
    let rest = this.#random.below(1000);
    for (const [type, permille, strength] of mix) {
      this.type = type;
      this.strength = strength;
      rest -= permille;
      if (rest < 0) break;
    }
    this.permille = -1;
    if (this.type !== "play") return;
    this.permille = this.#random.below(1001);
    this.strength = this.permille < 300 ? 0 : this.permille < 800 ? 1 : 2;
  }

  /** A session of somebody who has none open, mostly in one of their own clusters. */
  #begin(): OpenSession {
    const random = this.#random;
    let user = random.zipf(this.load.users, userExponent);
    while (this.#busy.has(user)) user = random.zipf(this.load.users, userExponent);
    this.#busy.add(user);
    const taste = random.below(tastesPerUser);
    const own = new Random(scatter(user * tastesPerUser + taste) ^ this.load.seed);
    const from = random.fraction() < 0.8 ? own : random;
    const cluster = from.zipf(this.#clusters, clusterExponent);
    return { user, cluster, item: this.#itemOf(cluster) };
  }

  /** Half of all steps go where most go from this item; some leave the cluster. */
  #walk(session: OpenSession): void {
    const random = this.#random;
    const chance = random.fraction();
    if (chance < 0.5) {
      const place = Math.floor(session.item / this.#clusters);
      const step = (scatter(session.item) % 7) + 1 + random.zipf(4, itemExponent);
      session.item = ((place + step) % clusterItems) * this.#clusters + session.cluster;
    } else {
      if (chance > 0.95) session.cluster = random.zipf(this.#clusters, clusterExponent);
      session.item = this.#itemOf(session.cluster);
    }
  }

  #itemOf(cluster: number): number {
    return this.#random.zipf(clusterItems, itemExponent) * this.#clusters + cluster;
  }
}
