import { assert, AssertionError } from "../base/assert.ts";
import { nobody, type LogRecord } from "../base/record.ts";
import { apply, type FoldRecord, refold } from "../core/fold/apply.ts";
import { contributionsOf } from "../core/fold/apply.ts";
import type { FoldLimits, UserState } from "../core/fold/state.ts";
import type { Commit, Log } from "../log/log.ts";
import { Commits } from "./users/commits.ts";
import type { Declaration } from "./declaration.ts";
import type { EngineEffect, Outbox } from "./outbox.ts";
import { type ForgetPayload, payloadOf, placeOf } from "./payload.ts";
import { isForgottenPart, remainingRecords } from "./remaining.ts";
import type { Tenants } from "./tenants.ts";
import type { Timers } from "./timers.ts";
import type { User, Users } from "./users/users.ts";

/** What the processor works on, and the two things that only a live engine does in answer to a record. */
export interface ProcessorParts {
  log: Log;
  users: Users;
  tenants: Tenants;
  outbox: Outbox;
  timers: Timers;
  limits: Readonly<FoldLimits>;
  /** Places of records that are set aside. */
  quarantined: Set<string>;
  /** A merged subject has records that must be appended again under the subject it is an alias of. */
  forward(user: User): void;
  /** A record failed for good; the commit that holds it is not done before this is in the log. */
  quarantine(record: LogRecord, reason: string): Promise<void> | void;
  /** An event is about to be folded, over this state of its user. */
  beforeEvent?: ((record: LogRecord, state: UserState | undefined) => unknown) | undefined;
  /** A commit is folded whole; with the users it changed. */
  onWhole?: ((commit: Commit, users: ReadonlySet<User>) => void) | undefined;
  /** Told of every erasure with the digests of the sums right before and right after. */
  onErased?: ((erasure: Erasure) => void) | undefined;
}

export interface Erasure {
  user: User;
  before: Record<string, string>;
  after: Record<string, string>;
  /** Cells of C(state) that were subtracted. */
  cells: number;
  /** Other subjects that were the same person's until now. */
  others: string[];
}

const attemptsMax = 3;

/** Work on a record that has to read the log and so cannot be done in the same turn. */
type Deferred = () => Promise<void>;

/**
 * Takes durable commits in order and turns each record into a change of user state, of the sums and of the
 * outbox. Law: what it leaves behind is a function of the records alone, live or replayed. A commit is
 * processed in one turn unless a record changes the past; then a promise says when it is whole.
 */
export class Processor {
  readonly #parts: ProcessorParts;
  /** Last commit that is folded whole. */
  seq: number;
  /** False while a commit is half folded. */
  isWhole = true;
  records = 0;
  refolds = 0;
  /** Users that a refold in the current commit has already brought to its end. */
  readonly #refolded = new Set<User>();
  /** Users that the current commit has changed. */
  readonly #changed = new Set<User>();

  constructor(parts: ProcessorParts, seq: number) {
    this.#parts = parts;
    this.seq = seq;
  }

  process(commit: Commit): void | Promise<void> {
    this.isWhole = false;
    assert(commit.seq > this.seq, `commit ${commit.seq} came after commit ${this.seq}`);
    const deferred = this.#advance(commit, 0);
    if (deferred !== undefined) return this.#finish(commit, deferred);
    this.#done(commit);
  }

  #done(commit: Commit): void {
    if (this.#refolded.size > 0) this.#refolded.clear();
    this.records += commit.records.length;
    this.seq = commit.seq;
    this.isWhole = true;
    this.#parts.onWhole?.(commit, this.#changed);
    this.#changed.clear();
  }

  /** Steps through the records from `index`; stops at one that must be deferred. */
  #advance(commit: Commit, index: number): { work: Deferred; next: number } | undefined {
    for (let i = index; i < commit.records.length; i++) {
      const work = this.#step(commit.records[i]!);
      if (work !== undefined) return { work, next: i + 1 };
    }
    return undefined;
  }

  async #finish(commit: Commit, first: { work: Deferred; next: number }): Promise<void> {
    let deferred: typeof first | undefined = first;
    while (deferred !== undefined) {
      await deferred.work();
      deferred = this.#advance(commit, deferred.next);
    }
    this.#done(commit);
  }

  #step(record: LogRecord): Deferred | undefined {
    const { quarantined, tenants } = this.#parts;
    switch (record.kind) {
      case "event":
      case "decision":
      case "tick":
        return record.subject === nobody ? undefined : this.#fold(record);
      case "clock":
        tenants.advance(payloadOf(record, "clock").hour);
        return undefined;
      case "merge":
        return this.#merge(record);
      case "forget":
        return this.#forget(record, payloadOf(record, "forget"));
      case "policy":
      case "definition":
      case "catalogue":
        tenants.obtain(record.tenant).declare(declarationOf(record));
        return undefined;
      case "quarantine": {
        quarantined.add(placeOf(payloadOf(record, "quarantine")));
        if (record.subject !== nobody) this.#file(record);
        return undefined;
      }
    }
  }

  /** Notes the record's commit with its user, and gives the user; undefined when the record is barred. */
  #file(record: LogRecord): User | undefined {
    const { users } = this.#parts;
    const user = users.obtain(record.tenant, record.subject);
    users.change(user);
    if (record.at > user.barredThrough) {
      user.commits.add(record.seq);
      return user;
    }
    // A late record of somebody who was forgotten: it counts nowhere and leaves the log as well.
    user.purge.push(removalOf(record));
    return undefined;
  }

  #fold(record: LogRecord): Deferred | undefined {
    const user = this.#file(record);
    if (user === undefined) return undefined;
    if (user.aliasOf !== "") {
      this.#parts.forward(user);
      return undefined;
    }
    const { quarantined } = this.#parts;
    if (this.#refolded.has(user)) return undefined;
    if (quarantined.size > 0 && quarantined.has(placeOf(record))) {
      // As when it was set aside: the rest of the commit is folded at once, and so comes to the same.
      return () => this.#refold(user, record.seq);
    }
    this.#parts.beforeEvent?.(record, user.state);
    try {
      return this.#apply(user, record);
    } catch (error) {
      return () => this.#retry(user, record, error);
    }
  }

  #apply(user: User, record: LogRecord): Deferred | undefined {
    const { limits, outbox } = this.#parts;
    const applied = apply(user.state, foldRecordOf(record), limits);
    for (let i = 0; i < applied.effects.length; i++) {
      outbox.put(record, i, applied.effects[i]!);
    }
    if (applied.refold) return () => this.#refold(user, record.seq);
    user.state = applied.state;
    this.#changed.add(user);
    this.#parts.tenants.obtain(record.tenant).add(applied.contributions);
    this.#remind(user);
    return undefined;
  }

  /** Folds the user's remaining records from nothing and adds C(new) - C(old). */
  async #refold(user: User, throughSeq: number): Promise<void> {
    const { log, quarantined } = this.#parts;
    const records = await remainingRecords(log, user, throughSeq, quarantined);
    this.#replace(user, await this.#foldAll(records));
    this.#refolded.add(user);
    this.refolds += 1;
  }

  /** The state of these records; one on which the fold fails is set aside. */
  async #foldAll(records: readonly LogRecord[]): Promise<UserState | undefined> {
    const { limits, quarantined, quarantine } = this.#parts;
    try {
      return refold(records.map(foldRecordOf), limits);
    } catch (error) {
      const failing = firstFailing(records, limits);
      quarantined.add(placeOf(failing));
      await quarantine(failing, reasonOf(error));
      return this.#foldAll(records.filter((record) => record !== failing));
    }
  }

  /** Adds C(state) - C(the user's state so far) to the sums; returns how many cells were taken back. */
  #replace(user: User, state: UserState | undefined): number {
    const { limits, users } = this.#parts;
    const tenant = this.#parts.tenants.obtain(user.tenant);
    users.change(user);
    const old = user.state === undefined ? [] : contributionsOf(user.state, limits);
    const added = state === undefined ? [] : contributionsOf(state, limits);
    tenant.subtract(old);
    tenant.add(added);
    // Erased, withdrawn or left out: what is no longer in the sums must not speak on through a view of them.
    if (added.length < old.length) tenant.dropViews();
    user.state = state;
    this.#changed.add(user);
    this.#remind(user);
    return old.length;
  }

  #remind(user: User): void {
    const dueAt = user.state?.dueAt ?? 0;
    if (dueAt === 0 || user.timerAt !== 0) return;
    user.timerAt = dueAt;
    this.#parts.timers.add({ dueAt, tenant: user.tenant, subject: user.subject });
  }

  /**
   * A step that threw may have changed half of the state: it is thrown away and made again from the log
   * without the record. A record that fails `attemptsMax` times is set aside, and on it goes.
   */
  async #retry(user: User, record: LogRecord, first: unknown): Promise<void> {
    const { limits, quarantined } = this.#parts;
    let reason = first;
    const place = placeOf(record);
    const before = await this.#contributionsBefore(user, record);
    quarantined.add(place);
    for (let attempt = 2; attempt <= attemptsMax; attempt++) {
      user.state = refold(before, limits);
      quarantined.delete(place);
      try {
        const deferred = this.#apply(user, record);
        if (deferred !== undefined) await deferred();
        return;
      } catch (error) {
        reason = error;
        quarantined.add(place);
      }
    }
    user.state = refold(before, limits);
    await this.#parts.quarantine(record, reasonOf(reason));
    await this.#refold(user, record.seq);
  }

  /** The user's records that stand before `record`: what the state was made of until it failed. */
  async #contributionsBefore(user: User, record: LogRecord): Promise<FoldRecord[]> {
    const { log, quarantined } = this.#parts;
    const { seq, offset } = record;
    const records = await remainingRecords(log, user, seq, quarantined, offset);
    return records.map(foldRecordOf);
  }

  #merge(record: LogRecord): Deferred | undefined {
    const { users, forward } = this.#parts;
    const { to } = payloadOf(record, "merge");
    const from = this.#file(record);
    if (from === undefined) return undefined;
    const target = this.#root(users.obtain(record.tenant, to));
    if (from === target || from.aliasOf !== "" || record.at <= target.barredThrough)
      return undefined;
    users.change(target);
    from.aliasOf = target.subject;
    target.aliases.push(from.subject, ...from.aliases);
    from.aliases = [];
    forward(from);
    return undefined;
  }

  #root(user: User): User {
    let root = user;
    for (let hops = 0; root.aliasOf !== ""; hops++) {
      assert(hops < 1_000, "aliases run in a circle");
      root = this.#parts.users.obtain(root.tenant, root.aliasOf);
    }
    return root;
  }

  #forget(record: LogRecord, payload: ForgetPayload): Deferred | undefined {
    const { users, outbox } = this.#parts;
    const user = users.obtain(record.tenant, record.subject);
    users.change(user);
    if (payload.scope === "part") {
      user.commits.add(record.seq);
      // An alias has nothing of its own: what it had is forgotten where it stands now.
      return user.aliasOf === "" ? () => this.#forgetPart(user, record) : undefined;
    }
    this.#erase(user);
    if (payload.scope === "alias") return this.#leave(user, record, payload.throughSeq);
    user.purge.push({
      seqs: user.commits.ranges(),
      beforeOffset: record.offset,
      offsets: null,
      keep: ["forget"],
    });
    user.commits = new Commits();
    user.forwardedThrough = 0;
    user.barredThrough = Math.max(user.barredThrough, payload.at);
    user.aliasOf = "";
    user.aliases = [];
    outbox.forget(user.tenant, user.subject);
    const effect: EngineEffect = { type: "subject.erased", at: record.at };
    outbox.put(record, 0, effect);
    return undefined;
  }

  /** The records of an alias up to commit `throughSeq` stand elsewhere now: here they leave the log. */
  #leave(user: User, record: LogRecord, throughSeq: number): undefined {
    const seqs = user.commits
      .ranges()
      .filter(([first]) => first <= throughSeq)
      .map(([first, last]) => [first, Math.min(last, throughSeq)] as const);
    user.forwardedThrough = Math.max(user.forwardedThrough, throughSeq);
    user.purge.push({
      seqs,
      beforeOffset: record.offset,
      offsets: null,
      keep: ["forget", "merge"],
    });
  }

  /** -C(state) and no state: what follows in the same commit is a new person's. */
  #erase(user: User): void {
    const { models } = this.#parts.tenants.obtain(user.tenant);
    const listener = this.#parts.onErased;
    const before = listener === undefined ? undefined : models.digests();
    const root = this.#root(user);
    const others = [root.subject, ...root.aliases].filter((subject) => subject !== user.subject);
    const cells = this.#replace(user, undefined);
    this.#refolded.delete(user);
    if (before !== undefined) listener?.({ user, before, after: models.digests(), cells, others });
  }

  async #forgetPart(user: User, record: LogRecord): Promise<void> {
    const { log } = this.#parts;
    const all = await log.readSubject(user.tenant, user.subject, user.commits.ranges());
    const gone = all.filter(
      (other) =>
        other.offset < record.offset && isForgottenPart(other, payloadOf(record, "forget")),
    );
    await this.#refold(user, record.seq);
    if (gone.length === 0) return;
    user.purge.push({
      seqs: gone.map((other) => [other.seq, other.seq] as const),
      beforeOffset: record.offset,
      offsets: gone.map((other) => other.offset),
      keep: ["forget", "merge"],
    });
  }
}

/**
 * The record on which the fold of all of them fails, found by halves. Consents stay in every half: a refusal
 * further on may be why an earlier record does no harm.
 */
function firstFailing(records: readonly LogRecord[], limits: Readonly<FoldLimits>): LogRecord {
  const unreadable = records.find((record) => !canRead(record));
  if (unreadable !== undefined) return unreadable;
  const isConsent = records.map((record) => "choice" in foldRecordOf(record).payload);
  let [good, bad] = [0, records.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const half = records.filter((_, i) => i < middle || isConsent[i]);
    if (canFold(half, limits)) good = middle;
    else bad = middle;
  }
  return records[bad - 1]!;
}

/** Whether the payload is an object of some type, or a decision. */
function canRead(record: LogRecord): boolean {
  try {
    const { payload } = foldRecordOf(record);
    return "type" in payload || "slots" in payload;
  } catch {
    return false;
  }
}

function canFold(records: readonly LogRecord[], limits: Readonly<FoldLimits>): boolean {
  try {
    refold(records.map(foldRecordOf), limits);
    return true;
  } catch {
    return false;
  }
}

/** Our own words alone: the messages of a parser quote the payload. */
function reasonOf(error: unknown): string {
  if (error instanceof AssertionError) return error.message;
  return error instanceof Error ? error.name : "unknown";
}

function removalOf(record: LogRecord): User["purge"][number] {
  return {
    seqs: [[record.seq, record.seq]],
    beforeOffset: record.offset + 1,
    offsets: [record.offset],
    keep: ["forget"],
  };
}

function declarationOf(record: LogRecord): Declaration {
  const { kind, at } = record;
  if (kind === "policy") return { type: kind, policy: payloadOf(record, kind) };
  if (kind === "catalogue") return { type: kind, change: payloadOf(record, kind), at };
  return { type: "definition", document: payloadOf(record, "definition") };
}

function foldRecordOf(record: LogRecord): FoldRecord {
  return { header: record, payload: payloadOf(record, record.kind) as FoldRecord["payload"] };
}
