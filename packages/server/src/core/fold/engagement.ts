import { type InteractionType, interactionTypes } from "@attune/protocol";
import type { Counters, FoldLimits, Trait, UserState, Visits } from "./state.ts";

/** Counters, visits and traits: what is known of a user beside taste. Nothing here reaches a sum. */
const dayMs = 86_400_000;

/** The order of calls never matters. */
export function countInteraction(
  counters: Counters,
  type: InteractionType,
  at: number,
  limits: Readonly<FoldLimits>,
): void {
  const { total, days } = counters;
  const place = interactionTypes.indexOf(type);
  total[place]!++;
  const day = Math.floor(at / dayMs);
  let next = days.length;
  while (next > 0 && isAfter(days, next - 3, day, place)) next -= 3;
  const isKnownDay = (next > 0 && days[next - 3] === day) || days[next] === day;
  if (next > 0 && days[next - 3] === day && days[next - 2] === place) {
    days[next - 1]!++;
    return;
  }
  if (!isKnownDay && dayCount(days) >= limits.counterDaysMax) {
    if (day < days[0]!) return;
    next -= dropOldestDay(days);
  }
  if (next === days.length) days.push(day, place, 1);
  else days.splice(next, 0, day, place, 1);
}

function isAfter(days: readonly number[], at: number, day: number, place: number): boolean {
  return days[at]! > day || (days[at] === day && days[at + 1]! > place);
}

function dayCount(days: readonly number[]): number {
  let count = 0;
  for (let at = 0; at < days.length; at += 3) if (days[at] !== days[at - 3]) count++;
  return count;
}

/** Returns how many numbers went. */
function dropOldestDay(days: number[]): number {
  let end = 3;
  while (days[end] === days[0]) end += 3;
  days.splice(0, end);
  return end;
}

/** The counts that are not zero, by type. */
export function totalsOf({ total }: Counters): [InteractionType, number][] {
  return interactionTypes
    .map((type, place): [InteractionType, number] => [type, total[place]!])
    .filter(([, count]) => count > 0);
}

/** The same by day. */
export function countsByDay({ days }: Counters): Map<number, [InteractionType, number][]> {
  const byDay = new Map<number, [InteractionType, number][]>();
  for (let at = 0; at < days.length; at += 3) {
    const counts = byDay.get(days[at]!) ?? [];
    byDay.set(days[at]!, counts);
    counts.push([interactionTypes[days[at + 1]!]!, days[at + 2]!]);
  }
  return byDay;
}

/** Takes interactions in order of event time. */
export function visit(visits: Visits, at: number, idleMs: number): void {
  const gap = at - visits.lastAt;
  if (visits.count === 0 || gap > idleMs) {
    if (visits.count > 0) visits.gapMsTotal += gap;
    visits.count++;
    visits.startedAt = at;
  } else {
    visits.msTotal += gap;
  }
  visits.lastAt = at;
}

/**
 * The newest statement of each trait counts, of equal times the later in the log; `traitsMax` newest traits
 * stay, of equal times the smaller names. The order of calls matters among equal times alone.
 */
export function stateTraits(
  state: Pick<UserState, "traits">,
  stated: Readonly<Record<string, unknown>>,
  at: number,
  limits: Readonly<FoldLimits>,
): void {
  const traits = new Map(state.traits);
  for (const key of Object.keys(stated)) {
    const name = key.toWellFormed();
    const known = traits.get(name);
    if (known !== undefined && known.at > at) continue;
    traits.set(name, { value: stated[key], at });
    if (traits.size > limits.traitsMax) traits.delete(oldestTrait(traits));
  }
  state.traits = traits;
}

function oldestTrait(traits: ReadonlyMap<string, Trait>): string {
  let found = "";
  let foundAt = Infinity;
  for (const [name, { at }] of traits) {
    if (at > foundAt || (at === foundAt && name < found)) continue;
    found = name;
    foundAt = at;
  }
  return found;
}
