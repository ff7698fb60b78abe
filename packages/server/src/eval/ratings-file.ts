/**
 * Ratings from a file as RecBole has them (`user_id:token item_id:token rating:float timestamp:float`, tab
 * separated, time in seconds), in file order, and their division into train and test.
 */
import { readFileSync } from "node:fs";
import { Mersenne } from "./mersenne.ts";

export interface Rating {
  user: string;
  item: string;
  /** ms. */
  at: number;
}

export interface RatingSplit {
  train: Rating[];
  test: Rating[];
}

export function readRatings(path: string): Rating[] {
  return parseRatings(readFileSync(path, "utf8"), path);
}

export function parseRatings(text: string, path: string): Rating[] {
  const [header = "", ...rows] = text.split(/\r?\n/);
  const names = header.split("\t").map((column) => column.replace(/:.*/, ""));
  const [user, item, time] = ["user_id", "item_id", "timestamp"].map((name) => {
    const at = names.indexOf(name);
    if (at === -1) throw new Error(`${path}: the header has no column ${name}`);
    return at;
  }) as [number, number, number];
  const ratings: Rating[] = [];
  rows.forEach((row, index) => {
    if (row === "") return;
    const fields = row.split("\t");
    const at = Math.round(Number(fields[time] ?? "") * 1000);
    const rating = { user: fields[user] ?? "", item: fields[item] ?? "", at };
    if (rating.user === "" || rating.item === "" || !Number.isSafeInteger(at) || at < 0) {
      throw new Error(`${path}: row ${index + 2} is no rating`);
    }
    ratings.push(rating);
  });
  return ratings;
}

/**
 * A share of every item's ratings to train and the rest to test, by chance: one double a row in file order,
 * and within an item those with the smallest doubles are train, as many as the share rounded half to even.
 */
export function splitByItem(ratings: readonly Rating[], share: number, seed: number): RatingSplit {
  const chance = new Mersenne(seed);
  const byItem = new Map<string, { rating: Rating; draw: number }[]>();
  for (const rating of ratings) {
    const drawn = { rating, draw: chance.double() };
    const list = byItem.get(rating.item);
    if (list === undefined) byItem.set(rating.item, [drawn]);
    else list.push(drawn);
  }
  const trained = new Set<Rating>();
  for (const list of byItem.values()) {
    const count = roundHalfToEven(list.length * share);
    const sorted = list.toSorted((x, y) => x.draw - y.draw);
    for (const { rating } of sorted.slice(0, count)) trained.add(rating);
  }
  return {
    train: ratings.filter((rating) => trained.has(rating)),
    test: ratings.filter((rating) => !trained.has(rating)),
  };
}

/**
 * A split of every user in time: the first share of their ratings to train, at least one, and the rest to test.
 * Users of a single rating are train alone. What others did later is known in train: for a split that no future
 * leaks through, see `attune report`.
 */
export function splitByUser(ratings: readonly Rating[], share: number): RatingSplit {
  const byUser = new Map<string, Rating[]>();
  for (const rating of ratings) {
    const list = byUser.get(rating.user);
    if (list === undefined) byUser.set(rating.user, [rating]);
    else list.push(rating);
  }
  const split: RatingSplit = { train: [], test: [] };
  for (const list of byUser.values()) {
    const sorted = list.toSorted((x, y) => x.at - y.at);
    const count = Math.max(1, Math.floor(sorted.length * share));
    split.train.push(...sorted.slice(0, count));
    split.test.push(...sorted.slice(count));
  }
  return split;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
