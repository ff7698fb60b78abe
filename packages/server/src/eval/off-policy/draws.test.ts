import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { beta, drawn, gamma, normal } from "./draws.ts";

/** Mean and variance of many draws. */
function moments(draw: (prng: Prng) => number, count = 40_000): { mean: number; variance: number } {
  const prng = new Prng(7);
  const values = Array.from({ length: count }, () => draw(prng));
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (count - 1) };
}

describe("draws", () => {
  test("normal draws have mean 0 and variance 1", () => {
    const { mean, variance } = moments(normal);
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(40_000));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / 40_000));
  });

  test.each([0.4, 1, 3.5, 120, 60_000])("Gamma(%d) has its mean and variance", (shape) => {
    const { mean, variance } = moments((prng) => gamma(prng, shape));
    expect(Math.abs(mean - shape)).toBeLessThan(4 * Math.sqrt(shape / 40_000));
    // Var(s^2) = sigma^4 (2 + excess kurtosis) / n, the excess of a Gamma being 6 / shape.
    const error = shape * Math.sqrt((2 + 6 / shape) / 40_000);
    expect(Math.abs(variance - shape)).toBeLessThan(4 * error);
  });

  test("Beta(3, 7) has its mean and variance", () => {
    const { mean, variance } = moments((prng) => beta(prng, 3, 7));
    expect(mean).toBeCloseTo(0.3, 2);
    expect(variance).toBeCloseTo(0.21 / 11, 3);
  });

  test("what cannot be drawn is not drawn", () => {
    const prng = new Prng(1);
    for (let i = 0; i < 1_000; i++)
      expect([1, 3]).toContain(drawn(prng, [0, 0.2, 0, 0.8 - 1e-9, 0]));
  });
});
