import { assert } from "../../base/assert.ts";
import { decodeState, encodeState } from "../../core/fold/codec.ts";
import type { UserState } from "../../core/fold/state.ts";
import type { Removal } from "../../log/log.ts";
import type { Checkpoint, UserRow } from "../checkpoint/checkpoint.ts";
import { Commits } from "./commits.ts";
import { StoredSubjects } from "./stored-subjects.ts";

/** A subject in memory: its row with the state decoded. */
export interface User {
  readonly tenant: number;
  readonly subject: string;
  state: UserState | undefined;
  commits: Commits;
  barredThrough: number;
  aliasOf: string;
  aliases: string[];
  forwardedThrough: number;
  purge: Removal[];
  /** Due time of the timer that is set for this user (ms), 0 = none. Not stored. */
  timerAt: number;
  dirty: boolean;
  /** True while a checkpoint that began before has not packed this user yet. */
  frozen: boolean;
  /** Checkpoint round in which the user was last touched. */
  touchedIn: number;
}

/**
 * The users of the engine: decoded on touch, packed rows at rest in the checkpoint. Dirty users stay in
 * memory until a checkpoint has them; beyond `hotUsersMax` clean ones go, least recently touched round first.
 * A checkpoint freezes the dirty users and packs them bit by bit; `change` packs a frozen one before it
 * changes, so that what is written is the state at the freeze.
 */
export class Users {
  /** By tenant and subject: a key made of both cost more than the look-up. */
  readonly #hot = new Map<number, Map<string, User>>();
  #hotCount = 0;
  readonly #checkpoint: Checkpoint;
  /** Whoever has a row in the checkpoint or on the way there. */
  readonly #stored = new StoredSubjects();
  readonly #hotUsersMax: number;
  #dirty: User[] = [];
  #frozen: User[] = [];
  #packed: UserRow[] = [];
  /** What is left of letting clean users go: those not touched lately, then any. */
  #sweeps: Generator<undefined>[] = [];
  #round = 0;

  constructor(checkpoint: Checkpoint, hotUsersMax: number) {
    this.#checkpoint = checkpoint;
    this.#hotUsersMax = hotUsersMax;
  }

  get hotCount(): number {
    return this.#hotCount;
  }

  get dirtyCount(): number {
    return this.#dirty.length;
  }

  /** Must be told of every row that the checkpoint holds from before. */
  restored(row: UserRow): void {
    this.#stored.add(row.subject);
  }

  find(tenant: number, subject: string): User | undefined {
    const hot = this.#hot.get(tenant)?.get(subject);
    if (hot !== undefined) {
      hot.touchedIn = this.#round;
      return hot;
    }
    if (!this.#stored.has(subject)) return undefined;
    const row = this.#checkpoint.read(tenant, subject);
    if (row === undefined) return undefined;
    const state = row.body === null ? undefined : decodeState(row.body);
    return this.#admit(row, state, Commits.of(row.commits));
  }

  /** The user, made now if nobody knew the subject. */
  obtain(tenant: number, subject: string): User {
    const known = this.find(tenant, subject);
    if (known !== undefined) return known;
    return this.#admit({ tenant, subject, ...nothingKept }, undefined, new Commits());
  }

  #keep(user: User): void {
    let hot = this.#hot.get(user.tenant);
    if (hot === undefined) {
      hot = new Map();
      this.#hot.set(user.tenant, hot);
    }
    hot.set(user.subject, user);
    this.#hotCount += 1;
  }

  /** Must be called before a user is changed in any way. */
  change(user: User): void {
    if (user.frozen) this.#pack(user);
    if (!user.dirty) {
      user.dirty = true;
      this.#dirty.push(user);
    }
  }

  /** Begins a checkpoint: what is dirty now will be in it, as it is now. */
  freeze(): void {
    assert(
      this.#frozen.length === 0 && this.#packed.length === 0,
      "a checkpoint is already under way",
    );
    this.#frozen = this.#dirty;
    this.#dirty = [];
    for (const user of this.#frozen) {
      user.frozen = true;
      user.dirty = false;
    }
  }

  /** Packs up to `count` frozen users; true when none is left. */
  packSome(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const user = this.#frozen.pop();
      if (user === undefined) return true;
      if (user.frozen) this.#pack(user);
    }
    return this.#frozen.length === 0;
  }

  /** The packed rows, to be committed. Their users stay in memory until `saved`. */
  takePacked(): UserRow[] {
    assert(this.#frozen.length === 0, "rows are still to be packed");
    const rows = this.#packed;
    this.#packed = [];
    return rows;
  }

  /** The commit of `takePacked` is durable: clean users may leave. */
  saved(): void {
    this.#round += 1;
    this.#sweeps = [this.#sweep(this.#round - 2), this.#sweep(this.#round)];
  }

  /** Looks at up to `count` users and lets go of those too many; true when there is no more to do. */
  releaseSome(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const [sweep] = this.#sweeps;
      if (sweep === undefined || this.#hotCount <= this.#hotUsersMax) return true;
      if (sweep.next().done === true) this.#sweeps.shift();
    }
    return false;
  }

  *#sweep(oldest: number): Generator<undefined> {
    for (const hot of this.#hot.values()) {
      for (const [subject, user] of hot) {
        const isIdle = !user.dirty && !user.frozen && user.touchedIn <= oldest;
        if (isIdle && hot.delete(subject)) this.#hotCount -= 1;
        yield;
      }
    }
  }

  /** Every user, stored or hot, packed as of now, in order of (tenant, subject). */
  *rows(): Iterable<UserRow> {
    const hot = [...this.#hot.values()]
      .flatMap((users) => [...users.values()])
      .sort((a, b) => a.tenant - b.tenant || (a.subject < b.subject ? -1 : 1));
    let next = 0;
    for (const row of this.#checkpoint.rows()) {
      while (next < hot.length && isBefore(hot[next]!, row)) yield rowOf(hot[next++]!);
      const same = hot[next];
      if (same !== undefined && same.tenant === row.tenant && same.subject === row.subject) {
        next += 1;
        yield rowOf(same);
      } else {
        yield row;
      }
    }
    while (next < hot.length) yield rowOf(hot[next++]!);
  }

  #admit(
    row: Omit<UserRow, "body" | "commits">,
    state: UserState | undefined,
    commits: Commits,
  ): User {
    const user: User = {
      tenant: row.tenant,
      subject: row.subject,
      state,
      commits,
      barredThrough: row.barredThrough,
      aliasOf: row.aliasOf,
      aliases: [...row.aliases],
      forwardedThrough: row.forwardedThrough,
      purge: [...row.purge],
      timerAt: 0,
      dirty: false,
      frozen: false,
      touchedIn: this.#round,
    };
    this.#keep(user);
    return user;
  }

  #pack(user: User): void {
    user.frozen = false;
    this.#packed.push(rowOf(user));
    this.#stored.add(user.subject);
  }
}

/** Of a subject that nobody knew. */
const nothingKept = { barredThrough: 0, aliasOf: "", aliases: [], forwardedThrough: 0, purge: [] };

function isBefore(user: User, row: UserRow): boolean {
  return user.tenant !== row.tenant ? user.tenant < row.tenant : user.subject < row.subject;
}

function rowOf(user: User): UserRow {
  return {
    tenant: user.tenant,
    subject: user.subject,
    body: user.state === undefined ? null : encodeState(user.state),
    commits: user.commits.pack(),
    barredThrough: user.barredThrough,
    aliasOf: user.aliasOf,
    aliases: [...user.aliases],
    forwardedThrough: user.forwardedThrough,
    purge: [...user.purge],
  };
}

/** Whether an alias has records that do not stand under the subject it was merged into yet. */
export function isToForward({ aliasOf, commits, forwardedThrough }: User | UserRow): boolean {
  if (aliasOf === "") return false;
  const { newest } = commits instanceof Commits ? commits : Commits.of(commits);
  return newest > forwardedThrough;
}
