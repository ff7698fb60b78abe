/**
 * Propensities of a Thompson sampler that shows its best few: the share of draws in which an item comes at a
 * slot. Monte Carlo on the seeded generator; counts, so that a table of them can be kept and compared.
 */
import type { Prng } from "../../base/prng.ts";
import { beta } from "./draws.ts";

export interface BetaPrior {
  alpha: readonly number[];
  beta: readonly number[];
}

/** counts[slot][item]: how often the item had the (slot + 1)-th largest of one draw each. */
export function slotCounts(
  prior: BetaPrior,
  slots: number,
  draws: number,
  prng: Prng,
  progress: (done: number) => void = () => undefined,
): number[][] {
  const items = prior.alpha.length;
  const counts = Array.from({ length: slots }, () => Array.from({ length: items }, () => 0));
  const best = new Float64Array(slots);
  const who = new Int32Array(slots);
  for (let draw = 0; draw < draws; draw++) {
    if (draw % 10_000 === 0) progress(draw);
    best.fill(-1);
    for (let item = 0; item < items; item++) {
      const value = beta(prng, prior.alpha[item]!, prior.beta[item]!);
      let slot = slots;
      for (; slot > 0 && best[slot - 1]! < value; slot--) {
        if (slot === slots) continue;
        best[slot] = best[slot - 1]!;
        who[slot] = who[slot - 1]!;
      }
      if (slot === slots) continue;
      best[slot] = value;
      who[slot] = item;
    }
    for (let slot = 0; slot < slots; slot++) counts[slot]![who[slot]!]! += 1;
  }
  return counts;
}
