/**
 * How far chance may have carried a mean: 95 % intervals by drawing whole clusters (sessions, users) with
 * replacement, since answers to one person are not independent. The same seed gives the same intervals.
 */
import { Prng } from "../base/prng.ts";

export type Interval = readonly [low: number, high: number];

const resamplesDefault = 1_000;

/** Sums of several figures side by side, by cluster. */
export class Spread {
  readonly #columns: number;
  readonly #clusters = new Map<unknown, Float64Array>();

  constructor(columns: number) {
    this.#columns = columns;
  }

  get clusters(): number {
    return this.#clusters.size;
  }

  /** One observation of every figure. */
  add(cluster: unknown, values: readonly number[]): void {
    let sums = this.#clusters.get(cluster);
    if (sums === undefined) {
      sums = new Float64Array(this.#columns + 1);
      this.#clusters.set(cluster, sums);
    }
    for (let column = 0; column < this.#columns; column++) sums[column]! += values[column]!;
    sums[this.#columns]! += 1;
  }

  /** NaN where nothing was added. */
  means(): number[] {
    const total = this.#total(this.#clusters.values());
    return Array.from({ length: this.#columns }, (_, at) => total[at]! / total[this.#columns]!);
  }

  /** 2.5 % and 97.5 % points of each mean; none with fewer than two clusters. */
  intervals(seed: number, resamples = resamplesDefault): (Interval | undefined)[] {
    const clusters = [...this.#clusters.values()];
    const means = Array.from({ length: this.#columns }, () => new Float64Array(resamples));
    if (clusters.length < 2) return means.map(() => undefined);
    const prng = new Prng(seed);
    const drawn = (): Float64Array => clusters[prng.below(clusters.length)]!;
    for (let i = 0; i < resamples; i++) {
      const total = this.#total(Array.from(clusters, drawn));
      means.forEach((column, at) => (column[i] = total[at]! / total[this.#columns]!));
    }
    return means.map((column) => {
      const sorted = column.toSorted();
      const at = (part: number): number => sorted[Math.round(part * (resamples - 1))]!;
      return [at(0.025), at(0.975)];
    });
  }

  #total(clusters: Iterable<Float64Array>): Float64Array {
    const total = new Float64Array(this.#columns + 1);
    for (const sums of clusters) {
      for (let at = 0; at < total.length; at++) total[at]! += sums[at]!;
    }
    return total;
  }
}
