/**
 * Integer tables of exponential decay, for readers of bucketed counts. Built from + - * / and square roots
 * alone, which IEEE 754 rounds correctly, so that every machine has the same table.
 */

/** 2^-x for x >= 0. */
function halved(x: number): number {
  let result = 1;
  let whole = Math.floor(x);
  for (; whole > 0; whole--) result /= 2;
  let fraction = x - Math.floor(x);
  let root = 0.5;
  while (fraction > 0 && root < 1) {
    root = Math.sqrt(root);
    fraction *= 2;
    if (fraction >= 1) {
      result *= root;
      fraction -= 1;
    }
  }
  return result;
}

/**
 * Weights by age in hours: `one` when new, half of it after each half-life, and never less than 1, so that
 * an old count still tells a known item from an unknown one. Ages beyond the table have its last weight.
 */
export function decayTable(halfLifeHours: number, one: number): Uint32Array {
  const weights = [one];
  while (weights.at(-1)! > 1) {
    weights.push(Math.max(1, Math.floor(one * halved(weights.length / halfLifeHours))));
  }
  return Uint32Array.from(weights);
}
