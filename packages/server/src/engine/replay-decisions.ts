import type { Decision } from "@attune/protocol";
import { nobody, type LogRecord } from "../base/record.ts";
import { permitFor } from "../core/fold/consent.ts";
import type { FoldLimits } from "../core/fold/state.ts";
import { replayDecision } from "../core/rank/decision.ts";
import type { EaseView } from "../core/rank/ease.ts";
import type { ThetaView } from "../core/rank/learned/theta.ts";
import type { Log } from "../log/log.ts";
import { payloadOf } from "./payload.ts";
import { Replay } from "./verify.ts";
import { ViewsAgain } from "./views/again.ts";

/**
 * `equal`: answered again from the log, bit for bit the same. `erased`: another answer, and somebody was
 * forgotten since: the logged list is what stands. `different`: another answer without such a reason: a fault.
 */
export interface ReplayedDecision {
  decision: Decision;
  tenant: number;
  subject: string;
  outcome: "equal" | "erased" | "different";
}

/**
 * Answers every logged decision (or those chosen) again at its position and compares item by item. A view that
 * a decision was made with is made once more, at its own position: seconds of work for each at full size.
 */
export async function replayDecisions(
  log: Log,
  limits: Readonly<FoldLimits>,
  isChosen: (decision: Decision) => boolean = () => true,
): Promise<ReplayedDecision[]> {
  const { byPosition, lastErasure } = await collect(log, isChosen);
  const views = new ViewsAgain([...byPosition.values()].flat());
  const replay = new Replay(log, limits);
  const results: ReplayedDecision[] = [];
  await replay.run(Number.MAX_SAFE_INTEGER, (seq) => {
    views.make(replay, seq);
    for (const record of byPosition.get(seq) ?? []) {
      const decision = payloadOf(record, "decision");
      const { ease, theta } = views.of(record.tenant, decision);
      const isEqual = answerAgain(replay, record, decision, ease, theta);
      const wasErased = (lastErasure.get(record.tenant) ?? 0) > seq;
      const outcome = isEqual ? "equal" : wasErased ? "erased" : "different";
      results.push({ decision, tenant: record.tenant, subject: record.subject, outcome });
    }
    views.release(seq);
  });
  return results;
}

async function collect(log: Log, isChosen: (decision: Decision) => boolean) {
  const byPosition = new Map<number, LogRecord[]>();
  const lastErasure = new Map<number, number>();
  for await (const commit of log.read(0)) {
    for (const record of commit.records) {
      if (record.kind === "forget") lastErasure.set(record.tenant, record.seq);
      if (record.kind !== "decision" || record.merged) continue;
      const decision = payloadOf(record, "decision");
      if (decision.shadow !== undefined || !isChosen(decision)) continue;
      const at = byPosition.get(decision.statePosition) ?? [];
      byPosition.set(decision.statePosition, [...at, record]);
    }
  }
  return { byPosition, lastErasure };
}

function answerAgain(
  replay: Replay,
  record: LogRecord,
  decision: Decision,
  ease: EaseView | undefined,
  theta: ThetaView | undefined,
): boolean {
  const tenant = replay.tenant(record.tenant);
  const state = record.subject === nobody ? undefined : replay.state(record.tenant, record.subject);
  const permit = permitFor(state, tenant.policy, "personalization", replay.seq);
  const { ranker, models, catalogue, definitions } = tenant;
  const replayed = replayDecision(
    decision,
    ranker,
    permit,
    state,
    models,
    catalogue,
    definitions,
    ease,
    theta,
  );
  return replayed.outcome === "equal";
}
