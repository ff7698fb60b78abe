/**
 * The path that serves, without the machine around it: records are folded, what they contribute is summed, the
 * ranker answers. Every evaluation of next items goes through here, so that none has a path of its own.
 */
import type { RecommendedItem } from "@attune/protocol";
import { digestLanes, hashString } from "../base/digest.ts";
import { apply, type FoldRecord } from "../core/fold/apply.ts";
import { permitFor } from "../core/fold/consent.ts";
import type { FoldLimits, UserState } from "../core/fold/state.ts";
import { featureVersion } from "../core/rank/learned/groups.ts";
import { rowOf } from "../core/rank/learned/row.ts";
import { solveThetas, type ThetaView } from "../core/rank/learned/theta.ts";
import { Catalogue } from "../core/rank/catalogue.ts";
import { builtInDefinitions, type Definitions, type Exclusion } from "../core/rank/placement.ts";
import { Ranker } from "../core/rank/recommend.ts";
import { sourcesOf } from "../core/rank/sources.ts";
import { Models } from "../core/sum/models.ts";
import type { EvalConfig } from "./configuration.ts";

const placement = "up-next";
const policy = { bases: { personalization: "legitimate-interest" } } as const;
const lanes = new Uint32Array(digestLanes);

export interface ServingOptions {
  settings: EvalConfig;
  exclude: readonly Exclusion[];
  limits: Readonly<FoldLimits>;
  /** Length of the lists. */
  k: number;
}

/** `Key` tells people apart. */
export class Serving<Key> {
  readonly models = new Models();
  readonly #states = new Map<Key, UserState>();
  readonly #ranker: Ranker;
  readonly #definitions: Definitions;
  readonly #limits: Readonly<FoldLimits>;
  readonly #k: number;
  readonly #every: number;

  constructor({ settings, exclude, limits, k }: ServingOptions) {
    this.#k = k;
    this.#limits = limits;
    this.#every = settings.ranker.every;
    this.#ranker = new Ranker(sourcesOf(settings.neighbours, settings.rules));
    const shipped = builtInDefinitions.placements[placement]!;
    this.#definitions = {
      version: 0,
      // The figure is that of the best list: chance has no part in it.
      placements: {
        [placement]: { ...shipped, sources: settings.sources, exclude, exploration: undefined },
      },
    };
  }

  state(key: Key): UserState | undefined {
    return this.#states.get(key);
  }

  drop(key: Key): void {
    this.#states.delete(key);
  }

  /** Folds a record; `isShared` adds what it contributes to the sums. */
  learn(key: Key, record: FoldRecord, isShared: boolean): void {
    const applied = apply(this.#states.get(key), record, this.#limits);
    if (applied.refold) throw new Error(`the records of ${String(key)} are not sorted by time`);
    if (isShared) this.models.addAll(applied.contributions);
    this.#states.set(key, applied.state);
  }

  /**
   * Makes a row of a record that is not learned yet: what the answer would have looked at just before, with the
   * item taken as the target. `name` names the record: which ones become rows is a matter of its hash, and so is
   * which others go along.
   */
  addRow(key: Key, name: string, item: string, now: number): void {
    const state = this.#states.get(key);
    if (state === undefined || this.#every === 0) return;
    hashString(name, lanes, 0);
    if (lanes[0]! % this.#every !== 0) return;
    const features = this.#ranker.look(state, this.models, Catalogue.empty, this.#definitions, {
      placement,
      limit: this.#k,
      now,
    });
    const row = rowOf(features, this.models.items.find(item), lanes[1]!);
    if (row !== undefined) this.models.add({ model: "ranker", placement, row, delta: 1 });
  }

  /** The ranker's weights from the rows so far. */
  solve(): ThetaView {
    return solveThetas(this.models.ranker, 0);
  }

  get rankerRows(): number {
    return this.models.ranker.rows(placement, featureVersion);
  }

  /** An answer to somebody in this state, on the sums as they are here. */
  answer(
    state: UserState | undefined,
    now: number,
    theta: ThetaView | undefined,
  ): readonly RecommendedItem[] {
    const permit = permitFor(state, policy, "personalization", 0);
    return this.#ranker.recommend(
      permit,
      state,
      this.models,
      Catalogue.empty,
      this.#definitions,
      { placement, limit: this.#k, now },
      undefined,
      undefined,
      theta,
    ).items;
  }
}
