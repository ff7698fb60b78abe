/**
 * The model of Plackett and Luce: items are drawn one after another without replacement, each as often as its
 * weight among those that are left.
 */

/** Probability of each of those that are left to be the next. */
export function choices(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const itemsMax = 16;

/**
 * at[draw][item]: the probability that the item comes at this draw whatever came before, exactly, by a sum over
 * the sets that may have been drawn so far: 2^n steps, so for at most 16 items.
 */
export function marginals(weights: readonly number[], draws: number): number[][] {
  const items = weights.length;
  if (items > itemsMax || draws > items) throw new Error(`${draws} draws of ${items} items`);
  const at = Array.from({ length: draws }, () => weights.map(() => 0));
  const all = weights.reduce((total, weight) => total + weight, 0);
  // reached[set]: the probability that exactly this set was drawn first.
  const reached = new Float64Array(2 ** items);
  reached[0] = 1;
  for (let set = 0; set < reached.length; set++) {
    const probability = reached[set]!;
    if (probability === 0) continue;
    let [size, left] = [0, all];
    for (let item = 0; item < items; item++) {
      if ((set & (1 << item)) === 0) continue;
      size += 1;
      left -= weights[item]!;
    }
    if (size >= draws) continue;
    for (let item = 0; item < items; item++) {
      if ((set & (1 << item)) !== 0) continue;
      const next = (probability * weights[item]!) / left;
      at[size]![item]! += next;
      reached[set | (1 << item)]! += next;
    }
  }
  return at;
}
