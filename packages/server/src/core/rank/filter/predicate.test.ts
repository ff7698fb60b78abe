import { expect, test } from "vitest";
import { emptyState } from "../../fold/state.ts";
import { parsed } from "./parse.ts";
import { bound } from "./predicate.ts";

const item = {
  id: "a",
  attributes: { genre: ["jazz", "soul"], year: 1999, explicit: false, country: "AT", rank: 3 },
};
const traits = { countries: ["DE", "AT"], age: 17, plan: "free" };
const state = {
  ...emptyState(1, ""),
  traits: new Map(Object.entries(traits).map(([name, value]) => [name, { value, at: 0 }])),
};
const asker = { state, context: { region: "AT", device: undefined } };
const holds = (text: string): boolean => bound(parsed(text), asker)(item, "a");

test.each([
  ['item.genre == "jazz"', true],
  ['item.genre == "rock"', false],
  ['item.genre != "jazz"', false],
  ['item.genre != "rock"', true],
  ['"soul" in item.genre', true],
  ['item.genre in ["rock", "soul"]', true],
  ["item.genre in []", false],
  ["item.year >= 1999", true],
  ["item.year > 1999", false],
  ["1998 < item.year", true],
  ["1999 < item.year", false],
  ['item.year == "1999"', false],
  ['item.year > "0"', false],
  ["item.explicit == false", true],
  ["item.country in user.countries", true],
  ['user.countries == "DE"', true],
  ["user.age >= 18", false],
  ["item.rank < user.age", true],
  ["user.age > item.rank", true],
  ["item.rank >= item.year", false],
  ["item.country == context.region", true],
  ['context.device == "phone"', false],
  ['item.genre == "jazz" and item.year >= 1990 and not (item.explicit == true)', true],
  ['item.genre == "rock" or user.plan == "free"', true],
  ['not item.genre == "rock" and item.year == 1', false],
  ['item.id == "a"', true],
  ['item.id in ["b", "c"]', false],
])("%s is %s", (text, expected) => {
  expect(holds(text)).toBe(expected);
});

test("what is missing has no value: only != and not hold", () => {
  for (const op of ["==", "<", "<=", ">", ">="]) expect(holds(`item.mood ${op} 1`)).toBe(false);
  expect(holds("item.mood in [1]")).toBe(false);
  expect(holds("item.mood != 1")).toBe(true);
  expect(holds("not item.mood == 1")).toBe(true);
  expect(holds('item.constructor != "x"')).toBe(true);
  expect(holds("user.constructor == item.constructor")).toBe(false);
  const unknown = (text: string): boolean => bound(parsed(text), asker)(undefined, "b");
  expect(unknown("item.year == 1999")).toBe(false);
  expect(unknown('item.id == "b"')).toBe(true);
});

test("and binds before or, not before and", () => {
  const yes = "item.rank == 3";
  const no = "item.rank == 4";
  expect(holds(`${yes} or ${yes} and ${no}`)).toBe(true);
  expect(holds(`(${yes} or ${yes}) and ${no}`)).toBe(false);
  expect(holds(`not ${no} and ${no}`)).toBe(false);
  expect(holds(`not (${no} and ${no})`)).toBe(true);
});
