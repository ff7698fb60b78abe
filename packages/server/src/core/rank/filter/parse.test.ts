import fc from "fast-check";
import { expect, test } from "vitest";
import { comparisons, type Expression, type Operand, printed, roots } from "./expression.ts";
import { filterLimits, parsed } from "./parse.ts";
import { RequestError } from "../request-error.ts";
import { filterLengthMax } from "./token.ts";

/** The message of the refusal; anything but a coded refusal fails the test. */
function refusalOf(text: string): string | undefined {
  try {
    parsed(text);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    expect((error as RequestError).field).toBe("filter");
    expect((error as RequestError).message).toMatch(/^filter: at \d+: /);
    return (error as RequestError).message.slice("filter: ".length);
  }
}

const scalar = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (one === 0 ? 0 : one)),
  fc.integer(),
);
const path: fc.Arbitrary<Operand> = fc.record({
  root: fc.constantFrom(...roots),
  name: fc.oneof(
    fc.constantFrom("genre", "year", "__proto__", "a b", 'say "no"', "not", "é"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
  ),
});
const operand: fc.Arbitrary<Operand> = fc.oneof(
  path,
  scalar.map((value) => ({ value })),
);
const list: fc.Arbitrary<Operand> = fc
  .array(scalar, { maxLength: 4 })
  .map((one) => ({ list: one }));
const comparison: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({
    op: fc.constantFrom(...comparisons.filter((op) => op !== "in")),
    left: operand,
    right: operand,
  }),
  fc.record({ op: fc.constant("in" as const), left: operand, right: fc.oneof(list, path) }),
);
const expression = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    comparison,
    fc.record({ op: fc.constant("not" as const), term: tie("tree") }),
    fc.record({
      op: fc.constantFrom("and" as const, "or" as const),
      terms: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
    }),
  ),
})).tree;

test("what was printed parses to the same tree", () => {
  let count = 0;
  fc.assert(
    fc.property(expression, (tree) => {
      const text = printed(tree);
      const refusal = refusalOf(text);
      // Too long, too deep or too many: a limit, never a fault of what was printed.
      if (refusal !== undefined) return expect(refusal).toMatch(/longer than|deeper|more than/);
      count += 1;
      expect(parsed(text)).toEqual(tree);
    }),
    { numRuns: 500 },
  );
  expect(count).toBeGreaterThan(300);
});

test("any text is read or refused with a position, and by nothing else", () => {
  const words = ["item", "user", ".", "genre", "==", "in", "[", "]", "(", ")", "and", "or", "not"];
  const piece = fc.oneof(
    fc.constantFrom(...words, "<=", '"jazz"', "1.5", "-", "true", ",", " ", "\\", '"', "\n"),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      for (const text of [pieces.join(""), pieces.join(" ")]) {
        const at = Number(/^at (\d+)/.exec(refusalOf(text) ?? "at 1")![1]);
        expect(at).toBeGreaterThanOrEqual(1);
        expect(at).toBeLessThanOrEqual(text.length + 1);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["item.genre ==", "at 14: expected a value"],
  ["", "at 1: expected a value"],
  ["item.genre", "at 11: expected one of == != < <= > >= in"],
  ["item genre == 1", "at 6: expected `.` behind item"],
  ["item. == 1", "at 7: expected the name of an attribute"],
  ['item[genre] == "x"', "at 6: expected the name of an attribute in quotes"],
  ['(item.genre == "x"', "at 19: expected `)`"],
  ['item.genre == "x" nor', "at 19: expected `and`, `or` or the end"],
  ['item.genre == "x', "at 15: the text does not end"],
  ['item.genre == "\\x"', "at 15: not a text as JSON writes it"],
  ["item.year == 1e999", "at 14: not a number that can be kept"],
  ["item.year = 1", "at 11: unexpected character"],
  ["item.year in 1", "at 14: expected a list or an attribute behind `in`"],
  ["item.year in [1 2]", "at 17: expected `,` or `]`"],
  ["item.year == [1]", "at 14: expected a value"],
])("%s is refused %s", (text, says) => {
  expect(refusalOf(text)).toBe(says);
});

test("each limit holds at the limit and one past it", () => {
  const nested = (depth: number) => `${"(".repeat(depth)}item.a == 1${")".repeat(depth)}`;
  expect(refusalOf(nested(filterLimits.depthMax))).toBe(undefined);
  expect(refusalOf(nested(filterLimits.depthMax + 1))).toMatch(/deeper/);
  expect(refusalOf(`${"not ".repeat(filterLimits.depthMax)}item.a == 1`)).toBe(undefined);
  expect(refusalOf(`${"not ".repeat(filterLimits.depthMax + 1)}item.a == 1`)).toMatch(/deeper/);
  const many = (count: number) => Array.from({ length: count }, () => "item.a == 1").join(" or ");
  expect(refusalOf(many(filterLimits.comparisonsMax))).toBe(undefined);
  expect(refusalOf(many(filterLimits.comparisonsMax + 1))).toMatch(/more than 64 comparisons/);
  const values = (count: number) => `item.a in [${"1,".repeat(count - 1)}1]`;
  expect(refusalOf(values(filterLimits.listMax))).toBe(undefined);
  expect(refusalOf(values(filterLimits.listMax + 1))).toMatch(/more than 200 values/);
  expect(refusalOf(`item.${"a".repeat(64)} == 1`)).toBe(undefined);
  expect(refusalOf(`item.${"a".repeat(65)} == 1`)).toMatch(/1 to 64 characters/);
  const long = (length: number) => "item.a == 1".padEnd(length);
  expect(refusalOf(long(filterLengthMax))).toBe(undefined);
  expect(refusalOf(long(filterLengthMax + 1))).toBe("at 2001: longer than 2000 characters");
});

test("texts made to be slow are not", () => {
  const hostile = ["(", "not ", '"\\', "1e", "item.a == 1 and ", "[[", "-", "."];
  for (const piece of hostile) {
    const text = piece.repeat(100_000);
    expect(refusalOf(text)).toMatch(/longer than/);
    expect(refusalOf(text.slice(0, filterLengthMax))).toBeDefined();
  }
});
