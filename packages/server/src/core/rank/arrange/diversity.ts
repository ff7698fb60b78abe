import { assertKnown, fieldsOf, integerOf, textOf } from "../field.ts";
import { RequestError } from "../request-error.ts";
import type { Catalogue, CatalogueItem } from "../catalogue.ts";
import { type Features, similarity, similarityOne } from "./features.ts";

/** How unlike its neighbours an item of a list must be. */
export interface Diversity {
  /**
   * Thousandths that the score counts; the rest counts against being like what stands above (MMR). 1,000: only
   * the score counts.
   */
  readonly lambda: number;
  readonly caps: readonly Cap[];
}

/** At most `max` items with the same value of the attribute in any `window` slots that follow one another. */
export interface Cap {
  readonly attribute: string;
  readonly max: number;
  readonly window: number;
}

const lambdaOne = 1_000;
const capsMax = 8;
const windowMax = 200;
/** MMR looks at so many of the best; what comes after them stands in order of score. */
const headMax = 50;
/** Candidates that caps may choose from. */
const poolOfCaps = 500;

/** Throws a RequestError that names the field. */
export function diversityOf(value: unknown): Diversity {
  const fields = fieldsOf(value, "diversity");
  assertKnown(fields, ["lambda", "caps"], "diversity");
  const { lambda = lambdaOne, caps = [] } = fields;
  if (!Array.isArray(caps) || caps.length > capsMax)
    throw new RequestError("diversity.caps", `must be a list of at most ${capsMax}`);
  return {
    lambda: integerOf(lambda, "diversity.lambda", 0, lambdaOne),
    caps: caps.map((cap, i) => capOf(cap, `diversity.caps[${i}]`)),
  };
}

function capOf(value: unknown, field: string): Cap {
  const fields = fieldsOf(value, field);
  assertKnown(fields, ["attribute", "max", "window"], field);
  const window = integerOf(fields["window"], `${field}.window`, 2, windowMax);
  return {
    attribute: textOf(fields["attribute"], `${field}.attribute`, 64),
    max: integerOf(fields["max"], `${field}.max`, 1, window - 1),
    window,
  };
}

/** How many of the best candidates `diversified` wants to choose `limit` from. */
export function poolOf(diversity: Diversity | undefined, limit: number): number {
  if (diversity === undefined) return limit;
  return Math.max(limit, diversity.caps.length > 0 ? poolOfCaps : headMax);
}

export interface Candidate {
  id: string;
  /** Positive and below 2^33. */
  score: number;
}

/**
 * At most `limit` of the candidates, which stand in canonical order. Each slot gets the candidate of the head with
 * the greatest lambda x score - (1 - lambda) x likeness to the likest item above it, of those that the caps let in;
 * of equals the one that stood before the other. Where none of the head may come, the first one behind it that
 * may. Where nobody may, the list ends.
 */
export function diversified(
  candidates: readonly Candidate[],
  limit: number,
  diversity: Diversity,
  caps: CapWindow,
  catalogue: Catalogue,
  features: Features,
): string[] {
  const head = new Head(candidates.slice(0, headMax), diversity.lambda, catalogue, features);
  const rest = candidates.slice(headMax).map(({ id }) => id);
  const list: string[] = [];
  while (list.length < limit) {
    const next = head.take(caps) ?? takeFirst(rest, caps);
    if (next === undefined) break;
    caps.place(next);
    list.push(next);
  }
  return list;
}

function takeFirst(rest: string[], caps: CapWindow): string | undefined {
  const at = rest.findIndex((id) => caps.fits(id));
  return at < 0 ? undefined : rest.splice(at, 1)[0];
}

/** The best candidates, each with its likeness to what was taken so far. */
class Head {
  readonly #left: { id: string; relevance: number; vector: Uint32Array; likeness: number }[];
  readonly #lambda: number;

  constructor(
    candidates: readonly Candidate[],
    lambda: number,
    catalogue: Catalogue,
    features: Features,
  ) {
    this.#lambda = lambda;
    const best = candidates[0]?.score ?? 1;
    this.#left = candidates.map(({ id, score }) => ({
      id,
      relevance: Math.floor((score * similarityOne) / best),
      vector: features.of(catalogue.get(id)),
      likeness: 0,
    }));
  }

  take(caps: CapWindow): string | undefined {
    let found = -1;
    let most = -Infinity;
    for (let i = 0; i < this.#left.length; i++) {
      const { id, relevance, likeness } = this.#left[i]!;
      const worth = this.#lambda * relevance - (lambdaOne - this.#lambda) * likeness;
      if (worth <= most || !caps.fits(id)) continue;
      most = worth;
      found = i;
    }
    if (found < 0) return undefined;
    const [taken] = this.#left.splice(found, 1);
    if (this.#lambda < lambdaOne) {
      for (const one of this.#left)
        one.likeness = Math.max(one.likeness, similarity(one.vector, taken!.vector));
    }
    return taken!.id;
  }
}

/** Which items the caps let into the next slot, as a list grows. */
export class CapWindow {
  readonly #caps: readonly CountedCap[];
  readonly #catalogue: Catalogue;
  readonly #placed: (CatalogueItem | undefined)[] = [];

  constructor(caps: readonly Cap[], catalogue: Catalogue) {
    this.#caps = caps.map((cap) => ({ ...cap, counts: new Map() }));
    this.#catalogue = catalogue;
  }

  fits(id: string): boolean {
    if (this.#caps.length === 0) return true;
    const item = this.#catalogue.get(id);
    return this.#caps.every(({ attribute, max, counts }) =>
      valuesOf(item, attribute).every((value) => (counts.get(value) ?? 0) < max),
    );
  }

  place(id: string): void {
    if (this.#caps.length === 0) return;
    const item = this.#catalogue.get(id);
    this.#placed.push(item);
    for (const { attribute, window, counts } of this.#caps) {
      for (const value of valuesOf(item, attribute))
        counts.set(value, (counts.get(value) ?? 0) + 1);
      if (this.#placed.length < window) continue;
      for (const value of valuesOf(this.#placed.at(-window), attribute))
        counts.set(value, counts.get(value)! - 1);
    }
  }
}

/** Whether the caps would let the item stand in a slot of a finished list, in place of what stands there. */
export function keepsCaps(
  list: readonly string[],
  slot: number,
  id: string,
  caps: readonly Cap[],
  catalogue: Catalogue,
): boolean {
  return caps.every(({ attribute, max, window }) =>
    valuesOf(catalogue.get(id), attribute).every((value) => {
      const holds = (at: number): number =>
        at !== slot &&
        list[at] !== undefined &&
        valuesOf(catalogue.get(list[at]), attribute).includes(value)
          ? 1
          : 0;
      let count = 0;
      for (let at = slot - window + 1; at <= slot; at++) count += holds(at);
      // The window moves on until it begins at the slot.
      for (let start = slot - window + 1; count < max && start < slot; start++)
        count += holds(start + window) - holds(start);
      return count < max;
    }),
  );
}

interface CountedCap extends Cap {
  /** By value: items in the slots that share a window with the next one. */
  counts: Map<unknown, number>;
}

function valuesOf(item: CatalogueItem | undefined, attribute: string): readonly unknown[] {
  if (item === undefined || !Object.hasOwn(item.attributes, attribute)) return [];
  const held = item.attributes[attribute];
  if (Array.isArray(held)) return [...new Set(held)];
  return held === undefined || held === null ? [] : [held];
}
