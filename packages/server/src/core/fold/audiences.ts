import { type AudienceCount, audiences, type Contribution, verdicts } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import type { Exposure } from "./state.ts";

/**
 * For whom answers are good: what came of them, by how much was known of the person, and whether what the person
 * took next stood in the list, beside a list of the most popular items that the decision carries. That list is
 * other people's doing, so it is written with the decision and read from nowhere else. In log order, as exposures
 * are.
 */
const dayMs = 86_400_000;

/** Items of either list that are judged. */
export const judgedMax = 10;

/** Acknowledged events, when it was answered, of somebody who is not new any more, and of a heavy user. */
const regularFrom = 20;
const heavyFrom = 200;

/** The place in `audiences`. */
export function audienceOf(sequence: number): number {
  if (sequence >= heavyFrom) return 2;
  return sequence >= regularFrom ? 1 : 0;
}

/** A newer answer of the placement stands on the screen: what comes next says nothing of the one before it. */
export function supersede(exposures: readonly Exposure[], placement: string): void {
  for (let i = exposures.length - 1; i >= 0; i--) {
    const exposure = exposures[i]!;
    if (exposure.placement !== placement) continue;
    exposure.popular = undefined;
    return;
  }
}

/** The user takes an item: every answer within the idle time that waits for this is judged, and waits no more. */
export function judge(
  exposures: readonly Exposure[],
  item: string,
  at: number,
  idleMs: number,
  sink: Sink,
): void {
  for (let i = exposures.length - 1; i >= 0; i--) {
    const exposure = exposures[i]!;
    if (exposure.at > at) continue;
    if (at - exposure.at > idleMs) return;
    const { items, popular } = exposure;
    if (popular === undefined) continue;
    const place = items.indexOf(item);
    const isListed = place >= 0 && place < judgedMax;
    exposure.verdict = 1 + Number(isListed) + 2 * Number(popular.includes(item));
    exposure.popular = undefined;
    if (sink !== undefined) addVerdict(exposure, 1, sink);
  }
}

/** The verdict on an exposure, if there is one. */
export function addVerdict(exposure: Exposure, delta: 1 | -1, sink: Contribution[]): void {
  if (exposure.verdict > 0) count(exposure, verdicts[exposure.verdict - 1]!, delta, sink);
}

/** All cells of a decision lie in its own day, as those of its items do. */
export function count(
  { placement, audience, at }: Exposure,
  counted: AudienceCount,
  delta: number,
  sink: Contribution[],
): void {
  sink.push({
    model: "audiences",
    placement,
    audience: audiences[audience]!,
    count: counted,
    day: Math.floor(at / dayMs),
    delta,
  });
}
