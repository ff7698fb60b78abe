import { randomBytes } from "node:crypto";
import type { RecommendationRequest } from "@attune/protocol";
import { nobody, type LogRecord, type RecordInput } from "../base/record.ts";
import type { ConsentPolicy } from "../core/fold/consent.ts";
import { contributionsOf } from "../core/fold/contributions.ts";
import { type FoldLimits, foldLimits, logicVersion, type UserState } from "../core/fold/state.ts";
import type { AppendResult, Commit, Log } from "../log/log.ts";
import type { Checkpoint, OutboxEntry, UserRow } from "./checkpoint/checkpoint.ts";
import { Checkpointer } from "./checkpoint/checkpointer.ts";
import { type Answer, Answers, type Preview } from "./answers.ts";
import { DecisionLog } from "./decision-log.ts";
import { type ForgetReceipt, Forgetting } from "./forgetting.ts";
import { Forwards } from "./forward.ts";
import { follow, type FollowParts, type Happening, placeOf } from "./follow.ts";
import type { EngineOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { engineRecord } from "./payload.ts";
import { PositionError, seqOf } from "./position.ts";
import { Processor } from "./processor.ts";
import { type RankThreads, threadsOf } from "./ranking/threads.ts";
import { collectQuarantined, quarantineOf } from "./quarantine.ts";
import { type Tenant, Tenants } from "./tenants.ts";
import { appendDueTicks } from "./ticks.ts";
import { Timers } from "./timers.ts";
import { isToForward, type User, Users } from "./users/users.ts";
import { EasePace } from "./views/ease.ts";
import { type DigestView, type Views, viewsOf } from "./views/thread.ts";

/** Told of the users that a commit changed, in the turn in which it was folded whole. */
export type FoldedListener = (
  users: readonly { tenant: number; subject: string }[],
  commit: Commit,
) => void;

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
  readonly #threads: RankThreads | undefined;
  readonly #tenants: Tenants;
  readonly #timers = new Timers();
  readonly outbox: Outbox;
  readonly #processor: Processor;
  readonly #checkpointer: Checkpointer;
  readonly #quarantined = new Set<string>();
  readonly #queue: Commit[] = [];
  /** Appends that the log itself asked for: what is settled waits for them. */
  readonly #following = new Set<Promise<unknown>>();
  /** Decisions on their way to the log, checkpoints. */
  readonly #background = new Set<Promise<unknown>>();
  /** Quarantine records of a replay, appended once the engine is live. */
  readonly #unlogged: RecordInput[] = [];
  readonly #timerStaleMs: number;
  readonly #checkpointRecords: number;
  readonly #forwards: Forwards;
  readonly #forgetting: Forgetting;
  #busy: Promise<void> | undefined;
  readonly #answers: Answers;
  readonly #foldedListeners = new Set<FoldedListener>();
  readonly #publicId: (tenant: number, id: string) => string;
  #isLive = false;
  #recordsAtCheckpoint = 0;
  readonly #decisions: DecisionLog;
  failure: unknown;

  private constructor(options: EngineOptions) {
    this.#log = options.log;
    this.#now = options.now;
    this.#limits = options.limits ?? foldLimits;
    this.#publicId = options.publicId ?? ((_tenant, id) => id);
    this.#timerStaleMs = options.timerStaleMs ?? 86_400_000;
    this.#checkpointRecords = options.checkpointRecords ?? 100_000;
    this.#views = viewsOf(options);
    this.#threads = threadsOf(options.rankThreads);
    this.#tenants = new Tenants(this.#views, new EasePace(options), this.#threads);
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
        forward: (user) => this.#forwards.add(user),
        beforeEvent: (record, state) => this.#isLive && this.#answers.shadows.look(record, state),
        quarantine: (record, reason) => this.#quarantine(record, reason),
        onWhole: (commit, users) => this.#folded(commit, users),
        onErased: (erasure) => this.#forgetting.hear(erasure),
      },
      options.checkpoint.mark()?.seq ?? 0,
    );
    this.#answers = new Answers({
      users: this.#users,
      tenants: this.#tenants,
      processor: this.#processor,
      threads: this.#threads,
      engine: this,
      limits: this.#limits,
      now: this.#now,
      shadowDecisionsPerSMax: options.shadowDecisionsPerSMax ?? (this.#views ? 25 : 0),
      startId: options.startId ?? randomBytes(6).toString("hex"),
      publicId: this.#publicId,
      utcOffset: options.utcOffset ?? (() => 0),
      log: (record) => this.#decisions.add(record),
    });
    this.#forwards = new Forwards({
      log: this.#log,
      users: this.#users,
      resolve: (tenant, subject) => this.resolve(tenant, subject),
      isLive: () => this.#isLive,
      track: (work) => this.#track(work, this.#following),
    });
    const decisionDelayMsMax = options.decisionDelayMsMax ?? 0;
    this.#decisions = new DecisionLog(this.#log, decisionDelayMsMax, (work) => this.#track(work));
    this.#forgetting = new Forgetting({
      append: (records) => this.append(records),
      settled: () => this.settled(),
      resolve: (tenant, subject) => this.resolve(tenant, subject),
      aliases: (tenant, subject) => this.#users.find(tenant, subject)?.aliases ?? [],
    });
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
    const from = this.#processor.seq;
    if (from > this.#log.head())
      throw new Error(
        `The checkpoint stands at ${from}, beyond the log's head ${this.#log.head()}.`,
      );
    await this.#checkpointer.restore(mark, (row, state) => this.#restoreUser(row, state));
    await collectQuarantined(this.#log, from, this.#quarantined);
    for await (const commit of this.#log.read(from)) await this.#processor.process(commit);
    this.#log.onCommit((commit) => this.#receive(commit));
    this.#isLive = true;
    this.#recordsAtCheckpoint = this.#processor.records;
    this.#forwards.retry();
    if (this.#unlogged.length > 0) await this.append(this.#unlogged.splice(0));
  }

  #restoreUser(row: UserRow, state: UserState | undefined): void {
    const { tenant, subject } = row;
    // The rewriting of the log and the second half of a merge are finished after a crash.
    if (row.purge.length > 0) this.#users.change(this.#users.obtain(tenant, subject));
    if (isToForward(row)) this.#forwards.add(this.#users.obtain(tenant, subject));
    if (state === undefined) return;
    this.#tenants.obtain(tenant).add(contributionsOf(state, this.#limits));
    // One that is too late to ring is not set: to look at it later would decode its user.
    const { dueAt } = state;
    const isLate = dueAt < this.#now() - this.#timerStaleMs;
    if (dueAt > 0 && !isLate) this.#timers.add({ dueAt, tenant, subject });
  }

  #folded(commit: Commit, users: ReadonlySet<User>): void {
    if (!this.#isLive || this.#foldedListeners.size === 0) return;
    const changes = [...users].map(({ tenant, subject }) => ({ tenant, subject }));
    for (const listener of this.#foldedListeners) listener(changes, commit);
  }

  /** Resolves when the records are durable; what an answer then reflects is up to `after` or `settled`. */
  append(records: readonly RecordInput[]): Promise<AppendResult> {
    this.#decisions.flush();
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

  #track(work: Promise<unknown>, set = this.#background): void {
    const tracked = work
      .catch((error: unknown) => this.#stop(error))
      .finally(() => set.delete(tracked));
    set.add(tracked);
  }

  /**
   * Everything appended so far is folded, and nothing that it caused is still to be appended. What comes in
   * meanwhile is not waited for.
   */
  async settled(): Promise<void> {
    this.#decisions.flush();
    await Promise.all(this.#background);
    const head = this.#log.head();
    while (this.#processor.seq < head || this.#following.size > 0) {
      this.#assertRuns();
      await (this.#busy ?? Promise.race(this.#following));
    }
    this.#assertRuns();
  }

  /**
   * What to wait for before commit `seq` is folded and no commit is half folded; undefined when that is so in
   * this very turn, and only in it.
   */
  #pending(seq = 0): Promise<void> | undefined {
    this.#assertRuns();
    if (this.#busy === undefined && this.#processor.seq < seq)
      throw new PositionError(`Position ${this.#log.epoch}.${seq} is beyond the log's head.`);
    return this.#busy;
  }

  /** Follows the alias of a merged subject. */
  resolve(tenant: number, subject: string): string {
    return this.#resolved(tenant, subject).subject;
  }

  #resolved(tenant: number, subject: string): { subject: string; user: User | undefined } {
    let current = subject;
    for (;;) {
      const user = this.#users.find(tenant, current);
      if (user === undefined || user.aliasOf === "") return { subject: current, user };
      current = user.aliasOf;
    }
  }

  /** What acceptance has to know of a subject: its consents and the bases its tenant declared. */
  standing(tenant: number, subject: string) {
    const { subject: resolved, user } = this.#resolved(tenant, subject);
    return {
      subject: resolved,
      policy: this.#tenants.obtain(tenant).policy,
      consents: user?.state?.consents,
      barredThrough: user?.barredThrough ?? 0,
    };
  }

  /** Answers at `after` or later and logs the decision. */
  async recommend(
    tenant: number,
    subject: string | undefined,
    request: RecommendationRequest,
    options: { after?: string | undefined; predict?: boolean | undefined } = {},
  ): Promise<Answer> {
    do await this.whole(options.after);
    while (!this.isWhole);
    return this.preview(tenant, subject, request).answer(this.position(), options.predict);
  }

  /** The same as JSON in UTF-8, as it crosses the wire; made on a ranking thread, where the engine has any. */
  answer(
    tenant: number,
    subject: string | undefined,
    request: RecommendationRequest,
    options: { after?: string | undefined; predict?: boolean | undefined } = {},
  ): Promise<Uint8Array> {
    return this.#answers.body(tenant, subject, request, options);
  }

  /** Resolves in a turn in which no commit is half folded, `after` (an acknowledged position) included. */
  async whole(after?: string | undefined): Promise<void> {
    const seq = after === undefined ? 0 : seqOf(after, this.#log);
    for (let wait = this.#pending(seq); wait !== undefined; wait = this.#pending(seq)) await wait;
  }

  /** False while a commit is half folded: then `whole` says when it is not. */
  get isWhole(): boolean {
    return this.failure === undefined && this.#processor.isWhole;
  }

  /** An answer at the newest whole commit, in this very turn, not logged unless it is decided. */
  preview(tenant: number, subject: string | undefined, request: RecommendationRequest): Preview {
    const resolved = subject === undefined ? nobody : this.resolve(tenant, subject);
    return this.#answers.preview(tenant, resolved, request);
  }

  /** Calls back in the turn in which a commit was folded whole; returns how to stop that. */
  onFolded(listener: FoldedListener): () => void {
    this.#foldedListeners.add(listener);
    return () => void this.#foldedListeners.delete(listener);
  }

  /** Calls back with every effect, in the turn in which its record was folded. */
  onEffect(listener: (effect: OutboxEntry) => void): void {
    this.outbox.onEffect(listener);
  }

  /**
   * Everything that happens in a tenant behind a cursor, without end: see `follow`. Throws a PositionError
   * at once when the cursor cannot be served.
   */
  follow(tenant: number, from: string | undefined, signal: AbortSignal): AsyncIterable<Happening> {
    const parts: FollowParts = {
      log: this.#log,
      outbox: this.outbox,
      seq: () => this.seq,
      onFolded: (listener) => this.onFolded(listener),
      publicId: this.#publicId,
    };
    if (from !== undefined) placeOf(parts, from);
    return follow(parts, tenant, from, signal);
  }

  /** Decisions that found no space in the log. */
  get decisionsLost(): number {
    return this.#decisions.lost;
  }

  /** Ranking threads that answer, and questions that wait for one. */
  get ranking(): { running: number; waiting: number } {
    return this.#threads?.figures ?? { running: 0, waiting: 0 };
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
    await this.whole();
    if (this.#views?.isWhole !== true) throw new Error("The engine was opened without views.");
    return this.#views.digests(this.#processor.seq);
  }

  /** Packed rows of every user, in order of (tenant, subject). */
  rows() {
    return this.#users.rows();
  }

  async setPolicy(tenant: number, policy: ConsentPolicy): Promise<void> {
    const at = this.#now();
    const id = `${tenant}:${JSON.stringify(policy)}:${at}`;
    await this.append([engineRecord("policy", policy, { tenant, at, id })]);
    await this.settled();
  }

  /** Appends the clock record of an hour (hours since 1970) if it is a new one. */
  async advanceClock(hour: number): Promise<void> {
    if (hour <= this.#tenants.clockHour) return;
    await this.append([
      engineRecord("clock", { hour }, { tenant: 0, at: hour * 3_600_000, id: String(hour) }),
    ]);
  }

  /** Appends a tick for every user whose timer is due, and has views made that are; called about once a second. */
  async fireTimers(): Promise<void> {
    this.#forwards.retry();
    if (this.isWhole) this.#tenants.refreshViews(this.seq, this.#now());
    await appendDueTicks({
      timers: this.#timers,
      users: this.#users,
      staleMs: this.#timerStaleMs,
      now: this.#now,
      append: (ticks) => this.append(ticks),
    });
  }

  /**
   * Forgets a user with everything merged into it, up to the time `at`: states gone, C(state) subtracted,
   * older events barred. Resolves when that is durable in the log and folded; the bytes leave the log with
   * the next checkpoint. `onPerson` hears of the subjects before the log does.
   */
  forget(
    tenant: number,
    subject: string,
    at: number,
    reason?: string,
    onPerson?: (subjects: readonly string[]) => void,
  ): Promise<ForgetReceipt> {
    return this.#forgetting.forget(tenant, subject, at, reason, onPerson);
  }

  /** Leaves a span of event times (ms, both ends included) out of a user's past. */
  async forgetPart(tenant: number, subject: string, from: number, to: number): Promise<string> {
    return this.#forgetting.forgetPart(tenant, subject, from, to, this.#now());
  }

  /** A checkpoint without the record must not be stored before the log says that it is set aside. */
  async #quarantine(record: LogRecord, reason: string): Promise<void> {
    const quarantine = quarantineOf(record, reason);
    if (this.#isLive) await this.append([quarantine]);
    else this.#unlogged.push(quarantine);
  }

  /** Writes dirty users, offset and outbox in one transaction, then takes forgotten bytes out of the log. */
  checkpoint(): Promise<void> {
    return this.#checkpointAs(false);
  }

  async #checkpointAs(withDedupe: boolean): Promise<void> {
    try {
      await this.#checkpointer.run(
        () => this.#pending(),
        () => {
          this.#recordsAtCheckpoint = this.#processor.records;
          return this.#processor.seq;
        },
        withDedupe,
      );
    } catch (error) {
      // What it took from memory is in no checkpoint: a later one would leave it out.
      this.#stop(error);
      throw error;
    }
  }

  /** Stores everything, so that the next start has no tail to replay. Log and checkpoint stay open. */
  async close(): Promise<void> {
    // Otherwise they would find out something when the log is closed.
    await this.#threads?.close();
    if (this.failure === undefined) {
      await this.settled();
      await this.checkpoint();
      await this.#checkpointAs(true);
    }
    await this.#views?.close();
  }
}
