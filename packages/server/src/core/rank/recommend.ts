import type { Decision, RecommendationRequest, RecommendedItem } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { assertCurrent, type Permit } from "../fold/consent.ts";
import { rewardSlice } from "../fold/context.ts";
import { isShiftedAt } from "../fold/flow.ts";
import { emptyState, type UserState } from "../fold/state.ts";
import type { Models } from "../sum/models.ts";
import { Account } from "./account.ts";
import { Categories } from "./adjust/categories.ts";
import { Circumstances } from "./adjust/circumstances.ts";
import { fade } from "./adjust/freshness.ts";
import { Moves } from "./adjust/moves.ts";
import { SkipRisk } from "./adjust/skip-risk.ts";
import { CapWindow, diversified, poolOf } from "./arrange/diversity.ts";
import { Features } from "./arrange/features.ts";
import { pinned, type Pinned } from "./arrange/pins.ts";
import { Blend, weightOne } from "./blend.ts";
import { Catalogue } from "./catalogue.ts";
import type { EaseView } from "./ease.ts";
import { doubled, type Exploration } from "./explore/budget.ts";
import { type Draw, Explorer, scoreOf, sparesOf } from "./explore/explorer.ts";
import { personalKey, strangerKey } from "./explore/key.ts";
import { type Shuffled, shuffled } from "./explore/tail-shuffle.ts";
import { catalogueReason, explain, exploredReason } from "./explain.ts";
import { Filters } from "./filter/filters.ts";
import { Eligible } from "./eligible.ts";
import { Entries } from "./entries.ts";
import type { InForce } from "./merchandise/in-force.ts";
import { Rulebook } from "./merchandise/rulebook.ts";
import type { Takedowns } from "./merchandise/takedown.ts";
import { type Definitions, findPlacement, itemsMax, type Placement } from "./placement.ts";
import { RequestError } from "./request-error.ts";
import type { RankFeatures } from "./learned/features.ts";
import { takeAlone } from "./learned/objectives.ts";
import { Rerank } from "./learned/rerank.ts";
import { isSampled, shownFeatures } from "./learned/shown.ts";
import type { ThetaView } from "./learned/theta.ts";
import { skipsOf } from "./skips.ts";
import type { Ask, Source } from "./source.ts";
import { editionAt } from "./source/edition/calendar.ts";
import { seedItems } from "./source/seeds.ts";
import { sourcesOf } from "./sources.ts";
import { Top } from "./top.ts";

/** Names the code and constants of rank in a decision: raise it with every change that may alter an answer. */
export const rankConfiguration = "rank-9";

/** Candidates that are ordered again, if the answer itself needs no more. */
const rerankedMin = 120;

/** Events named per source; the rest of a source's events share one reason. Infinity names them all. */
const eventsNamed = 3;

export interface Answer {
  items: readonly RecommendedItem[];
  /** False when no permit stood behind it. */
  personal: boolean;
  /** False where something else than the score decided who stands before whom. */
  isByScore: boolean;
  /** Names of the views that it was made with. */
  views: readonly string[];
  /** What the ranker saw of the first slots, if its rows are to be made of what comes of them. */
  features?: Decision["features"];
}

/**
 * Makes answers: filter, score, blend, adjust, caps, MMR, pins, explore, explain, in this order. Pure in effect: an answer is a function of the
 * arguments, and equal for equal content of the sums whatever order users and items came in. The object owns
 * scratch memory and caches for the sums of one tenant, which show in nothing but time.
 */
export class Ranker {
  readonly #blend: Blend;
  readonly #top = new Top();
  readonly #moves = new Moves();
  readonly #circumstances = new Circumstances();
  readonly #risk = new SkipRisk();
  readonly #categories = new Categories();
  readonly #filters = new Filters();
  readonly #rulebook = new Rulebook(this.#filters);
  readonly #features = new Features();
  readonly #entries = new Entries();
  readonly #rerank: Rerank;
  readonly #explorer = new Explorer();
  readonly #account = new Account();
  #tail: Omit<Shuffled, "list"> = noTail;
  readonly #tenant: number;

  /** The tenant's number keys what is drawn by chance, and nothing else. */
  constructor(sources: readonly Source[] = sourcesOf(), tenant = 0) {
    this.#tenant = tenant;
    this.#blend = new Blend(sources);
    this.#rerank = new Rerank(this.#blend);
  }

  /** What changes no answer: work on a new catalogue that the first answer would wait for. */
  follow(catalogue: Catalogue): void {
    for (const source of this.#blend.sources) source.follow?.(catalogue);
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
    theta?: ThetaView | undefined,
  ): Answer {
    const placement = placementOf(definitions, request);
    const known = permittedState(permit, state);
    const seeds = seedItems(placement, request, known);
    const ask: Ask = {
      state: known,
      models,
      now: request.now,
      context: request.context ?? {},
      ease,
      catalogue,
      seeds,
      isShifted: isShifted(placement, known, request.now),
      editionAt: editionAt(placement, request.now),
    };
    const { rules, takedowns } = definitions;
    this.#entries.follow(catalogue, models.items);
    const inForce = this.#rulebook.inForce(rules, placement.name, ask, request.now);
    // What is asked about is no answer.
    const exclude = [...(request.exclude ?? []), ...(seeds ?? [])];
    const eligible = new Eligible(known, this.#entries, placement, exclude, takedowns, [
      this.#filters.ofRequest(request.filter, ask),
      this.#filters.ofDocument(placement, ask),
      inForce.allows,
    ]);
    ask.isOffered = eligible.isOffered;
    const limit = Math.min(request.limit, placement.size);
    this.#mix(ask, placement, eligible, limit);
    const key =
      permit === undefined
        ? strangerKey(this.#tenant, request)
        : personalKey(this.#tenant, known, request);
    const isTeaching = permit !== undefined && placement.objectives !== undefined && isSampled(key);
    const weights = theta?.weights(placement.name, placement.objectives ?? takeAlone);
    const looked = this.#reorder(ask, weights, isTeaching, limit);
    this.#sink(ask);
    this.#adjust(ask, placement, inForce);
    const arranged = this.#arranged(ask, placement, catalogue, eligible, inForce, limit);
    const explored = this.#explored(ask, placement, arranged, request, limit, key);
    const items = this.#explained(ask, explored, eventsNamedMax, takedowns);
    for (const one of items) {
      const label = inForce.labelOf(catalogue.get(one.item), one.item);
      if (label !== undefined) one.label = label;
    }
    const isByScore = placement.diversity === undefined && arranged.sources.size === 0;
    const views = viewNames(ease, weights === undefined ? undefined : theta);
    const features =
      isTeaching && looked !== undefined
        ? shownFeatures(
            looked,
            items.map(({ item }) => models.items.find(item)),
          )
        : undefined;
    return { items, personal: permit !== undefined, isByScore, views, features };
  }

  /** Orders the best by the weights, if there are any; what was looked at for that, or because it is to be logged. */
  #reorder(
    ask: Ask,
    weights: Int32Array | undefined,
    isTeaching: boolean,
    limit: number,
  ): RankFeatures | undefined {
    this.#rerank.clear();
    if (weights === undefined && !isTeaching) return undefined;
    const features = this.#rerank.look(ask, this.#blend, Math.max(limit, rerankedMin));
    if (weights !== undefined) this.#rerank.order(weights, this.#blend);
    return features;
  }

  /**
   * The items that a slot of the last answer would be drawn from if chance picks that slot, first the one that
   * stands there otherwise; none where nothing can be drawn.
   */
  armsAt(slot: number): readonly string[] {
    return this.#explorer.armsAt(slot);
  }

  /**
   * The items that a slot of the last answer was drawn from, one after another with the slots before it, in the tail of
   * a list; none where the slot is not of a drawn tail.
   */
  poolAt(slot: number): readonly string[] {
    return this.#tail.slots.includes(slot) ? this.#tail.pool : [];
  }

  /** Features of the best candidates, as an answer to the request would have them; valid until the next call. */
  look(
    state: UserState,
    models: Models,
    catalogue: Catalogue,
    definitions: Definitions,
    request: RecommendationRequest,
  ): RankFeatures {
    const placement = placementOf(definitions, request);
    const { now, context = {} } = request;
    const ask = { state, models, now, context, isShifted: isShifted(placement, state, now) };
    this.#entries.follow(catalogue, models.items);
    const eligible = new Eligible(state, this.#entries, placement, [], definitions.takedowns, []);
    this.#mix(ask, placement, eligible, request.limit);
    return this.#rerank.look(ask, this.#blend, rerankedMin);
  }

  /** Asks the placement's sources, and its fallback too if too few items are left. */
  #mix(ask: Ask, placement: Placement, eligible: Eligible, limit: number): void {
    const own = this.#weights(placement.sources, {});
    if (this.#collect(ask, own, eligible) < limit && Object.keys(placement.fallback).length > 0) {
      this.#blend.widen(ask, this.#weights(placement.sources, placement.fallback));
      eligible.barOthers(this.#blend, ask.models.items);
    }
    this.#blend.mix();
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

  /** What changes scores behind the blend, each step with a reason of its own. */
  #adjust(ask: Ask, { sources, freshness }: Placement, inForce: InForce): void {
    const { totals } = this.#blend;
    const { state, models, now } = ask;
    this.#moves.clear();
    this.#circumstances.weigh(ask, ownNumber(sources, "context"), totals, this.#moves);
    this.#risk.weigh(models, totals, this.#moves);
    this.#categories.sink(state, this.#entries, totals, this.#moves);
    if (freshness !== undefined) fade(freshness, now, this.#entries, totals, this.#moves);
    inForce.weigh(totals, models.items, this.#entries, this.#moves);
  }

  /** The list of ids: the best, spread as the placement wants it, filled up, with what is pinned in its slots. */
  #arranged(
    ask: Ask,
    placement: Placement,
    catalogue: Catalogue,
    eligible: Eligible,
    inForce: InForce,
    limit: number,
  ): Pinned {
    const { models } = ask;
    const { diversity } = placement;
    const exploration = budgetOf(ask, placement);
    const { totals } = this.#blend;
    const pool = poolOf(diversity, limit);
    const spares = exploration === undefined ? 0 : sparesOf(exploration, limit);
    this.#top.take(totals, models, Math.max(pool, limit + spares));
    const best = this.#top.items.subarray(0, Math.min(pool, this.#top.count));
    const candidates = Array.from(best, (item) => ({
      id: models.items.keys[item]!,
      score: totals.get(item),
    }));
    const caps = new CapWindow(diversity?.caps ?? [], catalogue);
    const list =
      diversity === undefined
        ? candidates.map(({ id }) => id)
        : diversified(candidates, limit, diversity, caps, catalogue, this.#features);
    fillUp(list, limit, catalogue, (id) => eligible.has(id) && caps.fits(id), caps);
    return pinned(
      list,
      inForce.pins,
      limit,
      (id) => eligible.has(id),
      (id) => catalogue.get(id),
    );
  }

  /** The list after chance had its say in the slots that the placement leaves to it. */
  #explored(
    ask: Ask,
    placement: Placement,
    { list, sources }: Pinned,
    { onScreen = [], list: shown }: RecommendationRequest,
    limit: number,
    key: string,
  ): Explored {
    this.#explorer.clear();
    const { models, now, context, catalogue = Catalogue.empty } = ask;
    const { name, tailShuffle, diversity } = placement;
    const exploration = budgetOf(ask, placement);
    const { totals } = this.#blend;
    const size = Math.min(limit, shown?.size ?? limit);
    const fixed = new Set([...sources.keys(), ...onScreen]);
    const tail: Shuffled =
      tailShuffle === undefined
        ? { ...noTail, list }
        : shuffled({
            shuffle: tailShuffle,
            key,
            list,
            size,
            fixed,
            scoreOf: (id) => scoreOf({ models, totals }, id),
          });
    this.#tail = tail;
    if (exploration === undefined) return { list: tail.list, sources, draws: tail.draws };
    const best = this.#top.items.subarray(0, this.#top.count);
    const explored = this.#explorer.draw({
      placement: name,
      budget: exploration,
      key,
      now,
      slice: rewardSlice(context, now),
      list: tail.list,
      size,
      end: tailShuffle?.firstSlot ?? size,
      candidates: Array.from(best, (item) => models.items.keys[item]!),
      fixed,
      caps: diversity?.caps ?? [],
      catalogue,
      models,
      totals,
    });
    return { list: explored.list, sources, draws: new Map([...tail.draws, ...explored.draws]) };
  }

  #explained(
    ask: Ask,
    { list, sources, draws }: Explored,
    eventsNamedMax: number,
    takedowns: Takedowns | undefined,
  ): RecommendedItem[] {
    const { totals } = this.#blend;
    const account = this.#account;
    const scored = list.map((key) => {
      const item = ask.models.items.find(key);
      return item >= 0 && totals.has(item) && totals.get(item) > 0 ? item : -1;
    });
    const moves = this.#moves.reasonsOf(new Set(scored));
    return list.map((key, i) => {
      const item = scored[i]!;
      const source = sources.get(key);
      if (item < 0) {
        const reasons = [{ source: source ?? catalogueReason, share: 0 }];
        return { item: key, score: 0, propensity: 1, reasons };
      }
      const { propensity = 1, share = 0 } = draws.get(key) ?? undrawn;
      explain(account, this.#blend, this.#rerank, ask, item, key, [
        ...(moves.get(item) ?? []),
        ...(source === undefined ? [] : [{ source, share: 0 }]),
      ]);
      if (share !== 0) account.enter(exploredReason, undefined, share);
      account.shorten(eventsNamedMax);
      if (takedowns !== undefined) account.unname((id) => Object.hasOwn(takedowns, id));
      return { item: key, score: totals.get(item) + share, propensity, reasons: account.reasons() };
    });
  }
}

const undrawn: { propensity?: number; share?: number } = {};
const noTail: Omit<Shuffled, "list"> = { draws: new Map(), pool: [], slots: [] };

interface Explored {
  list: readonly string[];
  sources: Pinned["sources"];
  draws: ReadonlyMap<string, Draw>;
}

function isShifted({ sessionShift }: Placement, state: UserState, now: number): boolean {
  return sessionShift !== false && isShiftedAt(state, now);
}

/** What of a list may be tried out: twice as much of it in a shifted session. */
function budgetOf({ isShifted = false }: Ask, { exploration }: Placement): Exploration | undefined {
  return exploration !== undefined && isShifted ? doubled(exploration) : exploration;
}

function viewNames(...views: readonly ({ name: string } | undefined)[]): string[] {
  return views.flatMap((view) => (view === undefined ? [] : [view.name]));
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

/** Items of the catalogue that no source knows of, in canonical order, behind all others. */
function fillUp(
  list: string[],
  limit: number,
  catalogue: Catalogue,
  mayStand: (id: string) => boolean,
  caps: CapWindow,
): void {
  if (list.length >= limit || catalogue.size === 0) return;
  const shown = new Set(list);
  for (const { id } of catalogue.items) {
    if (list.length === limit) return;
    if (shown.has(id) || !mayStand(id)) continue;
    caps.place(id);
    list.push(id);
  }
}
