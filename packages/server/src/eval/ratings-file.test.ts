import { expect, test } from "vitest";
import { Mersenne } from "./mersenne.ts";
import { parseRatings, splitByItem, splitByUser } from "./ratings-file.ts";

test("seed 42 gives the doubles that everybody's MT19937 gives", () => {
  const chance = new Mersenne(42);
  expect([chance.double(), chance.double(), chance.double()]).toEqual([
    0.3745401188473625, 0.9507143064099162, 0.7319939418114051,
  ]);
  // Beyond the 312th double the state has been renewed.
  const far = new Mersenne(42);
  const doubles = Array.from({ length: 1_000 }, () => far.double());
  expect(new Set(doubles).size).toBe(1_000);
  expect(doubles.every((double) => double >= 0 && double < 1)).toBe(true);
});

test("the columns of a file of ratings are found by name, and a row that is no rating is named", () => {
  const header = "item_id:token\tuser_id:token\trating:float\ttimestamp:float\n";
  expect(parseRatings(`${header}a\tu\t3\t20.5\n`, "f")).toEqual([
    { user: "u", item: "a", at: 20_500 },
  ]);
  expect(() => parseRatings(`${header}a\tu\t3\tsoon\n`, "f")).toThrow("f: row 2");
  expect(() => parseRatings("user_id\titem_id\n", "f")).toThrow("no column timestamp");
});

test("each item keeps its share in train, rounded half to even", () => {
  for (const [count, train] of [
    [1, 1],
    [2, 2],
    [4, 3],
    [6, 4],
    [10, 8],
  ] as const) {
    const ratings = Array.from({ length: count }, (_, at) => ({ user: `${at}`, item: "a", at }));
    const split = splitByItem(ratings, 0.75, 42);
    expect([count, split.train.length, split.test.length]).toEqual([count, train, count - train]);
  }
});

test("a split in time has every user's earlier ratings in train, and nobody in test alone", () => {
  const ratings = ["u:5", "v:1", "u:3", "u:1", "u:4", "v:2", "w:9"].map((text) => {
    const [user, at] = text.split(":") as [string, string];
    return { user, item: `${user}${at}`, at: Number(at) };
  });
  const split = splitByUser(ratings, 0.75);
  expect(split.train.map(({ item }) => item)).toEqual(["u1", "u3", "u4", "v1", "w9"]);
  expect(split.test.map(({ item }) => item)).toEqual(["u5", "v2"]);
});
