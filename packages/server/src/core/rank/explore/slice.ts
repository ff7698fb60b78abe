/**
 * What is known of an arm in one slice of circumstances: what was counted there, and what was counted elsewhere as
 * if it were a few more shows at that rate. So a slice that was hardly met leans on the whole, one that was met
 * often speaks for itself, and where there is but one slice nothing is lost.
 */
import type { Tried } from "./thompson.ts";

/** All that was counted in other slices says at most as much as so many shows in this one. */
export const elsewhereMax = 40;

/**
 * Counts are whole numbers of `one` a show, faded ones less; those of the slice are among those of the whole. The
 * parts of `one` are whole, too: what other slices add is rounded down, once.
 */
export function triedIn(slice: Tried, whole: Tried, one: number): Tried {
  const [shown, taken] = [whole.shown - slice.shown, whole.taken - slice.taken];
  const most = elsewhereMax * one;
  const lent =
    shown <= most ? { shown, taken } : { shown: most, taken: Math.floor((taken * most) / shown) };
  return { shown: (slice.shown + lent.shown) / one, taken: (slice.taken + lent.taken) / one };
}
