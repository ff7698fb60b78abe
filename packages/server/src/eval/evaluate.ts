/**
 * Next-item evaluation on a file, through the very path that serves: every click is folded, its contributions
 * are summed, and each prefix of a test session is answered by the ranker's `up-next`. Each session is a user
 * of its own. Static: the sums hold train alone. Live: in the order of time each test click is learned and
 * then the next one predicted, the asker's own sessions being no neighbours of theirs; now is the prefix's end.
 */
import { foldLimits } from "../core/fold/state.ts";
import type { ThetaView } from "../core/rank/learned/theta.ts";
import { type EvalConfig, shippedConfig } from "./configuration.ts";
import { Metrics, quantile, type Report, seedDefault } from "./metrics.ts";
import { recordOf } from "./record.ts";
import { Serving } from "./serving.ts";
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
  /** Of the intervals. */
  seed?: number | undefined;
  /** Told now and then how many clicks of how many are done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
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

/** Of clicks, to tell how far a run is. */
const toldEvery = 256;

export function evaluate(options: EvalOptions): EvalReport {
  const { k = 20, live = false, noRepeats = false, settings = shippedConfig } = options;
  const train = noRepeats ? withoutRepeats(options.train) : options.train;
  const test = noRepeats ? withoutRepeats(options.test) : options.test;
  const run = new Run(k, noRepeats || options.excludeCurrent === true, settings);
  const [learned, asked] = [inTime(train), (live ? inTime : inSessions)(test)];
  const total = learned.length + asked.length;
  const tell = (done: number): void => {
    if (done % toldEvery === 0) options.onProgress?.(done, total);
  };
  learned.forEach((click, at, clicks) => {
    tell(at);
    if (at >= clicks.length * settings.ranker.from) run.addRow(click);
    run.learn(click, true);
  });
  run.solve();
  const trainItems = new Set(train.flatMap(({ items }) => items)).size;
  asked.forEach((click, at) => {
    tell(learned.length + at);
    if (live) run.addRow(click);
    if (live && at % solvedEvery === solvedEvery - 1) run.solve();
    run.learn(click, live);
    if (click.index + 1 < click.session.items.length) run.predict(click);
  });
  return run.report(trainItems, options.seed ?? seedDefault);
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

/** The sums, the states of the users met so far, and what was measured. */
class Run {
  readonly #serving: Serving<FileSession>;
  readonly #metrics: Metrics;
  #theta: ThetaView | undefined;
  readonly #predictUs: number[] = [];
  readonly #updateUs: number[] = [];

  constructor(k: number, excludeCurrent: boolean, settings: EvalConfig) {
    this.#metrics = new Metrics(k);
    const exclude = excludeCurrent ? (["current"] as const) : [];
    this.#serving = new Serving({ settings, exclude, limits, k });
  }

  /** Folds a click; `isShared` adds what it contributes to the sums. */
  learn({ session, index }: Click, isShared: boolean): void {
    const started = performance.now();
    if (index > 0 && session.at[index]! < session.at[index - 1]!)
      throw new Error(`session ${session.id} is not sorted by time`);
    this.#serving.learn(session, recordOf(session, index), isShared);
    if (isShared) this.#updateUs.push((performance.now() - started) * 1000);
    if (index + 1 === session.items.length) this.#serving.drop(session);
  }

  /** Before the click is learned. */
  addRow({ session, index }: Click): void {
    if (index === 0) return;
    const name = `${session.id}:${index}`;
    this.#serving.addRow(session, name, session.items[index]!, session.at[index - 1]!);
  }

  solve(): void {
    this.#theta = this.#serving.solve();
  }

  predict({ session, index, at }: Click): void {
    const started = performance.now();
    const answer = this.#serving.answer(this.#serving.state(session), at, this.#theta);
    this.#predictUs.push((performance.now() - started) * 1000);
    const list = answer.map(({ item }) => item);
    this.#metrics.add(list, session.items.slice(index + 1), session);
  }

  report(trainItems: number, seed: number): EvalReport {
    return {
      ...this.#metrics.report(trainItems, seed),
      rankerRows: this.#serving.rankerRows,
      predictUsP50: quantile(this.#predictUs, 0.5),
      predictUsP99: quantile(this.#predictUs, 0.99),
      updateUsP50: quantile(this.#updateUs, 0.5),
      updateUsP99: quantile(this.#updateUs, 0.99),
    };
  }
}
