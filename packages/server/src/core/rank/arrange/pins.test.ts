import { expect, test } from "vitest";
import { pinned } from "./pins.ts";

const pin = (slot: number, ...items: string[]) => ({
  slot,
  source: `rule:${slot}`,
  items,
  concerns: () => true,
});
const list = ["a", "b", "c", "d"];
const arranged = (pins: Parameters<typeof pinned>[1], limit = 4, barred = "") =>
  pinned(
    list,
    pins,
    limit,
    (id) => !barred.includes(id),
    () => undefined,
  );

test.each([
  ["from outside, into its slot", [pin(1, "x")], ["a", "x", "b", "c"]],
  ["from the list, up and down", [pin(0, "c"), pin(3, "a")], ["c", "b", "d", "a"]],
  ["of two in one slot the later into the next", [pin(1, "x"), pin(1, "y")], ["a", "x", "y", "b"]],
  [
    "the second item where the first is pinned already",
    [pin(0, "x"), pin(2, "x", "y")],
    ["x", "a", "y", "b"],
  ],
  ["nowhere beyond the limit", [pin(4, "d")], ["a", "b", "c", "d"]],
  ["not where none of its items may stand", [pin(0, "z")], ["a", "b", "c", "d"]],
])("a pin puts an item %s", (_name, pins, expected) => {
  expect(arranged(pins, 4, "z").list).toEqual(expected);
});

test("a short list is made longer by what is pinned, at its end at the latest", () => {
  expect(arranged([pin(9, "x")], 20).list).toEqual([...list, "x"]);
  expect(
    pinned(
      [],
      [pin(2, "x"), pin(3, "y")],
      20,
      () => true,
      () => undefined,
    ).list,
  ).toEqual(["x", "y"]);
});

test("what is pinned names its rule, what is not does not", () => {
  const { sources } = arranged([pin(0, "b")]);
  expect([...sources]).toEqual([["b", "rule:0"]]);
});

test("a pin holds for those alone whom its rule concerns", () => {
  const closed = { ...pin(0, "x", "y"), concerns: (_item: unknown, id: string) => id === "y" };
  expect(arranged([closed]).list).toEqual(["y", "a", "b", "c"]);
});
