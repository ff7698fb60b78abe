/**
 * The reward model of the doubly robust estimates: the rate of an item, drawn towards the overall rate by as
 * many rows as `shrinkageRows`. Cross-fitted: no row is judged by a model that saw it or its cluster.
 */
export interface Outcome {
  item: number;
  reward: number;
  /** Rows of one cluster are always in one fold. */
  cluster: number;
}

/** Expected reward of an item. */
export type RewardModel = (item: number) => number;

const shrinkageRows = 200;
const foldsDefault = 3;

/** q(a) = (rewards of a + 200 x overall rate) / (rows of a + 200). */
export function fitRates(outcomes: Iterable<Outcome>): RewardModel {
  const byItem = new Map<number, { reward: number; rows: number }>();
  let [reward, rows] = [0, 0];
  for (const outcome of outcomes) {
    reward += outcome.reward;
    rows += 1;
    const known = byItem.get(outcome.item) ?? { reward: 0, rows: 0 };
    known.reward += outcome.reward;
    known.rows += 1;
    byItem.set(outcome.item, known);
  }
  const rate = rows === 0 ? 0 : reward / rows;
  return (item) => {
    const known = byItem.get(item);
    if (known === undefined) return rate;
    return (known.reward + shrinkageRows * rate) / (known.rows + shrinkageRows);
  };
}

/** For each row the model fitted on the other folds; the fold of a row is its cluster modulo `folds`. */
export function crossFit(outcomes: readonly Outcome[], folds = foldsDefault): RewardModel[] {
  const foldOf = ({ cluster }: Outcome): number => cluster % folds;
  const models = Array.from({ length: folds }, (_, fold) =>
    fitRates(outcomes.filter((outcome) => foldOf(outcome) !== fold)),
  );
  return outcomes.map((outcome) => models[foldOf(outcome)]!);
}
