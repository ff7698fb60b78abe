import type { FilterTerm } from "@attune/protocol";
import { expect, test } from "vitest";
import { filterOf } from "./terms.ts";
import { RequestError } from "../request-error.ts";

const item = {
  id: "a",
  attributes: { genre: ["jazz", "soul"], year: 1999, title: "M", live: true },
};
const holds = (attribute: string, op: FilterTerm["op"], value: FilterTerm["value"]): boolean =>
  filterOf([{ attribute, op, value }])(item);

test("one value of a list that fits is enough, and no type is converted", () => {
  expect(holds("genre", "eq", "soul")).toBe(true);
  expect(holds("genre", "ne", "soul")).toBe(false);
  expect(holds("genre", "in", ["rock", "jazz"])).toBe(true);
  expect(holds("year", "in", [1999])).toBe(true);
  expect(holds("year", "eq", "1999")).toBe(false);
  expect(holds("live", "eq", true)).toBe(true);
  expect(holds("year", "gte", 1999)).toBe(true);
  expect(holds("year", "lte", 1998)).toBe(false);
  expect(holds("year", "gte", "0")).toBe(false);
  expect(holds("title", "gte", "L")).toBe(true);
});

test("an attribute that is missing fits nothing, an inherited one is missing", () => {
  for (const op of ["eq", "gte", "lte"] as const) expect(holds("mood", op, 1)).toBe(false);
  expect(holds("mood", "in", [1])).toBe(false);
  expect(holds("mood", "ne", 1)).toBe(true);
  expect(holds("constructor", "ne", "x")).toBe(true);
  expect(filterOf([{ attribute: "x", op: "eq", value: 1 }])(undefined)).toBe(false);
});

test("all terms must hold; none lets everything through", () => {
  const year = { attribute: "year", op: "gte", value: 1990 } as const;
  expect(filterOf([year, { attribute: "genre", op: "eq", value: "jazz" }])(item)).toBe(true);
  expect(filterOf([year, { attribute: "genre", op: "eq", value: "rock" }])(item)).toBe(false);
  expect(filterOf([])(undefined)).toBe(true);
});

test("a term that cannot be meant names its field", () => {
  const bad: [unknown, string][] = [
    [{ attribute: "", op: "eq", value: 1 }, "filter[1].attribute"],
    [{ attribute: "a", op: "like", value: 1 }, "filter[1].op"],
    [{ attribute: "a", op: "eq", value: [1] }, "filter[1].value"],
    [{ attribute: "a", op: "eq" }, "filter[1].value"],
    [{ attribute: "a", op: "gte", value: Number.NaN }, "filter[1].value"],
    [{ attribute: "a", op: "gte", value: true }, "filter[1].value"],
    [{ attribute: "a", op: "in", value: "x" }, "filter[1].value"],
  ];
  const good: FilterTerm = { attribute: "a", op: "eq", value: 1 };
  for (const [term, field] of bad) {
    const check = () => filterOf([good, term as FilterTerm]);
    expect(check).toThrow(RequestError);
    expect(check).toThrow(expect.objectContaining({ field }));
  }
});

test("a list of a thousand values is looked at, one of a thousand and one is not", () => {
  const of = (length: number) => () =>
    filterOf([{ attribute: "year", op: "in", value: Array.from({ length }, (_, i) => i) }]);
  expect(of(1_000)()(item)).toBe(false);
  expect(of(1_001)).toThrow(/at most 1000/);
});
