/**
 * How good a chance is as a prediction: whether higher ones come true more often (area under the curve), and
 * whether they come true as often as they say (Brier score, calibration error, reliability by tenths).
 */
export interface Outcome {
  /** 0..1. */
  p: number;
  isTrue: boolean;
}

export interface Bin {
  count: number;
  /** Means of the chance that was said, and of what came true. */
  said: number;
  came: number;
}

export interface Quality {
  auc: number;
  brier: number;
  /** Expected calibration error over the bins, weighted by their counts. */
  ece: number;
  bins: Bin[];
}

export function qualityOf(outcomes: readonly Outcome[]): Quality {
  const bins = binsOf(outcomes);
  const n = Math.max(1, outcomes.length);
  return {
    auc: aucOf(outcomes),
    brier: outcomes.reduce((sum, { p, isTrue }) => sum + (p - Number(isTrue)) ** 2, 0) / n,
    ece: bins.reduce((sum, { count, said, came }) => sum + count * Math.abs(said - came), 0) / n,
    bins,
  };
}

/** Chance that a true one is said to be likelier than a false one; ties count half. NaN without both kinds. */
function aucOf(outcomes: readonly Outcome[]): number {
  const sorted = outcomes.toSorted((a, b) => a.p - b.p);
  let [trues, falses, wins] = [0, 0, 0];
  for (let start = 0; start < sorted.length;) {
    let end = start;
    let tied = 0;
    for (; end < sorted.length && sorted[end]!.p === sorted[start]!.p; end++) {
      tied += Number(sorted[end]!.isTrue);
    }
    const tiedFalses = end - start - tied;
    wins += tied * (falses + tiedFalses / 2);
    trues += tied;
    falses += tiedFalses;
    start = end;
  }
  return wins / (trues * falses);
}

/** By tenths of the chance that was said; empty ones are left out. */
function binsOf(outcomes: readonly Outcome[]): Bin[] {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, said: 0, came: 0 }));
  for (const { p, isTrue } of outcomes) {
    const bin = bins[Math.min(9, Math.floor(p * 10))]!;
    bin.count++;
    bin.said += p;
    bin.came += Number(isTrue);
  }
  return bins
    .filter(({ count }) => count > 0)
    .map(({ count, said, came }) => ({ count, said: said / count, came: came / count }));
}
