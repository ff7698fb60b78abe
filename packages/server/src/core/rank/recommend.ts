import type { Reason, RecommendationRequest, RecommendedItem } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { assertCurrent, type Permit } from "../fold/consent.ts";
import { emptyState, type UserState } from "../fold/state.ts";
import type { Models } from "../sum/models.ts";
import { Blend, weightOne } from "./blend.ts";
import type { Catalogue } from "./catalogue.ts";
import type { EaseView } from "./ease.ts";
import { catalogueReason, reasonsOf, shortened } from "./explain.ts";
import { filterOf } from "./filter.ts";
import { Eligible } from "./eligible.ts";
import { type Definitions, findPlacement, itemsMax, type Placement } from "./placement.ts";
import { RequestError } from "./request-error.ts";
import type { Ask, Source } from "./source.ts";
import { sourcesOf } from "./sources.ts";
import { Top } from "./top.ts";

/** Names the code and constants of rank in a decision: raise it with every change that may alter an answer. */
export const rankConfiguration = "rank-1";

/** Events named per source; the rest of a source's events share one reason. Infinity names them all. */
const eventsNamed = 3;

export interface Answer {
  items: readonly RecommendedItem[];
  /** False when no permit stood behind it. */
  personal: boolean;
  /** Names of the views that it was made with. */
  views: readonly string[];
}

/**
 * Makes answers: filter, score, blend, order, limit, explain. Pure in effect: an answer is a function of the
 * arguments, and equal for equal content of the sums whatever order users and items came in. The object owns
 * scratch memory and caches for the sums of one tenant, which show in nothing but time.
 */
export class Ranker {
  readonly #blend: Blend;
  readonly #top = new Top();

  constructor(sources: readonly Source[] = sourcesOf()) {
    this.#blend = new Blend(sources);
  }

  /**
   * Without a permit the same path runs on an empty state: what is known of the user then does not matter.
   * Throws a RequestError that names the field when the request cannot be answered. An answer names the
   * weightiest events of a source; `eventsNamedMax` Infinity gives the whole account, for traces and exports.
   * A view is an argument like the sums: the decision names it, and without one taste is read from the counts.
   */
  recommend(
    permit: Permit<"personalization"> | undefined,
    state: UserState | undefined,
    models: Models,
    catalogue: Catalogue,
    definitions: Definitions,
    request: RecommendationRequest,
    eventsNamedMax = eventsNamed,
    ease?: EaseView | undefined,
  ): Answer {
    const placement = placementOf(definitions, request);
    const known = permittedState(permit, state);
    const ask = { state: known, models, now: request.now, context: request.context ?? {}, ease };
    const terms = request.filter ?? [];
    const filter = terms.length === 0 ? undefined : filterOf(terms);
    const eligible = new Eligible(known, catalogue, placement, request.exclude ?? [], filter);
    const limit = Math.min(request.limit, placement.size);
    this.#mix(ask, placement, eligible, limit);
    this.#top.take(this.#blend.totals, models, limit);
    const items = this.#explained(ask, eventsNamedMax);
    fillUp(items, limit, catalogue, eligible);
    return { items, personal: permit !== undefined, views: ease === undefined ? [] : [ease.name] };
  }

  /** Asks the placement's sources, and its fallback too if too few items are left. */
  #mix(ask: Ask, placement: Placement, eligible: Eligible, limit: number): void {
    const own = this.#weights(placement.sources, {});
    if (this.#collect(ask, own, eligible) < limit && Object.keys(placement.fallback).length > 0) {
      this.#blend.widen(ask, this.#weights(placement.sources, placement.fallback));
      eligible.barOthers(this.#blend, ask.models.items);
    }
    this.#blend.mix();
    this.#sink(ask);
  }

  /** Number of candidates that may be shown. */
  #collect(ask: Ask, weights: readonly number[], eligible: Eligible): number {
    this.#blend.collect(ask, weights);
    return eligible.barOthers(this.#blend, ask.models.items);
  }

  #weights(
    sources: Readonly<Record<string, number>>,
    fallback: Readonly<Record<string, number>>,
  ): number[] {
    return this.#blend.sources.map(({ name }) =>
      Math.min(weightOne, ownNumber(sources, name) + ownNumber(fallback, name)),
    );
  }

  /** Halves the score of an item for every skip that no liking followed, while the skip is in the ring. */
  #sink({ state, models }: Ask): void {
    const { totals } = this.#blend;
    for (const [key, skips] of skipsOf(state)) {
      const item = models.items.find(key);
      if (item < 0 || !totals.has(item)) continue;
      const score = totals.get(item);
      if (score > 0) totals.add(item, Math.max(1, Math.floor(score / 2 ** skips)) - score);
    }
  }

  #explained(ask: Ask, eventsNamedMax: number): RecommendedItem[] {
    const items: RecommendedItem[] = [];
    const { totals } = this.#blend;
    for (let i = 0; i < this.#top.count; i++) {
      const item = this.#top.items[i]!;
      const key = ask.models.items.keys[item]!;
      const reasons = shortened(reasonsOf(this.#blend, ask, item, key), eventsNamedMax);
      items.push({ item: key, score: totals.get(item), propensity: 1, reasons });
    }
    return items;
  }
}

function ownNumber(record: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(record, name) ? record[name]! : 0;
}

function placementOf(definitions: Definitions, request: RecommendationRequest): Placement {
  const placement = findPlacement(definitions, request.placement);
  if (placement === undefined) throw new RequestError("placement", "there is none of this name");
  if (!Number.isInteger(request.limit) || request.limit < 1 || request.limit > itemsMax) {
    throw new RequestError("limit", `must be an integer from 1 to ${itemsMax}`);
  }
  if (!Number.isSafeInteger(request.now) || request.now < 0) {
    throw new RequestError("now", "must be a time in whole milliseconds");
  }
  return placement;
}

function permittedState(
  permit: Permit<"personalization"> | undefined,
  state: UserState | undefined,
): UserState {
  if (permit === undefined) return emptyState(0, "");
  assert(state !== undefined, "a permit is for a user whose state is known");
  assert(permit.purpose === "personalization", "the permit is for personalization");
  assertCurrent(permit, state);
  return state;
}

/** Skips by item since the user last took to it. */
function skipsOf(state: UserState): Map<string, number> {
  const skips = new Map<string, number>();
  for (const { item, type, strength } of state.ring) {
    if (type === "skip") skips.set(item, (skips.get(item) ?? 0) + 1);
    else if (strength > 0) skips.delete(item);
  }
  return skips;
}

/** Items of the catalogue that no source knows of, in canonical order, behind all others with a score of 0. */
function fillUp(
  items: RecommendedItem[],
  limit: number,
  catalogue: Catalogue,
  eligible: Eligible,
): void {
  if (items.length >= limit || catalogue.size === 0) return;
  const shown = new Set(items.map(({ item }) => item));
  const reasons: readonly Reason[] = [{ source: catalogueReason, share: 0 }];
  for (const { id } of catalogue.items) {
    if (items.length === limit) return;
    if (shown.has(id) || !eligible.has(id)) continue;
    items.push({ item: id, score: 0, propensity: 1, reasons });
  }
}
