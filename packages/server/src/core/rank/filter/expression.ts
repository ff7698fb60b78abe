import { isPlainName } from "./token.ts";

/** A filter as a tree, and as its text again. Law: parsing what was printed gives the same tree. */
export type Scalar = string | number | boolean;

export const roots = ["item", "user", "context"] as const;
/** An attribute of the item, a trait of the user, or what the request states of its circumstances. */
export type Root = (typeof roots)[number];

export type Operand =
  | { root: Root; name: string }
  | { value: Scalar }
  | { list: readonly Scalar[] };

export const comparisons = ["==", "!=", "<", "<=", ">", ">=", "in"] as const;
export type Comparison = (typeof comparisons)[number];

export type Expression =
  | { op: "and" | "or"; terms: readonly Expression[] }
  | { op: "not"; term: Expression }
  | { op: Comparison; left: Operand; right: Operand };

export function printed(expression: Expression): string {
  if ("terms" in expression)
    return expression.terms.map(inside).join(expression.op === "and" ? " and " : " or ");
  if ("term" in expression) return `not (${printed(expression.term)})`;
  const { left, op, right } = expression;
  return `${operand(left)} ${op} ${operand(right)}`;
}

/** A term of a list: one that is a list itself keeps its parentheses. */
function inside(expression: Expression): string {
  return "terms" in expression ? `(${printed(expression)})` : printed(expression);
}

function operand(one: Operand): string {
  if ("list" in one) return `[${one.list.map((value) => JSON.stringify(value)).join(", ")}]`;
  if ("value" in one) return JSON.stringify(one.value);
  const { root, name } = one;
  return isPlainName(name) ? `${root}.${name}` : `${root}[${JSON.stringify(name)}]`;
}
