/**
 * The tail of a list in an order of chance: slot after slot, an item of the tail is drawn as often as its weight is of
 * the weights that are left (Plackett and Luce), a softmax of its score. So every order of the tail is shown
 * sometimes, with a propensity that is a fraction of whole numbers, and other orders can be judged from the log.
 */
import { assertKnown, fieldsOf, integerOf } from "../field.ts";
import { fadeTable, log } from "../weights.ts";
import type { Draw } from "./explorer.ts";
import { itemBits } from "./key.ts";

export interface TailShuffle {
  /** The first slot that is drawn, from 0. */
  readonly firstSlot: number;
  /** An item that scores less than the tail's best by so many thousandths of that comes 1 / e as often. */
  readonly temperaturePermille: number;
}

const tailShuffleDefault: TailShuffle = Object.freeze({
  firstSlot: 5,
  temperaturePermille: 200,
});

/** Throws a RequestError that names the field; what is absent has its default. */
export function tailShuffleOf(value: unknown): TailShuffle {
  const fields = fieldsOf(value, "tailShuffle");
  assertKnown(fields, Object.keys(tailShuffleDefault), "tailShuffle");
  const integer = (name: keyof TailShuffle, min: number, max: number): number =>
    integerOf(fields[name] ?? tailShuffleDefault[name], `tailShuffle.${name}`, min, max);
  return {
    firstSlot: integer("firstSlot", 0, 199),
    temperaturePermille: integer("temperaturePermille", 10, 10_000),
  };
}

const permille = 1_000;
/** Weights fall in steps of e^(-1/64), to 1 where nothing is left of them: what is there can be drawn. */
const stepsOfE = 64;
const weights = fadeTable(stepsOfE, 14 * stepsOfE, 1 << 20);

/** A list as it stands before its tail is drawn. */
export interface Tail {
  shuffle: TailShuffle;
  /** What chance hangs on. */
  key: string;
  list: readonly string[];
  /** The first so many slots are shown. */
  size: number;
  /** Items that nothing may put out of their slots. */
  fixed: ReadonlySet<string>;
  /** 0 where an item has none: it fills the list up, and stays behind those that have one. */
  scoreOf(id: string): number;
}

export interface Shuffled {
  list: readonly string[];
  /** How those of the tail came by their slots. */
  draws: ReadonlyMap<string, Draw>;
  /** What was drawn, into these slots: the same items whatever the order. */
  pool: readonly string[];
  slots: readonly number[];
}

/** What is drawn for a slot has the score that stands there without chance; the rest of the list stays as it is. */
export function shuffled({ shuffle, key, list, size, fixed, scoreOf }: Tail): Shuffled {
  const slots: number[] = [];
  for (let slot = shuffle.firstSlot; slot < Math.min(size, list.length); slot++) {
    if (!fixed.has(list[slot]!) && scoreOf(list[slot]!) > 0) slots.push(slot);
  }
  const pool = slots.map((slot) => list[slot]!);
  const draws = new Map<string, Draw>();
  if (pool.length < 2) return { list, draws, pool: [], slots: [] };
  const best = pool.reduce((most, id) => Math.max(most, scoreOf(id)), 0);
  const drawn = pool
    .map((id) => {
      const weight = weightOf(scoreOf(id), best, shuffle);
      return { id, weight, arrival: arrival(key, id) / weight };
    })
    .sort((a, b) => a.arrival - b.arrival || (a.id < b.id ? -1 : 1));
  let left = drawn.reduce((sum, { weight }) => sum + weight, 0);
  const next = [...list];
  drawn.forEach(({ id, weight }, i) => {
    next[slots[i]!] = id;
    draws.set(id, { propensity: weight / left, share: scoreOf(pool[i]!) - scoreOf(id) });
    left -= weight;
  });
  return { list: next, draws, pool, slots };
}

/** A whole number from 1 on. */
function weightOf(score: number, best: number, { temperaturePermille }: TailShuffle): number {
  const step = Math.floor((stepsOfE * permille * (best - score)) / (best * temperaturePermille));
  return Math.max(1, weights[Math.min(step, weights.length - 1)]!);
}

/**
 * When an item of weight 1 would come: a waiting time without memory, of its own. Those who come in the order of such
 * times over their weights come as often as drawn one after another (Efraimidis and Spirakis 2006), and a score that
 * changes moves its own item: with one draw a slot, all that follow would be dealt anew in a list that is looked at.
 */
function arrival(key: string, id: string): number {
  return -log((itemBits(key, id) + 0.5) / 2 ** 32);
}
