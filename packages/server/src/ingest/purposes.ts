/**
 * What an event may be used for: what its person granted, in the event or before, and what the tenant's policy
 * declares on another basis. Fail-closed: whatever nobody granted or declared is not there.
 */
import { type ConsentChoice, type Purpose, purposes } from "@attune/protocol";
import { isObject, type JsonObject } from "./json.ts";

/** Where a person stands when an event arrives, as the engine knows it. */
export interface Standing {
  /** The subject that the person's was merged into, or the person's own. */
  subject: string;
  /** Events at or before this time (ms) are dropped for ever; 0 = none. */
  barredThrough: number;
  /** Purposes that the tenant's logged policy declares on a basis other than consent. */
  declared: readonly Purpose[];
  /** What the person chose, by purpose. */
  choices: ReadonlyMap<Purpose, ConsentChoice>;
}

/** The only purposes for which a tenant may declare another basis than consent. */
const declarable: readonly Purpose[] = ["analytics", "personalization"];

/** What Global Privacy Control says no to, whatever was granted elsewhere: the strictest signal wins. */
const optOut: readonly Purpose[] = ["ads", "sharing"];

/** A consent category of the sender -> our purpose. By default the categories are our purposes' names. */
export type ConsentCategories = Readonly<Record<string, Purpose>>;

export const defaultCategories: ConsentCategories = Object.freeze(
  Object.fromEntries(purposes.map((purpose) => [purpose, purpose])),
);

/** What the event itself says: purpose -> granted or not; a category nobody mapped says nothing. */
export function statedConsent(
  context: JsonObject,
  categories: ConsentCategories,
): ReadonlyMap<Purpose, boolean> {
  const stated = new Map<Purpose, boolean>();
  const consent = isObject(context["consent"]) ? context["consent"] : {};
  const preferences = isObject(consent["categoryPreferences"])
    ? consent["categoryPreferences"]
    : {};
  for (const [category, value] of Object.entries(preferences)) {
    if (!Object.hasOwn(categories, category) || typeof value !== "boolean") continue;
    const purpose = categories[category]!;
    // Two categories may stand for one purpose: the stricter one wins.
    stated.set(purpose, value && stated.get(purpose) !== false);
  }
  return stated;
}

/**
 * The purposes of an event as bits. What the event says covers the event; then what the person chose; then
 * what is declared. A "no" is an objection too: no declared basis stands against it.
 */
export function purposeBits(
  stated: ReadonlyMap<Purpose, boolean>,
  standing: Standing,
  isOptedOut = false,
): number {
  let bits = 0;
  purposes.forEach((purpose, i) => {
    if (isOptedOut && optOut.includes(purpose)) return;
    const said = stated.get(purpose);
    const choice = standing.choices.get(purpose);
    const isDeclared = standing.declared.includes(purpose) && declarable.includes(purpose);
    const isGranted = said ?? (choice === undefined ? isDeclared : choice === "granted");
    if (isGranted) bits |= 1 << i;
  });
  return bits;
}
