/**
 * Seven estimates of what another policy would have earned, from rows that a first policy logged. Each is a
 * function of sums over the rows, so a bootstrap adds up sums of clusters and never touches a row twice. Pure.
 *
 * Notation: n rows, of row i the reward r, the weight w = target propensity / logged propensity of what was
 * shown, q = the reward model's value of what was shown, v = its value under the target policy.
 */
export interface Row {
  reward: number;
  weight: number;
  qLogged: number;
  qTarget: number;
  /** Rows of one cluster (an answer, a person) may depend on each other; those of different ones do not. */
  cluster: number;
}

export const estimators = ["IPW", "SNIPW", "DM", "DR", "SNDR", "Switch-DR", "DRos"] as const;
export type Estimator = (typeof estimators)[number];

export interface Tuning {
  /** Weights above it are left to the model (Switch-DR). */
  tau: number;
  /** Shrinks large weights (DRos). */
  lambda: number;
}

/** Fixed before any data was looked at, as the benchmark has them. */
export const tuningDefaults: Tuning = { tau: 5, lambda: 50 };

/** What all seven need of some rows. */
export interface Sums {
  rows: number;
  w: number;
  wr: number;
  v: number;
  /** w (r - q). */
  wd: number;
  /** The same with weights above tau set to 0. */
  switched: number;
  /** The same with shrunk weights. */
  shrunk: number;
}

export function noSums(): Sums {
  return { rows: 0, w: 0, wr: 0, v: 0, wd: 0, switched: 0, shrunk: 0 };
}

export function addRow(sums: Sums, row: Row, tuning: Tuning): void {
  const { reward, weight, qLogged, qTarget } = row;
  const residual = reward - qLogged;
  sums.rows += 1;
  sums.w += weight;
  sums.wr += weight * reward;
  sums.v += qTarget;
  sums.wd += weight * residual;
  sums.switched += switchedWeight(weight, tuning.tau) * residual;
  sums.shrunk += shrunkWeight(weight, tuning.lambda) * residual;
}

export function addSums(sums: Sums, more: Sums): void {
  sums.rows += more.rows;
  sums.w += more.w;
  sums.wr += more.wr;
  sums.v += more.v;
  sums.wd += more.wd;
  sums.switched += more.switched;
  sums.shrunk += more.shrunk;
}

function switchedWeight(w: number, tau: number): number {
  return w <= tau ? w : 0;
}

function shrunkWeight(w: number, lambda: number): number {
  return (lambda * w) / (w * w + lambda);
}

interface Definition {
  value(sums: Sums): number;
  /**
   * First-order influence of one row on the estimate, times n: their sum over the rows is 0, and the root of
   * the sum of their squares, over n, is the standard error (the delta method for the two ratios).
   */
  influence(row: Row, sums: Sums, value: number, tuning: Tuning): number;
  /** Whether it takes weights for less than they are: then it is as far from DR as that biases it, chance aside. */
  isShrunk?: true;
}

export const definitions: Readonly<Record<Estimator, Definition>> = {
  /** Inverse propensity weighting: mean of w r (Horvitz and Thompson 1952). Unbiased where w is right. */
  IPW: {
    value: ({ wr, rows }) => wr / rows,
    influence: ({ weight, reward }, _sums, value) => weight * reward - value,
  },
  /** Self-normalised: sum of w r / sum of w (Swaminathan and Joachims 2015). Never outside the rewards. */
  SNIPW: {
    value: ({ wr, w }) => wr / w,
    influence: ({ weight, reward }, { w, rows }, value) => (weight * (reward - value) * rows) / w,
  },
  /** Direct method: mean of v. As biased as the model is; its interval knows nothing of that. */
  DM: {
    value: ({ v, rows }) => v / rows,
    influence: ({ qTarget }, _sums, value) => qTarget - value,
  },
  /** Doubly robust: mean of v + w (r - q) (Dudik, Langford and Li 2011). Right if either of w, q is. */
  DR: {
    value: ({ v, wd, rows }) => (v + wd) / rows,
    influence: ({ qTarget, weight, reward, qLogged }, _sums, value) =>
      qTarget + weight * (reward - qLogged) - value,
  },
  /** DR with its correction self-normalised: mean of v + sum of w (r - q) / sum of w. */
  SNDR: {
    value: ({ v, wd, w, rows }) => v / rows + wd / w,
    influence: ({ qTarget, weight, reward, qLogged }, { v, wd, w, rows }) =>
      qTarget - v / rows + (weight * (reward - qLogged - wd / w) * rows) / w,
  },
  /** DR that leaves rows with w > tau to the model: v + w [w <= tau] (r - q) (Wang, Agarwal, Dudik 2017). */
  "Switch-DR": {
    value: ({ v, switched, rows }) => (v + switched) / rows,
    influence: ({ qTarget, weight, reward, qLogged }, _sums, value, { tau }) =>
      qTarget + switchedWeight(weight, tau) * (reward - qLogged) - value,
    isShrunk: true,
  },
  /** DR with optimistic shrinkage: lambda w / (w^2 + lambda) in place of w (Su et al. 2020). */
  DRos: {
    value: ({ v, shrunk, rows }) => (v + shrunk) / rows,
    influence: ({ qTarget, weight, reward, qLogged }, _sums, value, { lambda }) =>
      qTarget + shrunkWeight(weight, lambda) * (reward - qLogged) - value,
    isShrunk: true,
  },
};
