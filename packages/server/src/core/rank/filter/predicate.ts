import type { Context } from "@attune/protocol";
import type { UserState } from "../../fold/state.ts";
import type { CatalogueItem } from "../catalogue.ts";
import type { Comparison, Expression, Operand, Root, Scalar } from "./expression.ts";

/**
 * A filter made ready for one request: what it says of the user and the circumstances is looked up once, what is
 * left is asked of each item. Attributes may have several values: a comparison holds if it holds for any of
 * them, `!=` if no value is equal. What is missing has no value. Types are never converted; texts compare by
 * code units.
 */
export type Predicate = (item: CatalogueItem | undefined, id: string) => boolean;

/** What a filter may ask of the one who asks: traits of a permitted state, and the request's context. */
export interface Asker {
  state: UserState;
  context: Context;
}

export function bound(expression: Expression, asker: Asker): Predicate {
  const part = partOf(expression, asker);
  return typeof part === "boolean" ? () => part : part;
}

/** What does not depend on the item is decided at once. */
type Part = boolean | Predicate;

function partOf(expression: Expression, asker: Asker): Part {
  if ("term" in expression) {
    const part = partOf(expression.term, asker);
    return typeof part === "boolean" ? !part : (item, id) => !part(item, id);
  }
  if (!("terms" in expression)) return comparisonOf(expression, asker);
  const isAnd = expression.op === "and";
  const open: Predicate[] = [];
  for (const term of expression.terms) {
    const part = partOf(term, asker);
    if (part === !isAnd) return part;
    if (typeof part !== "boolean") open.push(part);
  }
  if (open.length === 0) return isAnd;
  return isAnd
    ? (item, id) => open.every((part) => part(item, id))
    : (item, id) => open.some((part) => part(item, id));
}

function comparisonOf(
  { op, left, right }: { op: Comparison; left: Operand; right: Operand },
  asker: Asker,
): Part {
  const a = sideOf(left, asker);
  const b = sideOf(right, asker);
  if ("values" in a && "values" in b) return holds(op, a.values, b.values);
  if ("values" in b) {
    const test = against(op, b.values);
    const { name } = a as { name: string };
    return (item, id) => test(valuesOf(attributeOf(item, id, name)));
  }
  if ("values" in a) {
    const test = against(turned[op], a.values);
    return (item, id) => test(valuesOf(attributeOf(item, id, b.name)));
  }
  return (item, id) =>
    holds(op, valuesOf(attributeOf(item, id, a.name)), valuesOf(attributeOf(item, id, b.name)));
}

/** An attribute of the item, or values that are the same for all items. */
type Side = { name: string } | { values: readonly unknown[] };

function sideOf(operand: Operand, asker: Asker): Side {
  if ("value" in operand) return { values: [operand.value] };
  if ("list" in operand) return { values: operand.list };
  const { root, name } = operand;
  return root === "item" ? { name } : { values: valuesOf(askerValue(root, name, asker)) };
}

function askerValue(root: Exclude<Root, "item">, name: string, { state, context }: Asker): unknown {
  if (root === "user") return state.traits.get(name)?.value;
  return Object.hasOwn(context, name) ? context[name as keyof Context] : undefined;
}

/** `item.id` is the item's id, whatever the catalogue says. */
function attributeOf(item: CatalogueItem | undefined, id: string, name: string): unknown {
  if (name === "id") return id;
  if (item === undefined || !Object.hasOwn(item.attributes, name)) return undefined;
  return item.attributes[name];
}

function valuesOf(held: unknown): readonly unknown[] {
  if (Array.isArray(held)) return held;
  return held === undefined ? [] : [held];
}

/** The comparison with its sides exchanged. */
const turned: Readonly<Record<Comparison, Comparison>> = {
  "==": "==",
  "!=": "!=",
  in: "in",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

function holds(op: Comparison, left: readonly unknown[], right: readonly unknown[]): boolean {
  return against(op, right)(left);
}

/**
 * Tests many left sides against one right side in the time that the left side takes: equality by a set, order by
 * the greatest and least of each type, since any value will do.
 */
function against(op: Comparison, right: readonly unknown[]): (left: readonly unknown[]) => boolean {
  if (op === "==" || op === "in" || op === "!=") {
    const isEqual = equality(right);
    return op === "!=" ? (left) => !left.some(isEqual) : (left) => left.some(isEqual);
  }
  const isBelow = op === "<" || op === "<=";
  const number = limitOf(
    right.filter((one) => typeof one === "number"),
    isBelow,
  );
  const text = limitOf(
    right.filter((one) => typeof one === "string"),
    isBelow,
  );
  return (left) =>
    left.some((one) => {
      if (typeof one === "number") return number !== undefined && isOrdered(op, one, number);
      if (typeof one === "string") return text !== undefined && isOrdered(op, one, text);
      return false;
    });
}

function equality(right: readonly unknown[]): (one: unknown) => boolean {
  if (right.length === 1) return (one) => one === right[0] && isScalar(one);
  const wanted = new Set(right);
  return (one) => isScalar(one) && wanted.has(one);
}

function isScalar(one: unknown): one is Scalar {
  return typeof one === "string" || typeof one === "number" || typeof one === "boolean";
}

/** The greatest value for `<` and `<=`, else the least; undefined of none. */
function limitOf<T extends number | string>(
  values: readonly T[],
  isGreatest: boolean,
): T | undefined {
  let limit: T | undefined;
  for (const value of values) {
    if (limit === undefined || (isGreatest ? value > limit : value < limit)) limit = value;
  }
  return limit;
}

function isOrdered<T extends number | string>(op: Comparison, left: T, right: T): boolean {
  if (op === "<") return left < right;
  if (op === "<=") return left <= right;
  return op === ">" ? left > right : left >= right;
}
