import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { History, type Interaction } from "./history.ts";

function interactions(seed: number, count: number): Interaction[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, (_, at) => ({
    user: `u${prng.below(40)}`,
    session: prng.chance(0.5) ? `s${prng.below(3)}` : undefined,
    item: `i${at}`,
    type: prng.chance(0.2) ? ("skip" as const) : ("view" as const),
    strength: prng.between(-4, 5),
    at: prng.below(500),
  }));
}

function heldOf(history: History) {
  return Array.from({ length: history.count }, (_, row) => ({
    user: history.userName(history.user(row)),
    item: history.itemName(history.item(row)),
    type: history.type(row),
    strength: history.strength(row),
    at: history.at(row),
  }));
}

const plain = ({ user, item, type, strength, at }: Interaction) => ({
  user,
  item,
  type,
  strength,
  at,
});

test.each([
  [5_000, 4_000],
  [5_000, 300],
  [300, 300],
  [301, 300],
])("of %i in any order at most %i are held: the newest, by time", (count, max) => {
  const all = interactions(count + max, count);
  const history = new History(max);
  for (const one of all) history.add(one);
  history.sort();
  const sorted = all.toSorted((x, y) => x.at - y.at);
  expect(heldOf(history)).toEqual(sorted.slice(-max).map(plain));
  expect(history.leftOut).toBe(Math.max(0, count - max));
});

test("names of what was let go of are gone, and sessions of one name are told apart by user", () => {
  const history = new History(100);
  for (let at = 0; at < 10_000; at++)
    history.add({
      user: `u${at}`,
      session: "1",
      item: `i${at}`,
      type: "view",
      strength: 1,
      at,
    });
  history.sort();
  expect([history.userCount, history.itemCount]).toEqual([100, 100]);
  expect(new Set(Array.from({ length: 100 }, (_, row) => history.session(row))).size).toBe(100);
});
