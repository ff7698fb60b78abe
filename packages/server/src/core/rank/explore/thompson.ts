/**
 * The probability with which a Thompson sampler would take each arm, computed instead of drawn: an arm is taken
 * as often as a draw from what is known of its rate is the greatest of all. So the one draw that follows has a
 * propensity that is known to the last bit. Built from + - * / and square roots alone, on a fixed grid: the same
 * counts give the same whole numbers on every engine.
 */
import { assert } from "../../../base/assert.ts";
import { exp } from "../weights.ts";

/** Probabilities are whole parts of this many. */
export const certain = 1 << 20;

/** What is known of an arm: how often it was shown and taken; fractions, where the past has faded. */
export interface Tried {
  shown: number;
  taken: number;
}

/** An arm that was never shown counts like one shown so often, at the rate of all arms together. */
const priorShown = 20;
const cells = 64;
/** The grid reaches so many deviations beyond the outermost means. */
const reach = 4;

/** Phi(z), the share of a normal distribution below z, for z = 0 to 6 in steps of 1 / 256. */
const stepsOfOne = 256;
const below = belowTable(6 * stepsOfOne);

function belowTable(length: number): Float64Array {
  // Simpson's rule over each step; the density is scaled by its own sum, so that no square root of pi is needed.
  const density = (z: number): number => exp((z * z) / 2);
  const table = new Float64Array(length + 1);
  for (let i = 0; i < length; i++) {
    const [from, to] = [i / stepsOfOne, (i + 1) / stepsOfOne];
    const area = density(from) + 4 * density((from + to) / 2) + density(to);
    table[i + 1] = table[i]! + area;
  }
  const half = table[length]!;
  return table.map((area) => 0.5 + (0.5 * area) / half);
}

function shareBelow(z: number): number {
  const place = Math.min(Math.abs(z) * stepsOfOne, below.length - 1);
  const at = Math.min(Math.floor(place), below.length - 2);
  const share = below[at]! + (place - at) * (below[at + 1]! - below[at]!);
  return z < 0 ? 1 - share : share;
}

/**
 * Whole parts of `certain`, which sum to it, by arm. `uniformPermille` thousandths are shared alike; what rounding
 * leaves goes to the first arm.
 */
export function choiceParts(arms: readonly Tried[], uniformPermille: number): number[] {
  assert(arms.length > 0, "something is drawn from");
  const chances = bestChances(arms);
  const uniform = uniformPermille / 1_000;
  const parts = chances.map((chance) =>
    Math.floor(certain * ((1 - uniform) * chance + uniform / arms.length)),
  );
  parts[0]! += certain - parts.reduce((sum, part) => sum + part, 0);
  return parts;
}

/** How likely each arm's rate is the greatest; they sum to 1 but for rounding. */
function bestChances(arms: readonly Tried[]): number[] {
  const count = arms.length;
  const { means, deviations } = posterior(arms);
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < count; i++) {
    low = Math.min(low, means[i]! - reach * deviations[i]!);
    high = Math.max(high, means[i]! + reach * deviations[i]!);
  }
  const step = (high - low) / cells;
  const chances = means.map(() => 0);
  const under = means.map((mean, i) => shareBelow((low - mean) / deviations[i]!));
  const mass = means.map(() => 0);
  const middle = means.map(() => 0);
  const above = means.map(() => 1);
  for (let k = 1; k <= cells; k++) {
    const edge = low + k * step;
    for (let i = 0; i < count; i++) {
      const share = shareBelow((edge - means[i]!) / deviations[i]!);
      mass[i] = share - under[i]!;
      // Another arm in the same cell is below this one in half of the cases.
      middle[i] = (share + under[i]!) / 2;
      under[i] = share;
    }
    // Products over the arms behind each, then over those before it.
    for (let i = count - 1, product = 1; i >= 0; i--) {
      above[i] = product;
      product *= middle[i]!;
    }
    for (let i = 0, product = 1; i < count; i++) {
      chances[i]! += mass[i]! * product * above[i]!;
      product *= middle[i]!;
    }
  }
  const sum = chances.reduce((total, chance) => total + chance, 0);
  return chances.map((chance) => chance / sum);
}

/** Mean and deviation of each arm's rate: its Beta distribution, drawn to the rate of all arms together. */
function posterior(arms: readonly Tried[]): { means: number[]; deviations: number[] } {
  const shown = arms.reduce((sum, arm) => sum + arm.shown, 0);
  const taken = arms.reduce((sum, arm) => sum + Math.min(arm.taken, arm.shown), 0);
  const rate = (taken + 1) / (shown + priorShown);
  const means: number[] = [];
  const deviations: number[] = [];
  for (const arm of arms) {
    const total = arm.shown + priorShown;
    const mean = (Math.min(arm.taken, arm.shown) + priorShown * rate) / total;
    means.push(mean);
    deviations.push(Math.sqrt((mean * (1 - mean)) / (total + 1)));
  }
  return { means, deviations };
}
