/**
 * Whether a session ends here, on a file of sessions and through the path that serves: train is folded and
 * summed, then after each click of a test session the prediction is asked for. Each session is a user of its
 * own. Beside it stand the base rate and the last action: how often sessions end after that long a pause.
 */
import { apply } from "../../core/fold/apply.ts";
import { permitFor } from "../../core/fold/consent.ts";
import { foldLimits, type UserState } from "../../core/fold/state.ts";
import { predict } from "../../core/rank/predict.ts";
import { Models } from "../../core/sum/models.ts";
import { recordOf } from "../record.ts";
import type { FileSession } from "../session-file.ts";
import { type Outcome, type Quality, qualityOf } from "./calibration.ts";

export interface SessionEndReport {
  predictions: number;
  /** Share of the clicks of train that were their session's last. */
  baseRate: number;
  predicted: Quality;
  lastAction: Quality;
  base: Quality;
  /** Without the first click of a session, which is never the last in files that drop sessions of one. */
  laterPredictions: number;
  later: Quality;
  laterLastAction: Quality;
}

/** A file's session ends where the file says: no idle gap cuts it. */
const limits = Object.freeze({ ...foldLimits, sessionIdleMs: 2 ** 45 });
const policy = { bases: { personalization: "legitimate-interest" } } as const;

export function evaluateSessionEnd(
  train: readonly FileSession[],
  test: readonly FileSession[],
): SessionEndReport {
  const models = new Models();
  const last = new LastAction();
  for (const session of train) {
    fold(session, (_, cells) => models.addAll(cells));
    session.items.forEach((_, index) => last.learn(session, index));
  }
  const said = { predicted: [] as Outcome[], lastAction: [] as Outcome[], base: [] as Outcome[] };
  const isLater: boolean[] = [];
  for (const session of test) {
    let index = 0;
    fold(session, (state) => {
      const isTrue = index === session.items.length - 1;
      const permit = permitFor(state, policy, "personalization", 0);
      const { pSessionEnd } = predict(permit, state, models, [], session.at[index]!, limits);
      said.predicted.push({ p: (pSessionEnd ?? 0) / 1000, isTrue });
      said.lastAction.push({ p: last.rate(session, index), isTrue });
      said.base.push({ p: last.baseRate, isTrue });
      isLater.push(index > 0);
      index++;
    });
  }
  const later = (outcomes: readonly Outcome[]) => outcomes.filter((_, at) => isLater[at]);
  return {
    predictions: isLater.length,
    baseRate: last.baseRate,
    predicted: qualityOf(said.predicted),
    lastAction: qualityOf(said.lastAction),
    base: qualityOf(said.base),
    laterPredictions: isLater.filter(Boolean).length,
    later: qualityOf(later(said.predicted)),
    laterLastAction: qualityOf(later(said.lastAction)),
  };
}

type Cells = Extract<ReturnType<typeof apply>, { refold: false }>["contributions"];

function fold(session: FileSession, each: (state: UserState, cells: Cells) => void): void {
  let state: UserState | undefined;
  for (let index = 0; index < session.items.length; index++) {
    const applied = apply(state, recordOf(session, index), limits);
    if (applied.refold) throw new Error(`session ${session.id} is not sorted by time`);
    state = applied.state;
    each(state, applied.contributions);
  }
}

/** The pause before a click in five classes, and none before it: the plainest thing to go by. */
const pauses = [15_000, 60_000, 180_000, 600_000];

class LastAction {
  readonly #counts = Array.from({ length: pauses.length + 2 }, () => ({ all: 0, ended: 0 }));

  learn(session: FileSession, index: number): void {
    const count = this.#countOf(session, index);
    count.all++;
    count.ended += Number(index === session.items.length - 1);
  }

  rate(session: FileSession, index: number): number {
    const { all, ended } = this.#countOf(session, index);
    return all === 0 ? this.baseRate : ended / all;
  }

  get baseRate(): number {
    const all = this.#counts.reduce((sum, count) => sum + count.all, 0);
    return this.#counts.reduce((sum, count) => sum + count.ended, 0) / Math.max(1, all);
  }

  #countOf({ at }: FileSession, index: number) {
    if (index === 0) return this.#counts[0]!;
    const pause = at[index]! - at[index - 1]!;
    return this.#counts[1 + pauses.filter((bound) => pause >= bound).length]!;
  }
}
