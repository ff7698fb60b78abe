import type { Fields } from "../field.ts";
import { assertKnown, textOf, textsOf } from "../field.ts";
import { RequestError } from "../request-error.ts";

/** An item that may not be shown to anybody, whatever else is said of it, and why. */
export interface Takedown {
  readonly reason: string;
  /** Version of the definitions that brought it. */
  readonly version: number;
}

/** By item id. */
export type Takedowns = Readonly<Record<string, Takedown>>;

const takedownItemsMax = 1_000;

/** The takedowns after a document that adds some, or lifts some. Throws a RequestError that names the field. */
export function takedownsAfter(before: Takedowns, document: Fields, version: number): Takedowns {
  const { kind: _kind, ...fields } = document;
  assertKnown(fields, ["itemIds", "reason", "isLifted"]);
  const items = textsOf(fields["itemIds"], "itemIds", takedownItemsMax, 256);
  if (fields["isLifted"] === true) {
    const lifted = new Set(items);
    return Object.fromEntries(Object.entries(before).filter(([item]) => !lifted.has(item)));
  }
  if (fields["isLifted"] !== undefined)
    throw new RequestError("isLifted", "must be true or absent");
  const reason = textOf(fields["reason"], "reason", 256);
  return {
    ...before,
    ...Object.fromEntries(items.map((item) => [item, { reason, version }])),
  };
}
