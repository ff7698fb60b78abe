/**
 * The logged answers of a placement, what came of each, and what another configuration would have shown: every
 * request is answered again where it stood in the log, from what was known then. It appends nothing.
 */
import type { Decision, InteractionEvent } from "@attune/protocol";
import { type LogRecord, nobody } from "../../base/record.ts";
import { hasPurpose, permitFor } from "../../core/fold/consent.ts";
import { expose, markOutcome, markSeen } from "../../core/fold/exposures.ts";
import { emptyState, type FoldLimits, type UserState } from "../../core/fold/state.ts";
import { replayDecision } from "../../core/rank/decision.ts";
import { type Definitions, findPlacement } from "../../core/rank/placement.ts";
import { payloadOf } from "../../engine/payload.ts";
import { Replay } from "../../engine/verify.ts";
import { ViewsAgain } from "../../engine/views/again.ts";
import type { LoggedAnswer } from "../../eval/off-policy/slots.ts";
import type { Log } from "../../log/log.ts";

/** Bits of `Exposure.outcomes` that a slot earns by. */
export const outcomeBits = { click: 2, complete: 4, skip: 8, purchase: 16 } as const;
export type LabOutcome = keyof typeof outcomeBits;

export interface Question {
  tenant: number;
  placement: string;
  outcome: LabOutcome;
  /** The documents and the placement to answer by instead. */
  asked: { definitions: Definitions; placement: string };
}

export interface LoggedAnswers {
  answers: LoggedAnswer[];
  /** Decisions of the placement, and why some of them do not count. */
  decisions: number;
  leftOut: {
    /** Answers to nobody in particular: what followed cannot be told. */
    strangers: number;
    /** No slot was reported as seen, by `seen` or by what followed. */
    unseen: number;
    /** A list already on screen was kept, so what was shown is not what was drawn. */
    held: number;
    /** Other code, or other documents, than made them. */
    differing: number;
    /** What a drawn slot was drawn from comes out otherwise, since somebody was forgotten. */
    redrawn: number;
  };
  /** Answers that came out bit for bit as logged when the log was replayed. */
  replayed: number;
}

/** Reads the log twice: for what followed, then to answer again. `progress` gets the commit of the second. */
export async function loggedAnswers(
  log: Log,
  limits: Readonly<FoldLimits>,
  question: Question,
  progress: (seq: number) => void = () => undefined,
): Promise<LoggedAnswers> {
  const { decisions, outcomesOf } = await collect(log, limits, question);
  const leftOut = { strangers: 0, unseen: 0, held: 0, differing: 0, redrawn: 0 };
  const result: LoggedAnswers = { answers: [], decisions: decisions.length, leftOut, replayed: 0 };
  const byPosition = new Map<number, Followed[]>();
  for (const { record, decision } of decisions) {
    const outcomes = outcomesOf(decision.id);
    if (record.subject === nobody) leftOut.strangers += 1;
    else if (decision.shown !== undefined) leftOut.held += 1;
    else if (!outcomes.some((bits) => bits !== 0)) leftOut.unseen += 1;
    else {
      const at = byPosition.get(decision.statePosition);
      if (at === undefined)
        byPosition.set(decision.statePosition, [{ record, decision, outcomes }]);
      else at.push({ record, decision, outcomes });
    }
  }
  if (byPosition.size === 0) return result;
  const replay = new Replay(log, limits);
  const views = new ViewsAgain([...byPosition.values()].flat().map(({ record }) => record));
  const asked = { ...question.asked, definitions: withoutChance(question.asked) };
  const people = new Map<string, number>();
  await replay.run(last(byPosition.keys()), (seq) => {
    progress(seq);
    views.make(replay, seq);
    for (const followed of byPosition.get(seq) ?? [])
      answerAgain(replay, views, followed, { ...question, asked }, people, result);
    views.release(seq);
  });
  return result;
}

interface Followed {
  record: LogRecord;
  decision: Decision;
  /** Bits by slot. */
  outcomes: readonly number[];
}

function last(positions: Iterable<number>): number {
  let last = 0;
  for (const position of positions) last = Math.max(last, position);
  return last;
}

/** Only the best list of a configuration can be weighed, not what it would draw by chance itself. */
function withoutChance({ definitions, placement }: Question["asked"]): Definitions {
  const asked = findPlacement(definitions, placement);
  if (asked === undefined) return definitions;
  const placements = {
    ...definitions.placements,
    [placement]: { ...asked, exploration: undefined, tailShuffle: undefined },
  };
  return { ...definitions, placements };
}

function answerAgain(
  replay: Replay,
  views: ViewsAgain,
  { record, decision, outcomes }: Followed,
  { asked, outcome }: Question,
  people: Map<string, number>,
  result: LoggedAnswers,
): void {
  const { policy, ranker, models, catalogue, definitions } = replay.tenant(record.tenant);
  const state = replay.state(record.tenant, record.subject);
  const permit = permitFor(state, policy, "personalization", replay.seq);
  const { ease, theta } = views.of(record.tenant, decision);
  const made = [permit, state, models, catalogue] as const;
  const again = replayDecision(decision, ranker, ...made, definitions, ease, theta);
  if (again.outcome === "inputs differ") {
    result.leftOut.differing += 1;
    return;
  }
  const { slots } = decision;
  const arms = slots.map((_, slot) => ranker.armsAt(slot));
  const pools = slots.map((_, slot) => ranker.poolAt(slot));
  // A draw can be weighed only beside everything else that might have been drawn.
  const mayHold = ({ item, propensity }: Decision["slots"][number], slot: number): boolean =>
    propensity === 1 || arms[slot]!.includes(item) || pools[slot]!.includes(item);
  if (!slots.every(mayHold)) {
    result.leftOut.redrawn += 1;
    return;
  }
  if (again.outcome === "equal") result.replayed += 1;
  const request = { ...decision.request, placement: asked.placement };
  const { items } = ranker.recommend(...made, asked.definitions, request, undefined, ease, theta);
  if (!people.has(record.subject)) people.set(record.subject, people.size);
  const bit = outcomeBits[outcome];
  result.answers.push({
    cluster: people.get(record.subject)!,
    slots: slots.map(({ item, propensity }, slot) => ({
      item,
      propensity,
      reward: (outcomes[slot]! & bit) === 0 ? 0 : 1,
      arms: arms[slot]!,
      ...(pools[slot]!.length > 0 && { pool: pools[slot]! }),
    })),
    target: items.map(({ item, propensity }) => ({ item, propensity })),
  });
}

/** The placement's decisions, and what followed by the rules of the fold, but of all decisions, not the newest. */
async function collect(log: Log, foldLimits: Readonly<FoldLimits>, question: Question) {
  const limits = { ...foldLimits, exposuresMax: Infinity };
  const states = new Map<string, UserState>();
  let decisions: { record: LogRecord; decision: Decision }[] = [];
  for await (const commit of log.read(0)) {
    for (const record of commit.records) {
      if (record.tenant !== question.tenant) continue;
      if (record.kind === "forget" && payloadOf(record, "forget").scope === "all") {
        // Gone for good, also while the log still holds the bytes.
        states.delete(record.subject);
        decisions = decisions.filter((one) => one.record.subject !== record.subject);
      } else if (record.kind === "decision") {
        const decision = payloadOf(record, "decision");
        if (decision.shadow !== undefined) continue;
        if (record.subject !== nobody)
          expose(stateOf(states, record), decision, record.at, limits, undefined);
        if (!record.merged && decision.request.placement === question.placement)
          decisions.push({ record, decision });
      } else if (record.kind === "event" && hasPurpose(record.purposes, "analytics")) {
        const event = payloadOf(record, "event") as InteractionEvent;
        if (event.type === "seen") markSeen(stateOf(states, record), event, undefined);
        else if (event.item !== undefined)
          markOutcome(stateOf(states, record), event, record.at, limits, undefined);
      }
    }
  }
  return { decisions, outcomesOf: outcomesBy(states.values()) };
}

function stateOf(states: Map<string, UserState>, { tenant, subject }: LogRecord): UserState {
  const known = states.get(subject) ?? emptyState(tenant, subject);
  states.set(subject, known);
  return known;
}

/** By decision: what followed under an anonymous id and under the known one it was merged into is one. */
function outcomesBy(states: Iterable<UserState>) {
  const byDecision = new Map<string, number[]>();
  for (const { exposures } of states) {
    for (const { decisionId, outcomes } of exposures) {
      const known = byDecision.get(decisionId);
      if (known === undefined) byDecision.set(decisionId, outcomes);
      else outcomes.forEach((bits, slot) => (known[slot]! |= bits));
    }
  }
  return (decisionId: string): readonly number[] => byDecision.get(decisionId) ?? [];
}
