/**
 * Whether estimates are right on average and their intervals cover the truth as often as they say: many seeded
 * logs of one world, each estimated on its own, beside the world's exact truth.
 */
import { estimate, type EstimateOptions, type OffPolicyReport } from "./estimate.ts";
import { type Estimator, estimators, type Row } from "./estimators.ts";
import { meanOf } from "./mean.ts";
import type { World } from "./simulator.ts";

export interface CalibrationOptions {
  runs: number;
  answers: number;
  seed: number;
  /** What the log keeps of a propensity; a planted fault in tests. */
  logPropensity?: ((propensity: number) => number) | undefined;
  /** The estimate under test. */
  estimateOf?: ((rows: readonly Row[], options: EstimateOptions) => OffPolicyReport) | undefined;
  progress?: ((run: number) => void) | undefined;
}

export interface Calibration {
  truth: number;
  runs: number;
  /** Runs without an answer: their support did not carry one. */
  refused: number;
  byEstimator: Record<Estimator, EstimatorCalibration>;
}

export interface EstimatorCalibration {
  /** Mean of (estimate - truth), and the standard error of that mean. */
  bias: number;
  biasError: number;
  /** Share of runs whose normal 95 % interval holds the truth. */
  coverage: number;
}

export function calibrate(world: World, options: CalibrationOptions): Calibration {
  const { runs, answers, seed, logPropensity, estimateOf = estimate, progress } = options;
  const truth = world.truth();
  const errors = estimators.map((): number[] => []);
  const covered = estimators.map(() => 0);
  let refused = 0;
  for (let run = 0; run < runs; run++) {
    progress?.(run);
    const rows = world.rows(answers, seed + run, logPropensity);
    const { estimates } = estimateOf(rows, { resamples: 0 });
    if (estimates === undefined) refused += 1;
    estimates?.forEach(({ value, normal: [low, high] }, i) => {
      errors[i]!.push(value - truth);
      if (low <= truth && truth <= high) covered[i]! += 1;
    });
  }
  const byEstimator = Object.fromEntries(
    estimators.map((name, i) => [name, calibrationOf(errors[i]!, covered[i]!)]),
  ) as Calibration["byEstimator"];
  return { truth, runs, refused, byEstimator };
}

function calibrationOf(errors: readonly number[], covered: number): EstimatorCalibration {
  const { mean, error } = meanOf(errors);
  return { bias: mean, biasError: error, coverage: covered / errors.length };
}
