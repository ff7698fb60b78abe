import type { Decision } from "@attune/protocol";
import type { LogRecord } from "../../base/record.ts";
import { easeSeq, type EaseView, solveEase } from "../../core/rank/ease.ts";
import { solveThetas, thetaSeq, type ThetaView } from "../../core/rank/learned/theta.ts";
import type { Models } from "../../core/sum/models.ts";
import { payloadOf } from "../payload.ts";
import type { Replay } from "../verify.ts";

/**
 * The views that logged decisions were made with, each made once more at its own position while the log is
 * replayed, and held from there to the last decision that names it: seconds of work for each at full size.
 */
export class ViewsAgain {
  readonly #eases: KindAgain<EaseView>;
  readonly #thetas: KindAgain<ThetaView>;

  /** `records` are decisions. */
  constructor(records: readonly LogRecord[]) {
    this.#eases = new KindAgain<EaseView>(kinds.ease, records);
    this.#thetas = new KindAgain<ThetaView>(kinds.theta, records);
  }

  /** Makes those of commit `seq`, at which the replay stands. */
  make(replay: Replay, seq: number): void {
    this.#eases.make(replay, seq);
    this.#thetas.make(replay, seq);
  }

  of(tenant: number, decision: Decision) {
    return { ease: this.#eases.find(tenant, decision), theta: this.#thetas.find(tenant, decision) };
  }

  /** Lets go of what no decision behind commit `seq` names. */
  release(seq: number): void {
    this.#eases.release(seq);
    this.#thetas.release(seq);
  }
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
class KindAgain<V> {
  readonly #kind: {
    seqOf(name: string): number | undefined;
    solve(models: Models, seq: number): V;
  };
  /** By position of the view: its tenants, and the position of the last decision made with it. */
  readonly #lastUses = new Map<number, Map<number, number>>();
  readonly #held = new Map<string, { view: V; lastUse: number }>();

  constructor(
    kind: { seqOf(name: string): number | undefined; solve(models: Models, seq: number): V },
    records: readonly LogRecord[],
  ) {
    this.#kind = kind;
    for (const record of records) {
      const decision = payloadOf(record, "decision");
      const seq = this.#seqOf(decision);
      if (seq === undefined) continue;
      const uses = this.#lastUses.get(seq) ?? new Map<number, number>();
      const position = decision.statePosition;
      uses.set(record.tenant, Math.max(position, uses.get(record.tenant) ?? 0));
      this.#lastUses.set(seq, uses);
    }
  }

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
