import { contextDimensions, localSlice } from "../../fold/context.ts";
import type { Models } from "../../sum/models.ts";
import { weightOne } from "../blend.ts";
import type { Scores } from "../scores.ts";
import type { Ask } from "../source.ts";
import type { Moves } from "./moves.ts";

/**
 * How much more than elsewhere an item is touched in the circumstances that a request states: its share of the
 * touches in each of them and in this part of the week, over its share of all touches, multiplied. How far such
 * a ratio is trusted is read from the candidates: if their counts in a circumstance spread no wider than chance
 * would have them, it says nothing. A request that states no circumstance is answered without regard to the
 * time, too. From + - * / and square roots alone, in the order of the candidates' items, whatever their layout.
 */
export const contextReason = "context";
const factorMax = 4;
const factorMin = 1 / factorMax;
/** The least prior, in touches at the ordinary share: a few touches more or less say little. */
const priorMin = 5;
/** Standard errors that the spread has to lie above chance: what is below counts as chance. */
const spreadErrors = 2;

export class Circumstances {
  /** By place among the candidates: touches in all, touches in one circumstance, and the factor so far. */
  #touches = new Float64Array(256);
  #counts = new Float64Array(256);
  #factors = new Float64Array(256);

  /** Changes the scores of what is touched more or less, as far as the placement's weight says, and says so. */
  weigh(ask: Ask, weight: number, totals: Scores, moves: Moves): void {
    const factors = weight === 0 ? undefined : this.#factorsOf(ask, totals);
    if (factors === undefined) return;
    const cause = moves.cause(contextReason);
    for (let i = 0; i < totals.count; i++) {
      const item = totals.touched[i]!;
      const score = totals.get(item);
      if (score <= 0) continue;
      const factor = 1 + ((factors[i]! - 1) * weight) / weightOne;
      const share = Math.max(1, Math.floor(score * factor)) - score;
      totals.add(item, share);
      moves.add(item, cause, share);
    }
  }

  /** The factors of the candidates, in their order; undefined when the request states nothing known. */
  #factorsOf({ models, context, now }: Ask, candidates: Scores): Float64Array | undefined {
    const dimensions = contextDimensions(context);
    const all = models.contexts.allTouches();
    if (dimensions.length === 0 || all <= 0) return undefined;
    this.#begin(models, candidates);
    for (const name of dimensions) {
      const dimension = models.items.find(name);
      const total = dimension < 0 ? 0 : models.contexts.allIn(dimension);
      if (total <= 0) continue;
      for (let i = 0; i < candidates.count; i++) {
        this.#counts[i] = countIn(models, dimension, candidates.touched[i]!);
      }
      this.#multiply(total / all, candidates.count);
    }
    const slice = localSlice(context, now);
    for (let i = 0; i < candidates.count; i++) {
      this.#counts[i] = models.contexts.inTime(candidates.touched[i]!, slice);
    }
    this.#multiply(models.contexts.allInTime(slice) / all, candidates.count);
    for (let i = 0; i < candidates.count; i++) {
      this.#factors[i] = Math.min(factorMax, Math.max(factorMin, this.#factors[i]!));
    }
    return this.#factors;
  }

  #begin({ contexts }: Models, { count, touched }: Scores): void {
    if (count > this.#touches.length) {
      const length = Math.max(count, this.#touches.length * 2);
      this.#touches = new Float64Array(length);
      this.#counts = new Float64Array(length);
      this.#factors = new Float64Array(length);
    }
    for (let i = 0; i < count; i++) this.#touches[i] = contexts.touches(touched[i]!);
    this.#factors.fill(1, 0, count);
  }

  /**
   * Takes in one circumstance, into which `share` of all touches fell. Counts are taken as gamma-Poisson, and
   * the spread of the true ratios by the method of moments: it is the inverse of the prior.
   */
  #multiply(share: number, count: number): void {
    let excess = 0;
    let squares = 0;
    for (let i = 0; i < count; i++) {
      const expected = this.#touches[i]! * share;
      const beyond = this.#counts[i]! - expected;
      excess += Math.floor(beyond * beyond - expected * (1 - share));
      squares += Math.floor(expected * expected);
    }
    const spread = excess - spreadErrors * Math.sqrt(2 * squares);
    if (spread <= 0) return;
    const prior = Math.max(priorMin, squares / spread);
    for (let i = 0; i < count; i++) {
      const expected = this.#touches[i]! * share;
      this.#factors[i] = (this.#factors[i]! * (this.#counts[i]! + prior)) / (expected + prior);
    }
  }
}

function countIn({ popularity }: Models, dimension: number, item: number): number {
  const row = popularity.rowOf(dimension, item);
  return row < 0 ? 0 : popularity.recent(row, 0, Number.POSITIVE_INFINITY);
}
