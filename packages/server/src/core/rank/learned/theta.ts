/**
 * The weights of the ranker, a view of its sums: ridge regression drawn to a committed prior,
 *
 *   theta = (A + lambda I)^-1 (b + lambda theta0)
 *
 * by Cholesky in a fixed order with + - * / and sqrt alone, which IEEE 754 rounds correctly, and rounded to
 * whole numbers: equal sums give equal weights on every engine. The prior is the blend's own order, so while
 * there are few rows the answer is next to what it would be without a ranker.
 */
import { cellOf, featureCount, type RankerSum, rightSide } from "../../sum/ranker.ts";
import { featureVersion } from "./groups.ts";
import { linearMax } from "./features.ts";

/** A prediction of 1, in weights and scores. */
export const thetaOne = 1 << 20;
const weightMax = 2 ** 22;
const lambda = 3_000;
/** Below so many rows chance outweighs what they say: the blend's order stands. */
export const rowsMin = 500;

/** Weights by feature; undefined while a placement has too few rows. */
export function solveTheta(sum: RankerSum, placement: string): Int32Array | undefined {
  const system = sum.system(placement, featureVersion);
  if (system === undefined || sum.rows(placement, featureVersion) < rowsMin) return undefined;
  const lower = cholesky(system);
  const y = new Float64Array(featureCount);
  for (let i = 0; i < featureCount; i++) {
    let rest = system[rightSide + i]! + lambda * (i === 0 ? 1 / linearMax : 0);
    for (let k = 0; k < i; k++) rest -= lower[cellOf(i, k)]! * y[k]!;
    y[i] = rest / lower[cellOf(i, i)]!;
  }
  for (let i = featureCount - 1; i >= 0; i--) {
    let rest = y[i]!;
    for (let k = i + 1; k < featureCount; k++) rest -= lower[cellOf(k, i)]! * y[k]!;
    y[i] = rest / lower[cellOf(i, i)]!;
  }
  return Int32Array.from(y, (weight) =>
    Math.max(-weightMax, Math.min(weightMax, Math.round(weight * thetaOne))),
  );
}

/** L of A + lambda I = L L', as a lower triangle. */
function cholesky(system: Float64Array): Float64Array {
  const lower = system.slice(0, rightSide);
  for (let i = 0; i < featureCount; i++) {
    const row = cellOf(i, 0);
    for (let j = 0; j <= i; j++) {
      const other = cellOf(j, 0);
      let rest = lower[row + j]! + (i === j ? lambda : 0);
      for (let k = 0; k < j; k++) rest -= lower[row + k]! * lower[other + k]!;
      lower[row + j] = i === j ? Math.sqrt(rest) : rest / lower[other + j]!;
    }
  }
  return lower;
}
