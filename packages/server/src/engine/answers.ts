import {
  type AnswerParts,
  type Decision,
  type RecommendationRequest,
  recommendationOf,
  type RecommendedItem,
} from "@attune/protocol";
import { assert } from "../base/assert.ts";
import { nobody, type RecordInput } from "../base/record.ts";
import { SecondLimit } from "../base/second-limit.ts";
import { utf8Encode } from "../base/text.ts";
import { encodeState } from "../core/fold/codec.ts";
import { purposeBits } from "../core/fold/consent.ts";
import type { FoldLimits } from "../core/fold/state.ts";
import { findPlacement, type Stability, stabilityDefault } from "../core/rank/placement.ts";
import { engineRecord, engineRecordOf } from "./payload.ts";
import type { Processor } from "./processor.ts";
import { asAsked, isSameStanding, standingOf } from "./ranking/asker.ts";
import { type Judging, ranked } from "./ranking/ranked.ts";
import type { RankThreads } from "./ranking/threads.ts";
import { Shadows } from "./shadows.ts";
import type { Tenant, Tenants } from "./tenants.ts";
import type { Users } from "./users/users.ts";

export type Answer = AnswerParts;

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
  /** Events of the user so far that count, as it keys what chance has put into the list; 0 of a stranger. */
  sequence: number;
  /**
   * Logs the answer as a decision, since it is shown now, and returns the decision's id. `shown` are the items
   * as they stand on the screen.
   */
  decide(shown?: readonly ShownSlot[]): string;
  /** Decides; the answer as it goes out, and with a prediction of the same state and sums if one is wanted. */
  answer(position: string, isAhead?: boolean): Answer;
}

/** What answering over HTTP needs of the engine: see there. */
export interface AskedEngine {
  whole(after?: string): Promise<void>;
  readonly isWhole: boolean;
  resolve(tenant: number, subject: string): string;
  position(): string;
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
  engine: AskedEngine;
  /** Where answers to HTTP are made, if not on this thread. */
  threads: RankThreads | undefined;
  /** Names this start of the engine in decision ids. */
  startId: string;
  /** What stands outside for an internal id: keyed, so that it tells nothing of how many there are. */
  publicId(tenant: number, id: string): string;
  /** Minutes by which the clocks of a tenant's zone are ahead of UTC at a time. */
  utcOffset(tenant: number, at: number): number;
  /** Appends a decision; not awaited, since an answer never waits for fsync. */
  log(record: RecordInput): void;
}

/**
 * Answers a second, over all tenants, that are judged beside the most popular items: settled before their decisions are
 * logged, as with the rows of the ranker. What is not logged is not judged.
 */
const judgedPerSMax = 50;

/** So often a thread is asked for one answer, if what it hangs on is taken back each time. */
const asksMax = 3;

/** Ranks at the newest whole commit and turns what is shown into decision records. */
export class Answers {
  readonly #parts: AnswersParts;
  /** What is learned of those who were given no list. */
  readonly shadows: Shadows;
  readonly #judged: SecondLimit;
  #decisions = 0;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
    this.#judged = new SecondLimit(judgedPerSMax, parts.now);
    this.shadows = new Shadows({
      ...parts,
      seq: () => parts.processor.seq,
      perSMax: parts.shadowDecisionsPerSMax,
    });
  }

  /** The answer for a subject (after aliases), or for nobody. Only while the processor stands at a whole commit. */
  preview(tenantNumber: number, subject: string, asked: RecommendationRequest): Preview {
    const { users, tenants, processor } = this.#parts;
    assert(processor.isWhole, "an answer in the middle of a commit");
    const tenant = tenants.obtain(tenantNumber);
    const request = this.#zoned(tenantNumber, asked);
    const state = subject === nobody ? undefined : users.find(tenantNumber, subject)?.state;
    const { seq } = processor;
    const question = { request, state, seq, clockHour: tenants.clockHour };
    const { answer, permit, decision, prediction } = ranked(tenant, tenant, question);
    const owner = permit === undefined ? nobody : subject;
    const purposes = permit === undefined ? 0 : purposeBits(tenant.policy, state?.consents);
    const decide = (shown?: readonly ShownSlot[]): string => {
      const id = this.#newId(tenantNumber);
      // A stranger's answer is nobody's: nothing that follows is known to be of it.
      const length = permit === undefined ? 0 : (shown ?? answer.items).length;
      const decided = decision(id, this.#judging(tenant, length));
      const items = shown?.map(({ item }) => item);
      const { slots } = decided;
      const isOther =
        items !== undefined &&
        (items.length !== slots.length || items.some((item, i) => item !== slots[i]!.item));
      this.#log(tenantNumber, owner, purposes, isOther ? { ...decided, shown: items } : decided);
      return id;
    };
    const answered = (position: string, isAhead = false): Answer => {
      const decisionId = decide();
      const made = { decisionId, placement: request.placement, items: answer.items, position };
      return isAhead ? { ...made, prediction: prediction() } : made;
    };
    const { items, personal, isByScore } = answer;
    const placement = findPlacement(tenant.definitions, request.placement);
    const stability = placement?.stability ?? stabilityDefault;
    const sequence = permit === undefined ? 0 : (request.list?.sequence ?? state!.sequence);
    return { items, personal, isByScore, stability, sequence, decide, answer: answered };
  }

  /** The answer at `after` or later, as it crosses the wire; its decision is logged. */
  async body(
    tenant: number,
    subject: string | undefined,
    request: RecommendationRequest,
    { after, predict = false }: { after?: string | undefined; predict?: boolean | undefined },
  ): Promise<Uint8Array> {
    const { engine, threads } = this.#parts;
    for (let asked = 0; ; asked++) {
      do await engine.whole(after);
      while (!engine.isWhole);
      const resolved = subject === undefined ? nobody : engine.resolve(tenant, subject);
      // What is made here and now can't be late.
      if (threads?.hasRoom !== true || asked >= asksMax || threads.takeHelp())
        return this.#written(tenant, resolved, request, predict);
      const body = await this.#asked(threads, tenant, resolved, request, predict);
      if (body !== undefined) return body;
    }
  }

  #written(
    tenant: number,
    subject: string,
    request: RecommendationRequest,
    isAhead: boolean,
  ): Uint8Array {
    const { engine, tenants } = this.#parts;
    const answer = this.preview(tenant, subject, request).answer(engine.position(), isAhead);
    const { catalogue } = tenants.obtain(tenant);
    const body = recommendationOf(answer, (item) => catalogue.get(item)?.attributes);
    return utf8Encode(JSON.stringify(body));
  }

  /** Made by a ranking thread; undefined when something that it hangs on was taken back meanwhile, or the thread ended. */
  async #asked(
    threads: RankThreads,
    tenantNumber: number,
    subject: string,
    request: RecommendationRequest,
    isAhead: boolean,
  ): Promise<Uint8Array | undefined> {
    const { engine, users, tenants, processor } = this.#parts;
    assert(processor.isWhole, "an answer in the middle of a commit");
    const tenant = tenants.obtain(tenantNumber);
    const find = () => (subject === nobody ? undefined : users.find(tenantNumber, subject));
    const asker = find();
    const standing = standingOf(tenant, asker);
    const state = asker?.state;
    const id = this.#newId(tenantNumber);
    const ask = {
      tenant: tenantNumber,
      request: this.#zoned(tenantNumber, request),
      state: state && encodeState(asAsked(state)),
      seq: processor.seq,
      clockHour: tenants.clockHour,
      position: engine.position(),
      decisionId: id,
      judging: this.#judging(tenant, standing[0] ? request.limit : 0),
      isAhead,
    };
    const { ease, theta } = tenant;
    const made = await threads.ask(ask, { ease, theta });
    const user = find();
    const now = standingOf(tenant, user);
    if (made === undefined || !isSameStanding(standing, now)) return undefined;
    const [isPersonal] = standing;
    const owner = isPersonal
      ? { subject, purposes: purposeBits(tenant.policy, user?.state?.consents) }
      : {};
    const place = { tenant: tenantNumber, ...owner, at: request.now, id };
    this.#parts.log(engineRecordOf("decision", made.decision, place));
    return made.answer;
  }

  /** How an answer of so many items is to be judged, if it is one of those that are. */
  #judging({ erasures }: Tenant, length: number): Judging | undefined {
    return length > 0 && this.#judged.take() ? { length, erasures } : undefined;
  }

  #newId(tenant: number): string {
    return this.#parts.publicId(tenant, `${this.#parts.startId}:${++this.#decisions}`);
  }

  /** With what the clocks said: a replay must not look at them again. Nothing hangs on it without circumstances. */
  #zoned(tenant: number, request: RecommendationRequest): RecommendationRequest {
    const { context, now } = request;
    const utcOffset = context === undefined ? 0 : this.#parts.utcOffset(tenant, now);
    return utcOffset === 0 ? request : { ...request, context: { ...context, utcOffset } };
  }

  #log(tenant: number, subject: string, purposes: number, decision: Decision): void {
    const { now } = decision.request;
    const where = { tenant, subject, purposes, at: now, id: decision.id };
    this.#parts.log(engineRecord("decision", decision, where));
  }
}
