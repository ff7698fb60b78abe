import { randomBytes } from "node:crypto";
import type { Decision, RecommendationRequest, RecommendedItem } from "@attune/protocol";
import { nobody, type LogRecord, type RecordInput } from "../base/record.ts";
import { type ConsentPolicy, permitFor } from "../core/fold/consent.ts";
import { contributionsOf } from "../core/fold/contributions.ts";
import { type FoldLimits, foldLimits, logicVersion, type UserState } from "../core/fold/state.ts";
import { makeDecision } from "../core/rank/decision.ts";
import type { AppendResult, Commit, Log } from "../log/log.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Checkpointer } from "./checkpointer.ts";
import { forwardMerged } from "./forward.ts";
import { Outbox } from "./outbox.ts";
import { engineRecord } from "./payload.ts";
import { type Erasure, Processor } from "./processor.ts";
import { collectQuarantined } from "./quarantine.ts";
import { type Tenant, Tenants } from "./tenants.ts";
import { Timers } from "./timers.ts";
import { type User, Users } from "./users.ts";
import { type DigestView, Views } from "./views.ts";

export interface EngineOptions {
  log: Log;
  checkpoint: Checkpoint;
  /** The wall clock, ms since 1970; a virtual one in tests. */
  now: () => number;
  limits?: Readonly<FoldLimits> | undefined;
  /** Decoded users kept in memory; at the limit clean ones are dropped and decoded again on touch. */
  hotUsersMax?: number | undefined;
  /** A checkpoint begins after this many records; 0 = only when asked. */
  checkpointRecords?: number | undefined;
  /** Effects that may wait for delivery; at the limit the oldest is dropped and counted. */
  outboxMax?: number | undefined;
  /** Names this start of the engine in decision ids: new at every start. */
  startId?: string | undefined;
  /** Runs the view thread: full digests without holding up answers, at the price of a second set of sums. */
  hasViews?: boolean | undefined;
  /** Timers that were due longer ago than this are dropped: nobody waits for a session's end of last year. */
  timerStaleMs?: number | undefined;
}

export interface Answer {
  decisionId: string;
  placement: string;
  items: readonly RecommendedItem[];
  /** Position the answer reflects: `"epoch.seq"`. */
  position: string;
}

export interface ForgetReceipt {
  /** Subjects erased: the user and everything merged into it. */
  subjects: string[];
  erasures: { before: Record<string, string>; after: Record<string, string>; cells: number }[];
  position: string;
}

/**
 * The engine: the one place that knows both log and core. It folds every durable record in order, keeps the
 * sums, answers, and writes what it did to the log. Law: its states and sums are those of a replay of the log.
 */
export class Engine {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #limits: Readonly<FoldLimits>;
  readonly #users: Users;
  readonly #views: Views | undefined;
  readonly #tenants: Tenants;
  readonly #timers = new Timers();
  readonly outbox: Outbox;
  readonly #processor: Processor;
  readonly #checkpointer: Checkpointer;
  readonly #quarantined = new Set<string>();
  readonly #queue: Commit[] = [];
  readonly #background = new Set<Promise<unknown>>();
  readonly #startId: string;
  readonly #timerStaleMs: number;
  readonly #checkpointRecords: number;
  readonly #forwards = new Map<string, User>();
  #erased: ((erasure: Erasure) => void) | undefined;
  #busy: Promise<void> | undefined;
  #decisions = 0;
  #isLive = false;
  #recordsAtCheckpoint = 0;
  failure: unknown;

  private constructor(options: EngineOptions) {
    this.#log = options.log;
    this.#now = options.now;
    this.#limits = options.limits ?? foldLimits;
    this.#startId = options.startId ?? randomBytes(6).toString("hex");
    this.#timerStaleMs = options.timerStaleMs ?? 86_400_000;
    this.#checkpointRecords = options.checkpointRecords ?? 50_000;
    this.#views = options.hasViews === true ? new Views() : undefined;
    this.#tenants = new Tenants(this.#views);
    this.outbox = new Outbox(options.outboxMax ?? 100_000);
    this.#users = new Users(options.checkpoint, options.hotUsersMax ?? 50_000);
    this.#processor = new Processor(
      {
        log: this.#log,
        users: this.#users,
        tenants: this.#tenants,
        outbox: this.outbox,
        timers: this.#timers,
        limits: this.#limits,
        quarantined: this.#quarantined,
        forward: (user) => this.#forwardLater(user),
        quarantine: (record, reason) => this.#quarantine(record, reason),
        onErased: (erasure) => this.#erased?.(erasure),
      },
      options.checkpoint.mark()?.seq ?? 0,
    );
    this.#checkpointer = new Checkpointer({
      checkpoint: options.checkpoint,
      log: this.#log,
      users: this.#users,
      tenants: this.#tenants,
      outbox: this.outbox,
      quarantined: this.#quarantined,
    });
  }

  /** Restores the newest checkpoint, adds every C(state) to empty sums, replays the tail, then goes live. */
  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    await engine.#restore(options.checkpoint);
    return engine;
  }

  async #restore(checkpoint: Checkpoint): Promise<void> {
    const mark = checkpoint.mark();
    if (mark !== undefined && mark.logic !== logicVersion)
      throw new Error(
        `The checkpoint was made by fold logic ${mark.logic}, this is ${logicVersion}: rebuild it from the log.`,
      );
    this.#checkpointer.restore(mark, (row) =>
      this.#restoreUser(row.tenant, row.subject, row.state),
    );
    const from = this.#processor.seq;
    await collectQuarantined(this.#log, from, this.#quarantined);
    for await (const commit of this.#log.read(from)) await this.#processor.process(commit);
    this.#log.onCommit((commit) => this.#receive(commit));
    this.#isLive = true;
    this.#recordsAtCheckpoint = this.#processor.records;
    for (const user of this.#forwards.values()) this.#forward(user);
    this.#forwards.clear();
  }

  #restoreUser(tenant: number, subject: string, state: UserState): void {
    this.#tenants.obtain(tenant).add(contributionsOf(state, this.#limits));
    if (state.dueAt > 0) this.#timers.add({ dueAt: state.dueAt, tenant, subject });
  }

  /** Resolves when the records are durable; what an answer then reflects is up to `after` or `settled`. */
  append(records: readonly RecordInput[]): Promise<AppendResult> {
    return this.#log.append(records);
  }

  #receive(commit: Commit): void {
    this.#queue.push(commit);
    if (this.#busy === undefined) this.#drain();
  }

  #drain(): void {
    while (this.#queue.length > 0 && this.failure === undefined) {
      const pending = this.#process(this.#queue.shift()!);
      if (pending === undefined) continue;
      this.#busy = pending.then(
        () => {
          this.#busy = undefined;
          this.#drain();
        },
        (error: unknown) => this.#stop(error),
      );
      return;
    }
    this.#maybeCheckpoint();
  }

  #process(commit: Commit): void | Promise<void> {
    try {
      return this.#processor.process(commit);
    } catch (error) {
      this.#stop(error);
    }
  }

  /** A failed assert or an unreadable log: the engine answers no more, since it can't know what is true. */
  #stop(error: unknown): void {
    this.failure ??= error;
    this.#queue.length = 0;
    this.#busy = undefined;
  }

  #assertRuns(): void {
    if (this.failure !== undefined)
      throw new Error("The engine has stopped; restart it.", { cause: this.failure });
  }

  #maybeCheckpoint(): void {
    if (this.#checkpointRecords === 0 || this.#checkpointer.isRunning) return;
    if (this.#processor.records - this.#recordsAtCheckpoint < this.#checkpointRecords) return;
    this.#track(this.checkpoint());
  }

  #track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error: unknown) => this.#stop(error))
      .finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }

  /** Everything appended so far is folded, and nothing that it caused is still to be appended. */
  async settled(): Promise<void> {
    while (this.#busy !== undefined || this.#background.size > 0) {
      await (this.#busy ?? Promise.race(this.#background));
      this.#assertRuns();
    }
    this.#assertRuns();
  }

  /** Waits until the commit under way is folded whole, and until `after` (an acknowledged position) is. */
  async #reach(after: string | undefined): Promise<void> {
    const seq = after === undefined ? 0 : seqOf(after, this.#log);
    while (this.#busy !== undefined || this.#processor.seq < seq) {
      this.#assertRuns();
      if (this.#busy === undefined) throw new Error(`Position ${after} is beyond the log's head.`);
      await this.#busy;
    }
    this.#assertRuns();
  }

  /** Follows the alias of a merged subject. */
  resolve(tenant: number, subject: string): string {
    let current = subject;
    for (;;) {
      const user = this.#users.find(tenant, current);
      if (user === undefined || user.aliasOf === "") return current;
      current = user.aliasOf;
    }
  }

  /** What acceptance has to know of a subject: its consents and the bases its tenant declared. */
  standing(tenant: number, subject: string) {
    const resolved = this.resolve(tenant, subject);
    const user = this.#users.find(tenant, resolved);
    return {
      subject: resolved,
      policy: this.#tenants.obtain(tenant).policy,
      consents: user?.state?.consents,
      barredThrough: user?.barredThrough ?? 0,
    };
  }

  async recommend(
    tenantNumber: number,
    subject: string | undefined,
    request: RecommendationRequest,
    options: { after?: string | undefined } = {},
  ): Promise<Answer> {
    await this.#reach(options.after);
    const tenant = this.#tenants.obtain(tenantNumber);
    const resolved = subject === undefined ? nobody : this.resolve(tenantNumber, subject);
    const state = resolved === nobody ? undefined : this.#users.find(tenantNumber, resolved)?.state;
    const permit = permitFor(state, tenant.policy, "personalization", this.#processor.seq);
    const { ranker, models, catalogue, definitions } = tenant;
    const answer = ranker.recommend(permit, state, models, catalogue, definitions, request);
    const decision = makeDecision(answer, {
      id: `${this.#startId}:${++this.#decisions}`,
      request,
      position: this.#processor.seq,
      clockHour: this.#tenants.clockHour,
      catalogue: catalogue.version,
      definitions: definitions.version,
      sequence: state?.sequence ?? 0,
    });
    this.#logDecision(tenantNumber, permit === undefined ? nobody : resolved, decision);
    return {
      decisionId: decision.id,
      placement: request.placement,
      items: answer.items,
      position: this.position(),
    };
  }

  /** Appended, not awaited: an answer never waits for fsync. */
  #logDecision(tenant: number, subject: string, decision: Decision): void {
    const record = engineRecord("decision", decision, {
      tenant,
      subject,
      purposes: subject === nobody ? 0 : personalizationBit,
      at: decision.request.now,
      id: decision.id,
    });
    this.#track(this.#log.append([record]));
  }

  /** Where the states and sums stand. */
  position(): string {
    return `${this.#log.epoch}.${this.#processor.seq}`;
  }

  state(tenant: number, subject: string): UserState | undefined {
    return this.#users.find(tenant, this.resolve(tenant, subject))?.state;
  }

  tenant(number: number): Tenant {
    return this.#tenants.obtain(number);
  }

  tenants(): readonly Tenant[] {
    return this.#tenants.all();
  }

  /** Last commit that is folded whole. */
  get seq(): number {
    return this.#processor.seq;
  }

  get clockHour(): number {
    return this.#tenants.clockHour;
  }

  /** Full digests of all sums at the newest whole commit, made by the view thread. */
  async digests(): Promise<DigestView> {
    await this.#reach(undefined);
    if (this.#views === undefined) throw new Error("The engine was opened without views.");
    return this.#views.digests(this.#processor.seq);
  }

  /** Packed rows of every user, in order of (tenant, subject). */
  rows() {
    return this.#users.rows();
  }

  async setPolicy(tenant: number, policy: ConsentPolicy): Promise<void> {
    const at = this.#now();
    await this.append([
      engineRecord("policy", policy, {
        tenant,
        at,
        id: `${tenant}:${JSON.stringify(policy)}:${at}`,
      }),
    ]);
    await this.settled();
  }

  /** Appends the clock record of an hour (hours since 1970) if it is a new one. */
  async advanceClock(hour: number): Promise<void> {
    if (hour <= this.#tenants.clockHour) return;
    await this.append([
      engineRecord("clock", { hour }, { tenant: 0, at: hour * 3_600_000, id: String(hour) }),
    ]);
  }

  /** Appends a tick for every user whose timer is due; a live engine calls this about once a second. */
  async fireTimers(): Promise<void> {
    const now = this.#now();
    const ticks: RecordInput[] = [];
    for (let timer = this.#timers.popDue(now); timer; timer = this.#timers.popDue(now)) {
      const user = this.#users.find(timer.tenant, timer.subject);
      if (user === undefined) continue;
      user.timerAt = 0;
      const dueAt = user.state?.dueAt ?? 0;
      if (dueAt === 0 || dueAt < now - this.#timerStaleMs) continue;
      if (dueAt > timer.dueAt) {
        user.timerAt = dueAt;
        this.#timers.add({ ...timer, dueAt });
        continue;
      }
      ticks.push(
        engineRecord(
          "tick",
          { type: "tick", dueAt },
          {
            tenant: timer.tenant,
            subject: timer.subject,
            purposes: allPurposeBits,
            at: dueAt,
            id: `${timer.subject}:${dueAt}`,
          },
        ),
      );
    }
    if (ticks.length > 0) await this.append(ticks);
  }

  /**
   * Forgets a user with everything merged into it, up to the time `at`: states gone, C(state) subtracted,
   * older events barred. Resolves when that is durable in the log and folded; the bytes leave the log with
   * the next checkpoint.
   */
  async forget(
    tenant: number,
    subject: string,
    at: number,
    reason?: string,
  ): Promise<ForgetReceipt> {
    await this.settled();
    const root = this.resolve(tenant, subject);
    const aliases = this.#users.find(tenant, root)?.aliases ?? [];
    const subjects = [root, ...aliases];
    const erasures: ForgetReceipt["erasures"] = [];
    this.#erased = ({ user, before, after, cells }) => {
      if (subjects.includes(user.subject)) erasures.push({ before, after, cells });
    };
    const id = randomBytes(8).toString("hex");
    const { position } = await this.append(
      subjects.map((one) =>
        engineRecord(
          "forget",
          { scope: "all", at, reason },
          { tenant, subject: one, at, id: `${one}:${at}:${id}` },
        ),
      ),
    );
    await this.settled();
    this.#erased = undefined;
    return { subjects, erasures, position };
  }

  /** Leaves a span of event times (ms, both ends included) out of a user's past. */
  async forgetPart(tenant: number, subject: string, from: number, to: number): Promise<string> {
    const root = this.resolve(tenant, subject);
    const at = this.#now();
    const { position } = await this.append([
      engineRecord(
        "forget",
        { scope: "part", from, to },
        { tenant, subject: root, at, id: `${root}:${from}:${to}:${at}` },
      ),
    ]);
    await this.settled();
    return position;
  }

  #forwardLater(user: User): void {
    if (this.#isLive) this.#forward(user);
    else this.#forwards.set(`${user.tenant}/${user.subject}`, user);
  }

  #forward(user: User): void {
    const root = this.resolve(user.tenant, user.subject);
    this.#track(forwardMerged(this.#log, user, root, this.#quarantined));
  }

  #quarantine(record: LogRecord, reason: string): void {
    if (!this.#isLive) return;
    const { partition, offset, tenant, subject } = record;
    this.#track(
      this.append([
        engineRecord(
          "quarantine",
          { partition, offset, reason: reason.slice(0, 200) },
          { tenant, subject, at: record.at, id: `${partition}:${offset}` },
        ),
      ]),
    );
  }

  /** Writes dirty users, offset and outbox in one transaction, then takes forgotten bytes out of the log. */
  checkpoint(): Promise<void> {
    return this.#checkpointAs(false);
  }

  #checkpointAs(withDedupe: boolean): Promise<void> {
    return this.#checkpointer.run(async () => {
      await this.#reach(undefined);
      this.#recordsAtCheckpoint = this.#processor.records;
      return this.#processor.seq;
    }, withDedupe);
  }

  /** Stores everything, so that the next start has no tail to replay. Log and checkpoint stay open. */
  async close(): Promise<void> {
    if (this.failure === undefined) {
      await this.settled();
      await this.checkpoint();
      await this.#checkpointAs(true);
    }
    await this.#views?.close();
  }
}

const personalizationBit = 0b10;
const allPurposeBits = 0b11;

function seqOf(position: string, log: Log): number {
  const dot = position.lastIndexOf(".");
  const seq = Number(position.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(seq) || position.slice(0, dot) !== log.epoch)
    throw new Error(`${position} is no position of this log (epoch ${log.epoch}).`);
  return seq;
}
