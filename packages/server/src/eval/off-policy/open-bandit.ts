/**
 * The Open Bandit data (Saito et al. 2020) as a check on the estimators: the value of the shop's Thompson
 * sampler, estimated from the log of its random policy, beside what the sampler's own log says it was.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Prng } from "../../base/prng.ts";
import { estimate, type OffPolicyReport, z } from "./estimate.ts";
import {
  addRow,
  definitions,
  type Estimator,
  estimators,
  noSums,
  type Row,
  tuningDefaults,
} from "./estimators.ts";
import { type Campaign, priors } from "./open-bandit-prior.ts";
import { meanOf } from "./mean.ts";
import { crossFit } from "./reward-model.ts";

export interface Impression {
  item: number;
  /** 0-based. */
  position: number;
  click: number;
  propensity: number;
}

/** Target propensity of an item at a position. */
export type Policy = (item: number, position: number) => number;

const positions = 3;

/** Rows in file order, which is that of time. The file may be packed (.csv.gz) and hold further columns. */
export function readImpressions(folder: string, name: string): Impression[] {
  const plain = join(folder, `${name}.csv`);
  const text = existsSync(plain)
    ? readFileSync(plain, "utf8")
    : gunzipSync(readFileSync(`${plain}.gz`)).toString("utf8");
  const [header = "", ...lines] = text.trimEnd().split(/\r?\n/);
  const columns = header.split(",");
  const at = ["item_id", "position", "click", "propensity_score"].map((column) => {
    if (!columns.includes(column)) throw new Error(`${name}: the header has no column ${column}`);
    return columns.indexOf(column);
  }) as [number, number, number, number];
  return lines.map((line, i) => {
    const fields = line.split(",");
    const [item, position, click, propensity] = at.map((column) => Number(fields[column])) as [
      number,
      number,
      number,
      number,
    ];
    if (!(propensity > 0 && propensity <= 1 && (click === 0 || click === 1)))
      throw new Error(`${name}: row ${i + 2} is no impression`);
    return { item, position: position - 1, click, propensity };
  });
}

/** The sampler before it learned anything, from how often each item came at each position. */
export function samplerOf(counts: readonly (readonly number[])[]): Policy {
  const draws = counts[0]!.reduce((sum, count) => sum + count, 0);
  return (item, position) => (counts[position]?.[item] ?? 0) / draws;
}

export function uniformPolicy(campaign: Campaign): Policy {
  const propensity = 1 / priors[campaign].alpha.length;
  return () => propensity;
}

/** Weights from the log, rewards modelled by 3-fold cross-fitting on it; every impression is its own cluster. */
function rowsOf(log: readonly Impression[], policy: Policy, items: number): Row[] {
  const outcomes = log.map(({ item, click }, i) => ({ item, reward: click, cluster: i }));
  const models = crossFit(outcomes);
  const targets = targetValues(new Set(models), policy, items);
  return log.map(({ item, position, click, propensity }, i) => ({
    reward: click,
    weight: policy(item, position) / propensity,
    qLogged: models[i]!(item),
    qTarget: targets.get(models[i]!)![position]!,
    cluster: i,
  }));
}

/** v of a model per position: sum over the items of target propensity x rate. */
function targetValues<M extends (item: number) => number>(
  models: ReadonlySet<M>,
  policy: Policy,
  items: number,
): Map<M, number[]> {
  const valueAt = (model: M, position: number): number => {
    let value = 0;
    for (let item = 0; item < items; item++) value += policy(item, position) * model(item);
    return value;
  };
  return new Map(
    [...models].map((model) => [
      model,
      Array.from({ length: positions }, (_, position) => valueAt(model, position)),
    ]),
  );
}

export interface Comparison {
  report: OffPolicyReport;
  /** Mean click of the target policy's own log. */
  truth: number;
  byEstimator: Record<Estimator, Difference>;
}

export interface Difference {
  /** |estimate - truth| / truth of the log as it is. */
  relativeError: number;
  /** Its mean over resampled logs, the model fitted anew on each, and the standard error of that mean. */
  resampledError: number;
  resampledErrorError: number;
  /** 95 % interval of estimate - truth: +- 1.96 standard deviations of it when both logs are resampled. */
  difference: [number, number];
}

export interface CompareOptions {
  resamples?: number | undefined;
  seed?: number | undefined;
  progress?: ((done: number) => void) | undefined;
}

/** Everything of one campaign: what `log` says of the policy that made `ownLog`, and how far that is off. */
export function compare(
  log: readonly Impression[],
  ownLog: readonly Impression[],
  policy: Policy,
  items: number,
  options: CompareOptions = {},
): Comparison {
  const { seed = 1, resamples = 1_000, progress } = options;
  const truth = meanClick(ownLog);
  const value = valuesOf(log, policy, items);
  const prng = new Prng(seed);
  const errors = estimators.map(() => new Float64Array(resamples));
  const differences = estimators.map(() => new Float64Array(resamples));
  for (let i = 0; i < resamples; i++) {
    progress?.(i);
    const ownTruth = meanClick(resampled(ownLog, prng));
    valuesOf(resampled(log, prng), policy, items).forEach((one, k) => {
      errors[k]![i] = Math.abs(one - truth) / truth;
      differences[k]![i] = one - ownTruth;
    });
  }
  const byEstimator = estimators.map((name, k) => {
    const { mean, error } = meanOf(errors[k]!);
    const relativeError = Math.abs(value[k]! - truth) / truth;
    const spread = z * meanOf(differences[k]!).error * Math.sqrt(resamples);
    const gap = value[k]! - truth;
    const difference: [number, number] = [gap - spread, gap + spread];
    const one = { relativeError, resampledError: mean, resampledErrorError: error, difference };
    return [name, one] as const;
  });
  return {
    report: estimate(rowsOf(log, policy, items), { seed }),
    truth,
    byEstimator: Object.fromEntries(byEstimator) as Comparison["byEstimator"],
  };
}

function valuesOf(log: readonly Impression[], policy: Policy, items: number): number[] {
  const sums = noSums();
  for (const row of rowsOf(log, policy, items)) addRow(sums, row, tuningDefaults);
  return estimators.map((name) => definitions[name].value(sums));
}

/** As many rows drawn with replacement, in the order of time. */
function resampled(log: readonly Impression[], prng: Prng): Impression[] {
  const places = Int32Array.from(log, () => prng.below(log.length)).sort();
  return Array.from(places, (place) => log[place]!);
}

function meanClick(log: readonly Impression[]): number {
  return log.reduce((sum, { click }) => sum + click, 0) / log.length;
}
