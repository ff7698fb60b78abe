/**
 * Whether the next play is skipped, in a world with hidden factors and through the path that serves: evenings
 * are folded and summed, then on one more evening of every user each play is predicted before it happens. Beside
 * it stand the base rate, the last action (whether the play before was skipped) and the oracle, which knows the
 * chance itself. And what the ranker makes of it: how often the head of an answer would be skipped in an even
 * mood, with the risk taken in and without.
 */
import type { InteractionEvent } from "@attune/protocol";
import { recordSchema } from "../../base/record.ts";
import { apply, type FoldRecord } from "../../core/fold/apply.ts";
import { permitFor, purposeBit } from "../../core/fold/consent.ts";
import { foldLimits, type UserState } from "../../core/fold/state.ts";
import { Catalogue } from "../../core/rank/catalogue.ts";
import { builtInDefinitions } from "../../core/rank/placement.ts";
import { predict } from "../../core/rank/predict.ts";
import { Ranker } from "../../core/rank/recommend.ts";
import { Models } from "../../core/sum/models.ts";
import { subjectOf } from "../record.ts";
import { type Outcome, type Quality, qualityOf } from "./calibration.ts";
import { type Listening, type Play, SkipWorld, type SkipWorldOptions } from "./skip-world.ts";

export interface SkipReport {
  plays: number;
  predictions: number;
  baseRate: number;
  predicted: Quality;
  lastAction: Quality;
  base: Quality;
  oracle: Quality;
  /** Mean chance of a skip over the first ten of the answers, and half of the interval of their difference. */
  headSkips: number;
  headSkipsWithoutRisk: number;
  differenceHalf: number;
}

const policy = { bases: { personalization: "legitimate-interest" } } as const;
const head = 10;

export function evaluateSkips(options: SkipWorldOptions): SkipReport {
  const world = new SkipWorld(options);
  const run = new Run();
  for (let n = 0; n < options.sessionsOfUser; n++) {
    for (let user = 0; user < options.users; user++) run.learn(world.listening(user, n));
  }
  const said = { predicted: [], lastAction: [], base: [], oracle: [] } as Record<string, Outcome[]>;
  const heads: { withRisk: number; without: number }[] = [];
  for (let user = 0; user < options.users; user++) {
    const { plays } = world.listening(user, options.sessionsOfUser);
    for (const [index, play] of plays.entries()) {
      const isTrue = play.isSkipped;
      const before = index === 0 ? undefined : plays[index - 1]!.isSkipped;
      said["predicted"]!.push({ p: run.pSkip(user, play), isTrue });
      said["lastAction"]!.push({ p: run.rateAfter(before), isTrue });
      said["base"]!.push({ p: run.rateAfter(undefined), isTrue });
      said["oracle"]!.push({ p: play.chance, isTrue });
      run.fold(user, play);
    }
    heads.push(run.heads(user, plays.at(-1)!.at, (item) => world.chance(item, 0)));
  }
  return reportOf(run, said, heads);
}

function reportOf(
  run: Run,
  said: Readonly<Record<string, Outcome[]>>,
  heads: readonly { withRisk: number; without: number }[],
): SkipReport {
  const mean = (numbers: readonly number[]) =>
    numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
  const differences = heads.map(({ withRisk, without }) => withRisk - without);
  const variance = mean(differences.map((one) => (one - mean(differences)) ** 2));
  return {
    plays: run.plays,
    predictions: said["base"]!.length,
    baseRate: run.rateAfter(undefined),
    predicted: qualityOf(said["predicted"]!),
    lastAction: qualityOf(said["lastAction"]!),
    base: qualityOf(said["base"]!),
    oracle: qualityOf(said["oracle"]!),
    headSkips: mean(heads.map(({ withRisk }) => withRisk)),
    headSkipsWithoutRisk: mean(heads.map(({ without }) => without)),
    differenceHalf: 1.96 * Math.sqrt(variance / heads.length),
  };
}

class Run {
  plays = 0;
  readonly #models = new Models();
  readonly #states = new Map<number, UserState>();
  readonly #ranker = new Ranker();
  /** After no play, a heard and a skipped one: plays, and skipped ones; of train. */
  readonly #after = [0, 1, 2].map(() => ({ plays: 0, skipped: 0 }));

  learn({ user, plays }: Listening): void {
    for (const [index, play] of plays.entries()) {
      this.fold(user, play);
      this.plays++;
      const count = this.#after[index === 0 ? 0 : plays[index - 1]!.isSkipped ? 2 : 1]!;
      count.plays++;
      count.skipped += Number(play.isSkipped);
    }
  }

  /** The play, and what became of it, as the events that a player sends. */
  fold(user: number, { item, at, isSkipped }: Play): void {
    const end: InteractionEvent = isSkipped
      ? { type: "skip", item: String(item), strength: -2 }
      : { type: "complete", item: String(item), strength: 2 };
    this.#take(user, { type: "play", item: String(item), strength: 1 }, at);
    this.#take(user, end, at + (isSkipped ? 15_000 : 190_000));
  }

  #take(user: number, payload: InteractionEvent, at: number): void {
    const applied = apply(this.#states.get(user), recordOf(user, payload, at), foldLimits);
    if (applied.refold) throw new Error("the world is in order of time");
    this.#states.set(user, applied.state);
    this.#models.addAll(applied.contributions);
  }

  pSkip(user: number, { item, at }: Play): number {
    const state = this.#states.get(user);
    const permit = permitFor(state, policy, "personalization", 0);
    const { pSkip } = predict(permit, state, this.#models, [String(item)], at);
    return (pSkip?.[0] ?? 0) / 1000;
  }

  /** Of plays after a heard or a skipped one; without either, of all. */
  rateAfter(wasSkipped: boolean | undefined): number {
    const counts = wasSkipped === undefined ? this.#after : [this.#after[wasSkipped ? 2 : 1]!];
    const plays = counts.reduce((sum, count) => sum + count.plays, 0);
    return counts.reduce((sum, count) => sum + count.skipped, 0) / Math.max(1, plays);
  }

  heads(user: number, now: number, chanceOf: (item: number) => number) {
    const state = this.#states.get(user);
    const permit = permitFor(state, policy, "personalization", 0);
    const request = { placement: "up-next", limit: 200, now };
    const { items } = this.#ranker.recommend(
      permit,
      state,
      this.#models,
      Catalogue.empty,
      builtInDefinitions,
      request,
      Number.POSITIVE_INFINITY,
    );
    const scored = items.map(({ item, score, reasons }) => {
      const risk = reasons.find(({ source }) => source === "skips")?.share ?? 0;
      return { chance: chanceOf(Number(item)), score, before: score - risk };
    });
    const mean = (list: readonly { chance: number }[]) =>
      list.slice(0, head).reduce((sum, { chance }) => sum + chance, 0) / head;
    const without = mean(scored.toSorted((a, b) => b.before - a.before));
    return { withRisk: mean(scored), without };
  }
}

function recordOf(user: number, payload: InteractionEvent, at: number): FoldRecord {
  const header = {
    schema: recordSchema,
    kind: "event" as const,
    tenant: 1,
    subject: subjectOf(`listener ${user}`),
    identity: "verified" as const,
    purposes: purposeBit("personalization"),
    merged: false,
    source: "world",
    at,
    receivedAt: at,
    messageHash: "",
  };
  return { header, payload };
}
