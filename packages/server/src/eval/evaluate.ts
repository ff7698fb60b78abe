/**
 * Next-item evaluation on a file, through the very path that serves: every click is folded, its contributions
 * are summed, and each prefix of a test session is answered by the ranker's `up-next`. Each session is a user
 * of its own. Static: the sums hold train alone. Live: in the order of time each test click is learned and
 * then the next one predicted, the asker's own sessions being no neighbours of theirs; now is the prefix's end.
 */
import { digestLanes, hashString } from "../base/digest.ts";
import { apply } from "../core/fold/apply.ts";
import { permitFor } from "../core/fold/consent.ts";
import { foldLimits, type UserState } from "../core/fold/state.ts";
import { Catalogue } from "../core/rank/catalogue.ts";
import { builtInDefinitions, type Definitions } from "../core/rank/placement.ts";
import { Ranker } from "../core/rank/recommend.ts";
import { featureVersion } from "../core/rank/learned/groups.ts";
import { rowOf } from "../core/rank/learned/row.ts";
import { solveThetas, type ThetaView } from "../core/rank/learned/theta.ts";
import { sourcesOf } from "../core/rank/sources.ts";
import { Models } from "../core/sum/models.ts";
import { type EvalConfig, shippedConfig } from "./config.ts";
import { Metrics, quantile, type Report } from "./metrics.ts";
import { recordOf } from "./record.ts";
import { type FileSession, withoutRepeats } from "./session-file.ts";

export interface EvalOptions {
  train: readonly FileSession[];
  test: readonly FileSession[];
  /** Length of the lists. */
  k?: number | undefined;
  live?: boolean | undefined;
  /** Never recommend the item that is open. */
  excludeCurrent?: boolean | undefined;
  /** Drop consecutive repeats from train and test; implies `excludeCurrent`. */
  noRepeats?: boolean | undefined;
  settings?: EvalConfig | undefined;
}

export interface EvalReport extends Report {
  /** Rows that the ranker learned from; with too few of them the answers are the blend's. */
  rankerRows: number;
  /** One answer, with its reasons. */
  predictUsP50: number;
  predictUsP99: number;
  /** One event: fold and all sums. */
  updateUsP50: number;
  updateUsP99: number;
}

/** A file's session ends where the file says: no idle gap cuts it. */
const limits = Object.freeze({ ...foldLimits, sessionIdleMs: 2 ** 45 });
const policy = { bases: { personalization: "legitimate-interest" } } as const;

export function evaluate(options: EvalOptions): EvalReport {
  const { k = 20, live = false, noRepeats = false, settings = shippedConfig } = options;
  const train = noRepeats ? withoutRepeats(options.train) : options.train;
  const test = noRepeats ? withoutRepeats(options.test) : options.test;
  const run = new Run(k, noRepeats || options.excludeCurrent === true, settings);
  inTime(train).forEach((click, at, clicks) => {
    if (at >= clicks.length * settings.ranker.from) run.addRow(click);
    run.learn(click, true);
  });
  run.solve();
  const trainItems = new Set(train.flatMap(({ items }) => items)).size;
  (live ? inTime(test) : inSessions(test)).forEach((click, at) => {
    if (live) run.addRow(click);
    if (live && at % solvedEvery === solvedEvery - 1) run.solve();
    run.learn(click, live);
    if (click.index + 1 < click.session.items.length) run.predict(click);
  });
  return run.report(trainItems);
}

interface Click {
  session: FileSession;
  index: number;
  at: number;
}

function inSessions(sessions: readonly FileSession[]): Click[] {
  return sessions.flatMap((session) => session.at.map((at, index) => ({ session, index, at })));
}

function inTime(sessions: readonly FileSession[]): Click[] {
  return inSessions(sessions).toSorted((x, y) => x.at - y.at);
}

/** Live, the ranker's weights are solved again after so many clicks. */
const solvedEvery = 2_000;
const lanes = new Uint32Array(digestLanes);

/** The sums, the states of the users met so far, and what was measured. */
class Run {
  readonly #models = new Models();
  readonly #ranker: Ranker;
  readonly #definitions: Definitions;
  readonly #states = new Map<FileSession, UserState>();
  readonly #metrics: Metrics;
  readonly #k: number;
  readonly #every: number;
  #theta: ThetaView | undefined;
  readonly #predictUs: number[] = [];
  readonly #updateUs: number[] = [];

  constructor(k: number, excludeCurrent: boolean, settings: EvalConfig) {
    this.#k = k;
    this.#every = settings.ranker.every;
    this.#metrics = new Metrics(k);
    this.#ranker = new Ranker(sourcesOf(settings.neighbours, settings.rules));
    this.#definitions = {
      version: 0,
      placements: {
        "up-next": {
          ...builtInDefinitions.placements["up-next"]!,
          sources: settings.sources,
          exclude: excludeCurrent ? ["current"] : [],
        },
      },
    };
  }

  /** Folds a click; `isShared` adds what it contributes to the sums. */
  learn({ session, index }: Click, isShared: boolean): void {
    const started = performance.now();
    const record = recordOf(session, index);
    const applied = apply(this.#states.get(session), record, limits);
    if (applied.refold) throw new Error(`session ${session.id} is not sorted by time`);
    if (isShared) this.#models.addAll(applied.contributions);
    if (isShared) this.#updateUs.push((performance.now() - started) * 1000);
    if (index + 1 < session.items.length) this.#states.set(session, applied.state);
    else this.#states.delete(session);
  }

  /**
   * Makes a row of a click that is not learned yet: what the answer would have looked at just before, with the
   * item clicked as the target. Which clicks is a matter of hashes, and so is which others go along.
   */
  addRow({ session, index }: Click): void {
    const state = this.#states.get(session);
    if (state === undefined || this.#every === 0) return;
    hashString(`${session.id}:${index}`, lanes, 0);
    if (lanes[0]! % this.#every !== 0) return;
    const request = { placement: "up-next", limit: this.#k, now: session.at[index - 1]! };
    const features = this.#ranker.look(
      state,
      this.#models,
      Catalogue.empty,
      this.#definitions,
      request,
    );
    const target = this.#models.items.find(session.items[index]!);
    const row = rowOf(features, target, lanes[1]!);
    if (row !== undefined)
      this.#models.add({ model: "ranker", placement: "up-next", row, delta: 1 });
  }

  solve(): void {
    this.#theta = solveThetas(this.#models.ranker, 0);
  }

  predict({ session, index, at }: Click): void {
    const state = this.#states.get(session);
    const permit = permitFor(state, policy, "personalization", 0);
    const request = { placement: "up-next", limit: this.#k, now: at };
    const started = performance.now();
    const answer = this.#ranker.recommend(
      permit,
      state,
      this.#models,
      Catalogue.empty,
      this.#definitions,
      request,
      undefined,
      undefined,
      this.#theta,
    );
    this.#predictUs.push((performance.now() - started) * 1000);
    const list = answer.items.map(({ item }) => item);
    this.#metrics.add(list, session.items.slice(index + 1));
  }

  report(trainItems: number): EvalReport {
    return {
      ...this.#metrics.report(trainItems),
      rankerRows: this.#models.ranker.rows("up-next", featureVersion),
      predictUsP50: quantile(this.#predictUs, 0.5),
      predictUsP99: quantile(this.#predictUs, 0.99),
      updateUsP50: quantile(this.#updateUs, 0.5),
      updateUsP99: quantile(this.#updateUs, 0.99),
    };
  }
}
