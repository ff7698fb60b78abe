import type {
  Decision,
  Prediction,
  RecommendationRequest,
  RecommendedItem,
} from "@attune/protocol";
import { assert } from "../base/assert.ts";
import { nobody, type RecordInput } from "../base/record.ts";
import { permitFor, purposeBits } from "../core/fold/consent.ts";
import type { FoldLimits } from "../core/fold/state.ts";
import { makeDecision } from "../core/rank/decision.ts";
import { findPlacement, type Stability, stabilityDefault } from "../core/rank/placement.ts";
import { predict } from "../core/rank/predict.ts";
import { engineRecord } from "./payload.ts";
import type { Processor } from "./processor.ts";
import { Shadows } from "./shadows.ts";
import type { Tenants } from "./tenants.ts";
import type { Users } from "./users.ts";

export interface Answer {
  decisionId: string;
  placement: string;
  items: readonly RecommendedItem[];
  /** Position the answer reflects: `"epoch.seq"`. */
  position: string;
  /** If it was asked for. */
  prediction?: Prediction | undefined;
}

/** A slot as it stands on the screen. */
export interface ShownSlot {
  item: string;
}

/** An answer that nobody was shown yet. */
export interface Preview {
  items: readonly RecommendedItem[];
  /** False when no permit stood behind it: a stranger's answer. */
  personal: boolean;
  /** False where something else than the score decided who stands before whom. */
  isByScore: boolean;
  /** How a list of this placement changes while somebody looks at it. */
  stability: Stability;
  /**
   * Logs the answer as a decision, since it is shown now, and returns the decision's id. `shown` are the items
   * as they stand on the screen.
   */
  decide(shown?: readonly ShownSlot[]): string;
  /** Decides; the answer as it goes out, and with a prediction of the same state and sums if one is wanted. */
  answer(position: string, isAhead?: boolean): Answer;
}

export interface AnswersParts {
  users: Users;
  tenants: Tenants;
  processor: Processor;
  limits: Readonly<FoldLimits>;
  /** Wall clock, ms. */
  now: () => number;
  /** Rows of the ranker a second at most, of people who act without a list. */
  shadowDecisionsPerSMax: number;
  /** Names this start of the engine in decision ids. */
  startId: string;
  /** What stands outside for an internal id: keyed, so that it tells nothing of how many there are. */
  publicId(tenant: number, id: string): string;
  /** Appends a decision; not awaited, since an answer never waits for fsync. */
  log(record: RecordInput): void;
}

/** Ranks at the newest whole commit and turns what is shown into decision records. */
export class Answers {
  readonly #parts: AnswersParts;
  /** What is learned of those who were given no list. */
  readonly shadows: Shadows;
  #decisions = 0;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
    this.shadows = new Shadows({
      ...parts,
      seq: () => parts.processor.seq,
      perSMax: parts.shadowDecisionsPerSMax,
    });
  }

  /** The answer for a subject (after aliases), or for nobody. Only while the processor stands at a whole commit. */
  preview(tenantNumber: number, subject: string, request: RecommendationRequest): Preview {
    const { users, tenants, processor } = this.#parts;
    assert(processor.isWhole, "an answer in the middle of a commit");
    const tenant = tenants.obtain(tenantNumber);
    const state = subject === nobody ? undefined : users.find(tenantNumber, subject)?.state;
    const permit = permitFor(state, tenant.policy, "personalization", processor.seq);
    const { ranker, models, catalogue, definitions, ease, theta } = tenant;
    const answer = ranker.recommend(
      permit,
      state,
      models,
      catalogue,
      definitions,
      request,
      undefined,
      ease,
      theta,
    );
    const facts = {
      request,
      position: processor.seq,
      clockHour: tenants.clockHour,
      catalogue: catalogue.version,
      definitions: definitions.version,
      sequence: state?.sequence ?? 0,
    };
    const owner = permit === undefined ? nobody : subject;
    const purposes = permit === undefined ? 0 : purposeBits(tenant.policy, state?.consents);
    const decide = (shown?: readonly ShownSlot[]): string => {
      const id = this.#parts.publicId(tenantNumber, `${this.#parts.startId}:${++this.#decisions}`);
      const decision = makeDecision(answer, { id, ...facts });
      const items = shown?.map(({ item }) => item);
      const { slots } = decision;
      const isOther =
        items !== undefined &&
        (items.length !== slots.length || items.some((item, i) => item !== slots[i]!.item));
      this.#log(tenantNumber, owner, purposes, isOther ? { ...decision, shown: items } : decision);
      return id;
    };
    const ahead = (): Prediction => {
      const ids = answer.items.map(({ item }) => item);
      return predict(permit, state, models, ids, request.now);
    };
    const answered = (position: string, isAhead = false): Answer => {
      const decisionId = decide();
      const made = { decisionId, placement: request.placement, items: answer.items, position };
      return isAhead ? { ...made, prediction: ahead() } : made;
    };
    const { items, personal, isByScore } = answer;
    const placement = findPlacement(definitions, request.placement);
    const stability = placement?.stability ?? stabilityDefault;
    return { items, personal, isByScore, stability, decide, answer: answered };
  }

  #log(tenant: number, subject: string, purposes: number, decision: Decision): void {
    const { now } = decision.request;
    const where = { tenant, subject, purposes, at: now, id: decision.id };
    this.#parts.log(engineRecord("decision", decision, where));
  }
}
