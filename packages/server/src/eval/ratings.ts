/**
 * Evaluation on users instead of sessions, through the very path that serves: the train ratings are folded in
 * the order of time, one event at a time, what they contribute is summed, and then each user of the test is
 * asked about once. All ratings are relevant; items of the user's train are left out; full rankings.
 */
import { apply, type FoldRecord } from "../core/fold/apply.ts";
import { permitFor } from "../core/fold/consent.ts";
import { foldLimits, type UserState } from "../core/fold/state.ts";
import { weightOne } from "../core/rank/blend.ts";
import { Catalogue } from "../core/rank/catalogue.ts";
import { type EaseView, solveEase } from "../core/rank/ease.ts";
import { builtInDefinitions, type Definitions } from "../core/rank/placement.ts";
import { Ranker } from "../core/rank/recommend.ts";
import { Models } from "../core/sum/models.ts";
import { discount, type Intervals, quantile, seedDefault } from "./metrics.ts";
import type { Rating, RatingSplit } from "./ratings-file.ts";
import { eventRecord, subjectOf } from "./record.ts";
import { Spread } from "./spread.ts";

/** `taste`: long-term taste alone. `for-you`: the sources of that placement, as shipped. */
export const ratingSources = ["taste", "for-you"] as const;
export type RatingSources = (typeof ratingSources)[number];

export interface RatingsOptions extends RatingSplit {
  k?: number | undefined;
  sources?: RatingSources | undefined;
  /** Answer without a view: from the counts alone. */
  withoutView?: boolean | undefined;
  /** Of the intervals. */
  seed?: number | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface RatingsReport {
  train: number;
  test: number;
  /** Test users, each asked about once. */
  users: number;
  k: number;
  ndcg: number;
  precision: number;
  recall: number;
  /** Share of the users whose list holds an item of theirs; mean of one over the place of the first. */
  hr: number;
  mrr: number;
  /** 95 %, over users. */
  intervals: Intervals<"ndcg" | "precision" | "recall" | "hr" | "mrr">;
  /** Items the view covers; 0 without one. */
  viewItems: number;
  /** Processor time of the one solve. */
  solveCpuMs: number;
  updateUsP50: number;
  updateUsP99: number;
  answerUsP50: number;
  answerUsP99: number;
}

const policy = { bases: { personalization: "legitimate-interest" } } as const;
/** Of ratings, to tell how far a run is. */
const toldEvery = 256;

export function evaluateRatings(options: RatingsOptions): RatingsReport {
  const { train, test, k = 10, sources = "taste", withoutView = false } = options;
  const run = new Run(k, sources);
  const total = train.length + test.length;
  train
    .toSorted((x, y) => x.at - y.at)
    .forEach((rating, at) => {
      if (at % toldEvery === 0) options.onProgress?.(at, total);
      run.learn(rating);
    });
  const view = withoutView ? undefined : run.solve(train.length);
  const wanted = new Map<string, Set<string>>();
  for (const { user, item } of test) {
    wanted.set(user, (wanted.get(user) ?? new Set()).add(item));
  }
  const now = [...train, ...test].reduce((newest, { at }) => Math.max(newest, at), 0);
  for (const [user, items] of wanted) run.predict(user, items, now, view);
  return {
    train: train.length,
    test: test.length,
    ...run.report(view, options.seed ?? seedDefault),
  };
}

const figureNames = ["ndcg", "precision", "recall", "hr", "mrr"] as const;

class Run {
  readonly #models = new Models();
  readonly #ranker = new Ranker();
  readonly #definitions: Definitions;
  readonly #states = new Map<string, UserState>();
  readonly #k: number;
  readonly #updateUs: number[] = [];
  readonly #answerUs: number[] = [];
  readonly #sums = { ndcg: 0, precision: 0, recall: 0, hr: 0, mrr: 0 };
  readonly #spread = new Spread(5);
  #solveCpuMs = 0;

  constructor(k: number, sources: RatingSources) {
    this.#k = k;
    const forYou = builtInDefinitions.placements["for-you"]!;
    const asked = sources === "taste" ? { taste: weightOne } : forYou.sources;
    const exclude = ["known"] as const;
    this.#definitions = {
      version: 0,
      // The figure is that of the best list: chance has no part in it.
      placements: { "for-you": { ...forYou, sources: asked, exclude, exploration: undefined } },
    };
  }

  learn(rating: Rating): void {
    const started = performance.now();
    const applied = apply(this.#states.get(rating.user), recordOf(rating), foldLimits);
    if (applied.refold) throw new Error("ratings are learned in the order of time");
    this.#models.addAll(applied.contributions);
    this.#states.set(rating.user, applied.state);
    this.#updateUs.push((performance.now() - started) * 1000);
  }

  solve(seq: number): EaseView {
    const started = process.cpuUsage();
    const view = solveEase(this.#models.cooccurrence, seq);
    this.#solveCpuMs = process.cpuUsage(started).user / 1000;
    return view;
  }

  predict(
    user: string,
    wanted: ReadonlySet<string>,
    now: number,
    view: EaseView | undefined,
  ): void {
    const state = this.#states.get(user);
    const started = performance.now();
    const { items } = this.#ranker.recommend(
      permitFor(state, policy, "personalization", 0),
      state,
      this.#models,
      Catalogue.empty,
      this.#definitions,
      { placement: "for-you", limit: this.#k, now },
      undefined,
      view,
    );
    this.#answerUs.push((performance.now() - started) * 1000);
    const gains = items.map(({ item }, place) => (wanted.has(item) ? discount(place) : 0));
    const hits = gains.filter((gain) => gain > 0).length;
    let ideal = 0;
    for (let place = 0; place < Math.min(wanted.size, this.#k); place++) ideal += discount(place);
    const figures = {
      ndcg: gains.reduce((sum, gain) => sum + gain, 0) / ideal,
      precision: hits / this.#k,
      recall: hits / wanted.size,
      hr: hits > 0 ? 1 : 0,
      mrr: hits > 0 ? 1 / (gains.findIndex((gain) => gain > 0) + 1) : 0,
    };
    for (const name of figureNames) this.#sums[name] += figures[name];
    this.#spread.add(
      user,
      figureNames.map((name) => figures[name]),
    );
  }

  report(view: EaseView | undefined, seed: number): Omit<RatingsReport, "train" | "test"> {
    const users = this.#answerUs.length;
    const ends = this.#spread.intervals(seed);
    return {
      users,
      k: this.#k,
      ndcg: this.#sums.ndcg / users,
      precision: this.#sums.precision / users,
      recall: this.#sums.recall / users,
      hr: this.#sums.hr / users,
      mrr: this.#sums.mrr / users,
      intervals: Object.fromEntries(
        figureNames.map((name, at) => [name, ends[at]]),
      ) as RatingsReport["intervals"],
      viewItems: view?.items.length ?? 0,
      solveCpuMs: this.#solveCpuMs,
      updateUsP50: quantile(this.#updateUs, 0.5),
      updateUsP99: quantile(this.#updateUs, 0.99),
      answerUsP50: quantile(this.#answerUs, 0.5),
      answerUsP99: quantile(this.#answerUs, 0.99),
    };
  }
}

/** A rating, whatever its stars, is a liking: 0 or 1 is all that the protocol knows. */
function recordOf({ user, item, at }: Rating): FoldRecord {
  return eventRecord(subjectOf(user), { type: "like", item, strength: 4 }, at, "ratings-file");
}
