import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { drawn } from "./draws.ts";
import { choices, marginals } from "./plackett-luce.ts";

const weights = [1, 2, 3, 0.5, 4];

test("the first draw follows the weights, each draw sums to 1, and all draws bring each item once", () => {
  const at = marginals(weights, 5);
  at[0]!.forEach((p, item) => expect(p).toBeCloseTo(choices(weights)[item]!, 12));
  for (const draw of at) expect(draw.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  weights.forEach((_, item) =>
    expect(at.reduce((sum, draw) => sum + draw[item]!, 0)).toBeCloseTo(1, 12),
  );
});

test("exact marginals are the shares of simulated draws", () => {
  const prng = new Prng(3);
  const runs = 40_000;
  const counts = weights.map(() => 0);
  for (let run = 0; run < runs; run++) {
    const left = [0, 1, 2, 3, 4];
    for (let draw = 0; draw < 3; draw++) {
      const arm = drawn(prng, choices(left.map((item) => weights[item]!)));
      if (draw === 2) counts[left[arm]!]! += 1;
      left.splice(arm, 1);
    }
  }
  marginals(weights, 3)[2]!.forEach((p, item) => {
    const error = Math.sqrt((p * (1 - p)) / runs);
    expect(Math.abs(counts[item]! / runs - p)).toBeLessThan(4 * error);
  });
});
