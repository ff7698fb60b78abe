import type { InteractionType } from "@attune/protocol";
import type { Counters, FoldLimits, Trait, Visits } from "./state.ts";

/** Counters, visits and traits: what is known of a user beside taste. Nothing here reaches a sum. */
const dayMs = 86_400_000;

/** The order of calls never matters. */
export function countInteraction(
  counters: Counters,
  type: InteractionType,
  at: number,
  limits: Readonly<FoldLimits>,
): void {
  increment(counters.total, type);
  const { days } = counters;
  const day = Math.floor(at / dayMs);
  const known = days.get(day);
  if (known !== undefined) return increment(known, type);
  if (days.size >= limits.counterDaysMax) {
    const oldest = Math.min(...days.keys());
    if (day < oldest) return;
    days.delete(oldest);
  }
  days.set(day, new Map([[type, 1]]));
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
  traits: Map<string, Trait>,
  stated: Readonly<Record<string, unknown>>,
  at: number,
  limits: Readonly<FoldLimits>,
): void {
  for (const key of Object.keys(stated)) {
    const name = key.toWellFormed();
    const known = traits.get(name);
    if (known !== undefined && known.at > at) continue;
    traits.set(name, { value: stated[key], at });
    if (traits.size > limits.traitsMax) traits.delete(oldestTrait(traits));
  }
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

function increment(counts: Map<InteractionType, number>, type: InteractionType): void {
  counts.set(type, (counts.get(type) ?? 0) + 1);
}
