import type { Decision } from "@attune/protocol";
import { nobody, type LogRecord } from "../base/record.ts";
import { permitFor } from "../core/fold/consent.ts";
import type { FoldLimits } from "../core/fold/state.ts";
import { replayDecision } from "../core/rank/decision.ts";
import { easeSeq, type EaseView, solveEase } from "../core/rank/ease.ts";
import { solveThetas, thetaSeq, type ThetaView } from "../core/rank/learned/theta.ts";
import type { Models } from "../core/sum/models.ts";
import type { Log } from "../log/log.ts";
import { payloadOf } from "./payload.ts";
import { Replay } from "./verify.ts";

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
  const eases = new ViewsAgain<EaseView>(kinds.ease, byPosition);
  const thetas = new ViewsAgain<ThetaView>(kinds.theta, byPosition);
  const replay = new Replay(log, limits);
  const results: ReplayedDecision[] = [];
  await replay.run(Number.MAX_SAFE_INTEGER, (seq) => {
    eases.make(replay, seq);
    thetas.make(replay, seq);
    for (const record of byPosition.get(seq) ?? []) {
      const decision = payloadOf(record, "decision");
      const ease = eases.find(record.tenant, decision);
      const theta = thetas.find(record.tenant, decision);
      const isEqual = answerAgain(replay, record, decision, ease, theta);
      const wasErased = (lastErasure.get(record.tenant) ?? 0) > seq;
      const outcome = isEqual ? "equal" : wasErased ? "erased" : "different";
      results.push({ decision, tenant: record.tenant, subject: record.subject, outcome });
    }
    eases.release(seq);
    thetas.release(seq);
  });
  return results;
}

/** The two kinds of views: how a decision names one, and how it is made at its position. */
const kinds = {
  ease: {
    seqOf: easeSeq,
    solve: ({ cooccurrence }: Models, seq: number) => solveEase(cooccurrence, seq),
  },
  theta: { seqOf: thetaSeq, solve: ({ ranker }: Models, seq: number) => solveThetas(ranker, seq) },
} as const;

/** The views of a kind that decisions name, each held from its own position to the last decision made with it. */
class ViewsAgain<V> {
  readonly #kind: {
    seqOf(name: string): number | undefined;
    solve(models: Models, seq: number): V;
  };
  /** By position of the view: its tenants, and the position of the last decision made with it. */
  readonly #lastUses = new Map<number, Map<number, number>>();
  readonly #held = new Map<string, { view: V; lastUse: number }>();

  constructor(
    kind: { seqOf(name: string): number | undefined; solve(models: Models, seq: number): V },
    byPosition: ReadonlyMap<number, readonly LogRecord[]>,
  ) {
    this.#kind = kind;
    for (const [position, records] of byPosition) {
      for (const record of records) {
        const seq = this.#seqOf(payloadOf(record, "decision"));
        if (seq === undefined) continue;
        const uses = this.#lastUses.get(seq) ?? new Map<number, number>();
        uses.set(record.tenant, Math.max(position, uses.get(record.tenant) ?? 0));
        this.#lastUses.set(seq, uses);
      }
    }
  }

  /** Makes those of commit `seq`, at which the replay stands. */
  make(replay: Replay, seq: number): void {
    for (const [tenant, lastUse] of this.#lastUses.get(seq) ?? []) {
      const view = this.#kind.solve(replay.tenant(tenant).models, seq);
      this.#held.set(`${tenant}/${seq}`, { view, lastUse });
    }
  }

  find(tenant: number, decision: Decision): V | undefined {
    const seq = this.#seqOf(decision);
    return seq === undefined ? undefined : this.#held.get(`${tenant}/${seq}`)?.view;
  }

  release(seq: number): void {
    for (const [key, { lastUse }] of this.#held) if (lastUse <= seq) this.#held.delete(key);
  }

  #seqOf({ views }: Decision): number | undefined {
    return views.map((name) => this.#kind.seqOf(name)).find((seq) => seq !== undefined);
  }
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
