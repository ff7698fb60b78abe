import type { FilterTerm } from "@attune/protocol";
import type { CatalogueItem } from "../catalogue.ts";
import { RequestError } from "../request-error.ts";

/**
 * The filter of a request: terms on attributes of an item, all of which must hold. Of an attribute with
 * several values, `eq` and `in` ask for one that fits and `ne` for none that does. An attribute that the item
 * lacks fits nothing, so that only `ne` holds. Strings compare by code units; no type is ever converted.
 */
export type Filter = (item: CatalogueItem | undefined) => boolean;

const ops: readonly string[] = ["eq", "ne", "in", "gte", "lte"];
const listMax = 1_000;

/** Checks every term once, so that an error names its field before any item is looked at. */
export function filterOf(terms: readonly FilterTerm[]): Filter {
  const tests = terms.map((term, index) => testOf(term, `filter[${index}]`));
  return (item) => tests.every(({ attribute, holds }) => holds(attributeOf(item, attribute)));
}

function attributeOf(item: CatalogueItem | undefined, attribute: string): unknown {
  if (item === undefined || !Object.hasOwn(item.attributes, attribute)) return undefined;
  return item.attributes[attribute];
}

interface Test {
  attribute: string;
  holds(held: unknown): boolean;
}

function testOf(term: FilterTerm, field: string): Test {
  const { attribute, op, value } = term;
  if (typeof attribute !== "string" || attribute === "") {
    throw new RequestError(`${field}.attribute`, "must name an attribute of the items");
  }
  if (!ops.includes(op)) throw new RequestError(`${field}.op`, `must be one of ${ops.join(", ")}`);
  if (op === "in") {
    if (!Array.isArray(value) || value.length > listMax)
      throw new RequestError(`${field}.value`, `must be a list of at most ${listMax} for in`);
    const wanted = new Set<unknown>(value);
    return { attribute, holds: (held) => valuesOf(held).some((one) => wanted.has(one)) };
  }
  if (!isSingle(value)) {
    throw new RequestError(`${field}.value`, `must be a string, number or boolean for ${op}`);
  }
  if (op === "eq") return { attribute, holds: (held) => valuesOf(held).includes(value) };
  if (op === "ne") return { attribute, holds: (held) => !valuesOf(held).includes(value) };
  if (typeof value === "boolean") {
    throw new RequestError(`${field}.value`, `must be a number or a string for ${op}`);
  }
  return { attribute, holds: (held) => isBeyond(held, op, value) };
}

function isSingle(value: unknown): value is string | number | boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "string" || typeof value === "boolean";
}

function isBeyond(held: unknown, op: "gte" | "lte", value: string | number): boolean {
  if (typeof held === "string" && typeof value === "string") {
    return op === "gte" ? held >= value : held <= value;
  }
  if (typeof held !== "number" || typeof value !== "number") return false;
  return op === "gte" ? held >= value : held <= value;
}

function valuesOf(held: unknown): readonly unknown[] {
  if (Array.isArray(held)) return held;
  return held === undefined ? [] : [held];
}
