import { decayTable } from "../../sum/decay.ts";
import type { CatalogueItem } from "../catalogue.ts";
import type { Entries } from "../entries.ts";
import { assertKnown, fieldsOf, integerOf, textOf } from "../field.ts";
import type { Scores } from "../scores.ts";
import type { Moves } from "./moves.ts";

/** New items before old ones: a score halves with every half-life of the item's age. */
export interface Freshness {
  /** States since when there is the item: ms since 1970, or a text that begins with YYYY-MM-DD. */
  readonly attribute: string;
  readonly halfLifeDays: number;
}

const freshnessReason = "freshness";
const dayMs = 86_400_000;
/** Steps of the table to a half-life, and the weight of what is new. */
const steps = 16;
const weightOne = 1 << 16;
const weights = decayTable(steps, weightOne);

/** Throws a RequestError that names the field. */
export function freshnessOf(value: unknown): Freshness {
  const fields = fieldsOf(value, "freshness");
  assertKnown(fields, ["attribute", "halfLifeDays"], "freshness");
  return {
    attribute: textOf(fields["attribute"], "freshness.attribute", 64),
    halfLifeDays: integerOf(fields["halfLifeDays"], "freshness.halfLifeDays", 1, 3_650),
  };
}

/** Takes from the scores of items by their age, and says so. What states no time is left as it is. */
export function fade(
  { attribute, halfLifeDays }: Freshness,
  now: number,
  entries: Entries,
  totals: Scores,
  moves: Moves,
): void {
  const cause = moves.cause(freshnessReason);
  const stepMs = (halfLifeDays * dayMs) / steps;
  for (let i = 0; i < totals.count; i++) {
    const item = totals.touched[i]!;
    const score = totals.values[item]!;
    if (score <= 0) continue;
    const since = timeOf(entries.of(item), attribute);
    if (since === undefined) continue;
    const age = Math.max(0, Math.floor((now - since) / stepMs));
    const weight = weights[Math.min(age, weights.length - 1)]!;
    const share = Math.max(1, Math.floor((score * weight) / weightOne)) - score;
    totals.add(item, share);
    moves.add(item, cause, share);
  }
}

function timeOf(item: CatalogueItem | undefined, attribute: string): number | undefined {
  if (item === undefined || !Object.hasOwn(item.attributes, attribute)) return undefined;
  const value = item.attributes[attribute];
  if (typeof value === "number") return value;
  return typeof value === "string" ? msOfDate(value) : undefined;
}

/** ms since 1970 of the day that a text begins with, in the calendar that is used everywhere; UTC. */
export function msOfDate(text: string): number | undefined {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (text[4] !== "-" || text[7] !== "-" || month < 1 || month > 12 || day < 1 || day > 31)
    return undefined;
  // Years begin in March, so that a leap day is the last of its year.
  const shifted = month > 2 ? year : year - 1;
  const century = Math.floor(shifted / 100);
  const leapDays = Math.floor(shifted / 4) - century + Math.floor(century / 4);
  const daysBefore = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  const daysTo1970 = 719_468;
  return (shifted * 365 + leapDays + daysBefore + day - 1 - daysTo1970) * dayMs;
}

function digits(text: string, from: number, to: number): number | undefined {
  if (text.length < to) return undefined;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
