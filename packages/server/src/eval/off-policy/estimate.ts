/**
 * Estimates with 95 % intervals, or the reason why there are none: a number is never given where the logged
 * rows cannot carry it. Seeded: the same rows give the same report.
 */
import { Prng } from "../../base/prng.ts";
import {
  addRow,
  addSums,
  definitions,
  type Estimator,
  estimators,
  noSums,
  type Row,
  type Sums,
  type Tuning,
  tuningDefaults,
} from "./estimators.ts";

export interface Estimate {
  estimator: Estimator;
  value: number;
  standardError: number;
  /**
   * Value +- 1.96 standard errors. Of an estimator that shrinks weights the error has its bias in it, as far as the same
   * rows show one: the square of its distance from DR, less what of that is chance.
   */
  normal: [number, number];
  /** 2.5 % and 97.5 % points of resampled clusters (percentiles); absent when no resamples were asked for. */
  bootstrap?: [number, number] | undefined;
}

/** How well the log supports the target policy. */
export interface Support {
  rows: number;
  clusters: number;
  /** 1 in expectation; below it, the target shows what the log never drew. */
  meanWeight: number;
  meanWeightError: number;
  maxWeight: number;
  /** (sum of w)^2 / sum of w^2: so many rows of the target's own would say as much. */
  ess: number;
}

export type OffPolicyReport =
  | { support: Support; refusal: string; estimates?: undefined }
  | { support: Support; refusal?: undefined; estimates: Estimate[] };

export interface EstimateOptions {
  tuning?: Tuning | undefined;
  /** 0 leaves the bootstrap out. */
  resamples?: number | undefined;
  seed?: number | undefined;
}

/**
 * Bounds two measures of how many rows count: (sum w)^2 / sum w^2, and the stricter sum w / max w, which sees a
 * single row that outweighs the rest (both: Elvira, Martino and Robert 2018).
 */
const essMin = 100;
const meanWeightSlack = 0.02;
/** 97.5 % point of the normal distribution. */
export const z = 1.959964;

export function estimate(rows: readonly Row[], options: EstimateOptions = {}): OffPolicyReport {
  const support = supportOf(rows);
  const refusal = refusalOf(support);
  if (refusal !== undefined) return { support, refusal };
  const tuning = options.tuning ?? tuningDefaults;
  const { clusters, byRow } = clustersOf(rows);
  const sumsByCluster = Array.from({ length: clusters }, noSums);
  rows.forEach((row, i) => addRow(sumsByCluster[byRow[i]!]!, row, tuning));
  const total = noSums();
  for (const sums of sumsByCluster) addSums(total, sums);
  const spread = bootstrap(sumsByCluster, options.resamples ?? 1_000, options.seed ?? 1);
  const found = estimators.map((estimator) => {
    const { value: valueOf, influence, isShrunk } = definitions[estimator];
    const value = valueOf(total);
    const influences = new Float64Array(clusters);
    rows.forEach((row, i) => (influences[byRow[i]!]! += influence(row, total, value, tuning)));
    return { estimator, value, influences, isShrunk };
  });
  const robust = found[estimators.indexOf("DR")]!;
  const estimates = found.map(({ estimator, value, influences, isShrunk }): Estimate => {
    const error = standardError(influences, rows.length);
    let square = error * error;
    if (isShrunk === true) {
      const distances = influences.map((one, i) => robust.influences[i]! - one);
      const chance = standardError(distances, rows.length);
      square += Math.max(0, (robust.value - value) ** 2 - chance * chance);
    }
    const reach = z * Math.sqrt(square);
    const normal: [number, number] = [value - reach, value + reach];
    return { estimator, value, standardError: error, normal, bootstrap: spread?.[estimator] };
  });
  return { support, estimates };
}

function supportOf(rows: readonly Row[]): Support {
  let [sum, squares, maxWeight] = [0, 0, 0];
  for (const { weight } of rows) {
    sum += weight;
    squares += weight * weight;
    if (weight > maxWeight) maxWeight = weight;
  }
  const meanWeight = rows.length === 0 ? 0 : sum / rows.length;
  const { clusters, byRow } = clustersOf(rows);
  const deviations = new Float64Array(clusters);
  rows.forEach(({ weight }, i) => (deviations[byRow[i]!]! += weight - meanWeight));
  return {
    rows: rows.length,
    clusters,
    meanWeight,
    meanWeightError: standardError(deviations, rows.length),
    maxWeight,
    ess: squares === 0 ? 0 : (sum * sum) / squares,
  };
}

function refusalOf(support: Support): string | undefined {
  const { rows, ess, meanWeight, meanWeightError, maxWeight } = support;
  if (rows === 0) return "there is no row";
  if (ess < essMin) {
    const worth = ess.toFixed(ess < 10 ? 1 : 0);
    return `the ${rows} rows are worth ${worth} of the target's own (effective sample size), below ${essMin}`;
  }
  const largest = maxWeight / (meanWeight * rows);
  if (largest > 1 / essMin) {
    const part = (largest * 100).toFixed(1);
    return `one row alone carries ${part} % of all weight (weight ${maxWeight.toFixed(1)}), above ${100 / essMin} %`;
  }
  if (Math.abs(meanWeight - 1) > meanWeightSlack + 3 * meanWeightError) {
    const reason =
      meanWeight < 1
        ? "the target shows what the log never drew, or propensities are wrong"
        : "logged propensities are too small";
    return `the weights average ${meanWeight.toFixed(3)} where right ones average 1: ${reason}`;
  }
  return undefined;
}

/** Dense numbers for the clusters, in order of appearance. */
function clustersOf(rows: readonly Row[]): { clusters: number; byRow: Uint32Array } {
  const numbers = new Map<number, number>();
  const byRow = new Uint32Array(rows.length);
  rows.forEach(({ cluster }, i) => {
    const known = numbers.get(cluster);
    if (known === undefined) numbers.set(cluster, numbers.size);
    byRow[i] = known ?? numbers.size - 1;
  });
  return { clusters: numbers.size, byRow };
}

/** Root of the sum of squares over n, with the c / (c - 1) of a sample of c clusters. */
function standardError(byCluster: Float64Array, rows: number): number {
  const count = byCluster.length;
  if (count < 2) return Infinity;
  let squares = 0;
  for (const influence of byCluster) squares += influence * influence;
  return Math.sqrt((squares * count) / (count - 1)) / rows;
}

/** Clusters drawn with replacement (Efron 1979); the reward model is held fixed. */
function bootstrap(
  clusters: readonly Sums[],
  resamples: number,
  seed: number,
): Record<Estimator, [number, number]> | undefined {
  if (resamples === 0) return undefined;
  const prng = new Prng(seed);
  const values = estimators.map(() => new Float64Array(resamples));
  for (let i = 0; i < resamples; i++) {
    const total = noSums();
    for (let j = 0; j < clusters.length; j++)
      addSums(total, clusters[prng.below(clusters.length)]!);
    estimators.forEach((name, k) => (values[k]![i] = definitions[name].value(total)));
  }
  const ends = estimators.map((name, k) => [name, percentiles(values[k]!)] as const);
  return Object.fromEntries(ends) as Record<Estimator, [number, number]>;
}

/** 2.5 % and 97.5 % points. */
function percentiles(values: Float64Array): [number, number] {
  const sorted = values.toSorted();
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  return [at(0.025), at(0.975)];
}
