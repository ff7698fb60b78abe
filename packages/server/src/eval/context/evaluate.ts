/**
 * What circumstances are worth, through the path that serves: the world's plays are folded and summed, then
 * every user begins one more session, and the ranker is asked what comes next, once without context and once
 * with it. The reward of a list is the true share of the next play that it holds, and lift is the reward that
 * knowing the circumstances adds. Two oracles know the true factors: one has only those, and multiplies with
 * them the scores of the ranker's answer without context; the other knows tastes and popularity as well, and
 * its lift is over its own list for circumstances unknown.
 */
import type { Context, InteractionEvent } from "@attune/protocol";
import { recordSchema } from "../../base/record.ts";
import { apply, type FoldRecord } from "../../core/fold/apply.ts";
import { permitFor, purposeBit } from "../../core/fold/consent.ts";
import { foldLimits, type UserState } from "../../core/fold/state.ts";
import { Catalogue } from "../../core/rank/catalogue.ts";
import { builtInDefinitions } from "../../core/rank/placement.ts";
import { Ranker } from "../../core/rank/recommend.ts";
import { Models } from "../../core/sum/models.ts";
import { subjectOf } from "../record.ts";
import { playMs, type Visit, World, type WorldOptions } from "./world.ts";

export interface ContextOptions extends WorldOptions {
  k?: number | undefined;
  placement?: string | undefined;
  /** What a request says in place of the truth: for planted faults. */
  stated?: ((context: Context) => Context) | undefined;
}

export interface ContextReport {
  plays: number;
  asked: number;
  /** Mean share of the next play in the list. */
  blind: number;
  withContext: number;
  /** The same of the oracle of effects. */
  effects: number;
  /** And of the one that knows all, without and with the circumstances. */
  allBlind: number;
  all: number;
  /** Mean lift over the answer without context, and half of its 95 % interval. */
  lift: number;
  liftHalf: number;
  /** Share of the lift of each oracle. */
  ofEffects: number;
  ofAll: number;
}

const policy = { bases: { personalization: "legitimate-interest" } } as const;
const hourMs = 3_600_000;

export function evaluateContext(options: ContextOptions): ContextReport {
  const { k = 10, placement = "up-next", stated = (context: Context) => context } = options;
  const world = new World(options);
  const run = new Run();
  for (const visit of world.visits) run.learn(visit, visit.items.length);
  const rewards: Rewards = { blind: [], withContext: [], effects: [], allBlind: [], all: [] };
  for (let user = 0; user < options.users; user++) {
    const visit = world.visit(user, options.sessionsOfUser);
    run.learn(visit, 1);
    const shares = world.shares(user, visit);
    const blind = run.ask(visit, placement, undefined);
    const known = run.ask(visit, placement, stated(visit.context));
    const ideal = blind
      .map(({ item, score }) => ({ item, score: score * world.effect(item, visit.indices) }))
      .toSorted((a, b) => b.score - a.score);
    const reward = (list: readonly { item: number }[]): number =>
      list.slice(0, k).reduce((sum, { item }) => sum + shares[item]!, 0);
    rewards.blind.push(reward(blind));
    rewards.withContext.push(reward(known));
    rewards.effects.push(reward(ideal));
    rewards.allBlind.push(reward(ranked(world.blindShares(user), visit)));
    rewards.all.push(reward(ranked(shares, visit)));
  }
  return reportOf(run.plays, rewards);
}

type Rewards = Record<"blind" | "withContext" | "effects" | "allBlind" | "all", number[]>;

/** The items by their shares; the one that is playing is left out, as it is in the answers. */
function ranked(shares: Float64Array, { items }: Visit): { item: number }[] {
  return Array.from(shares, (score, item) => ({ item, score }))
    .filter(({ item }) => item !== items[0])
    .toSorted((a, b) => b.score - a.score);
}

function reportOf(plays: number, rewards: Rewards): ContextReport {
  const { blind } = rewards;
  const means = {
    blind: meanOf(blind),
    withContext: meanOf(rewards.withContext),
    effects: meanOf(rewards.effects),
    allBlind: meanOf(rewards.allBlind),
    all: meanOf(rewards.all),
  };
  const lifts = rewards.withContext.map((reward, i) => reward - blind[i]!);
  const lift = meanOf(lifts);
  const variance = meanOf(lifts.map((one) => (one - lift) ** 2));
  return {
    plays,
    asked: blind.length,
    ...means,
    lift,
    liftHalf: 1.96 * Math.sqrt(variance / blind.length),
    ofEffects: lift / (means.effects - means.blind),
    ofAll: lift / (means.all - means.allBlind),
  };
}

class Run {
  plays = 0;
  readonly #models = new Models();
  readonly #states = new Map<number, UserState>();
  readonly #ranker = new Ranker();

  learn(visit: Visit, count: number): void {
    for (let index = 0; index < count; index++) {
      const record = recordOf(visit, index);
      this.#models.advance(Math.floor(record.header.at / hourMs));
      const applied = apply(this.#states.get(visit.user), record, foldLimits);
      if (applied.refold) throw new Error("the world is in order of time");
      this.#states.set(visit.user, applied.state);
      this.#models.addAll(applied.contributions);
      this.plays++;
    }
  }

  /** The items that could be shown now, best first. */
  ask(visit: Visit, placement: string, context: Context | undefined) {
    const state = this.#states.get(visit.user);
    const permit = permitFor(state, policy, "personalization", 0);
    const request = { placement, limit: 200, now: visit.at, context };
    return this.#ranker
      .recommend(permit, state, this.#models, Catalogue.empty, builtInDefinitions, request)
      .items.map(({ item, score }) => ({ item: Number(item), score }));
  }
}

function recordOf({ user, at, items, context }: Visit, index: number): FoldRecord {
  const item = String(items[index]!);
  const payload: InteractionEvent = { type: "play", item, strength: 1, context };
  const time = at + index * playMs;
  const header = {
    schema: recordSchema,
    kind: "event" as const,
    tenant: 1,
    subject: subjectOf(`listener ${user}`),
    identity: "verified" as const,
    purposes: purposeBit("personalization"),
    merged: false,
    source: "world",
    at: time,
    receivedAt: time,
    messageHash: "",
  };
  return { header, payload };
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}
