/** Draws from the distributions that the lab needs, on the seeded generator. */
import type { Prng } from "../../base/prng.ts";

/** In (0, 1): neither end is ever drawn. */
export function uniform(prng: Prng): number {
  return (prng.next() + 0.5) / 2 ** 32;
}

/** Standard normal, by the polar method (Marsaglia and Bray 1964); its second value is not kept. */
export function normal(prng: Prng): number {
  for (;;) {
    const x = 2 * uniform(prng) - 1;
    const square = x * x + (2 * uniform(prng) - 1) ** 2;
    if (square < 1 && square > 0) return x * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

/** Gamma(shape, 1), by squeeze and rejection (Marsaglia and Tsang 2000). */
export function gamma(prng: Prng, shape: number): number {
  if (shape < 1) return gamma(prng, shape + 1) * uniform(prng) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(prng);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = uniform(prng);
    if (u < 1 - 0.0331 * x ** 4) return d * v;
    if (Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}

/** Beta(a, b) = X / (X + Y) of Gamma(a) and Gamma(b). */
export function beta(prng: Prng, a: number, b: number): number {
  const x = gamma(prng, a);
  return x / (x + gamma(prng, b));
}

/** An index, each as often as its probability says. */
export function drawn(prng: Prng, probabilities: ArrayLike<number>): number {
  let left = uniform(prng);
  for (let i = 0; i < probabilities.length; i++) {
    left -= probabilities[i]!;
    if (left < 0) return i;
  }
  // Rounding left a little over: the last that can be drawn at all.
  for (let i = probabilities.length - 1; i > 0; i--) if (probabilities[i]! > 0) return i;
  return 0;
}
