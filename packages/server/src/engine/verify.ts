import { createHash } from "node:crypto";
import type { FoldLimits } from "../core/fold/state.ts";
import type { Log } from "../log/log.ts";
import type { UserRow } from "./checkpoint/checkpoint.ts";
import { MemoryCheckpoint } from "./checkpoint/memory.ts";
import { Outbox } from "./outbox.ts";
import { Processor } from "./processor.ts";
import { collectQuarantined } from "./quarantine.ts";
import { type Tenant, Tenants } from "./tenants.ts";
import { Timers } from "./timers.ts";
import { Users } from "./users/users.ts";

/** States and sums at one position, comparable bit for bit. */
export interface Snapshot {
  seq: number;
  users: number;
  /** SHA-256 over (tenant, subject, packed state) in order. */
  states: string;
  /** By tenant and model: the running digest and the SHA-256 of the canonical bytes. */
  sums: Record<string, { running: string; sha256: string }>;
}

/** Whatever holds rows and tenants at a position: a live engine, or a replay. */
export interface Snapshottable {
  seq: number;
  rows(): Iterable<UserRow>;
  tenants(): readonly Tenant[];
}

export function snapshotOf(source: Snapshottable): Snapshot {
  const states = createHash("sha256");
  let users = 0;
  for (const row of source.rows()) {
    if (row.body === null) continue;
    users += 1;
    states.update(`${row.tenant}/${row.subject}/${row.body.length}:`);
    states.update(row.body);
  }
  const sums: Snapshot["sums"] = {};
  for (const tenant of source.tenants()) {
    for (const summary of tenant.models.all()) {
      if (summary.size === 0) continue;
      sums[`${tenant.number}/${summary.model}`] = {
        running: summary.digest(),
        sha256: createHash("sha256").update(summary.encode()).digest("hex"),
      };
    }
  }
  return { seq: source.seq, users, states: states.digest("hex"), sums };
}

/**
 * An engine without a mouth: it folds the log and appends nothing, answers nothing, delivers nothing. What it
 * reaches is what the log says; `verify` holds the live engine against it, and a past decision is answered
 * again from it.
 */
export class Replay implements Snapshottable {
  readonly #log: Log;
  readonly #users = new Users(new MemoryCheckpoint(), Number.MAX_SAFE_INTEGER);
  readonly #tenants = new Tenants();
  readonly #processor: Processor;
  readonly #quarantined = new Set<string>();

  constructor(log: Log, limits: Readonly<FoldLimits>) {
    this.#log = log;
    this.#processor = new Processor(
      {
        log,
        users: this.#users,
        tenants: this.#tenants,
        outbox: new Outbox(1),
        timers: new Timers(),
        limits,
        quarantined: this.#quarantined,
        forward: () => undefined,
        quarantine: () => undefined,
      },
      0,
    );
  }

  get seq(): number {
    return this.#processor.seq;
  }

  rows(): Iterable<UserRow> {
    return this.#users.rows();
  }

  tenants(): readonly Tenant[] {
    return this.#tenants.all();
  }

  tenant(number: number): Tenant {
    return this.#tenants.obtain(number);
  }

  state(tenant: number, subject: string) {
    return this.#users.find(tenant, subject)?.state;
  }

  /**
   * Folds the log from zero up to commit `throughSeq`; `between` is called with the position before the
   * first commit and after every commit.
   */
  async run(
    throughSeq: number,
    between?: ((seq: number) => void | Promise<void>) | undefined,
  ): Promise<void> {
    await collectQuarantined(this.#log, 0, this.#quarantined);
    await between?.(0);
    for await (const commit of this.#log.read(0)) {
      if (commit.seq > throughSeq) return;
      await this.#processor.process(commit);
      await between?.(commit.seq);
    }
  }
}

export interface Verification {
  isEqual: boolean;
  /** What differs: "states" or "tenant/model". */
  differences: string[];
  live: Snapshot;
  replay: Snapshot;
}

/** Replays the log from zero beside the live state and compares them. */
export async function verify(
  log: Log,
  live: Snapshottable,
  limits: Readonly<FoldLimits>,
): Promise<Verification> {
  const shown = snapshotOf(live);
  const replay = new Replay(log, limits);
  await replay.run(shown.seq);
  return compare(shown, snapshotOf(replay));
}

export function compare(live: Snapshot, replay: Snapshot): Verification {
  const differences: string[] = [];
  if (live.states !== replay.states || live.users !== replay.users) differences.push("states");
  for (const name of new Set([...Object.keys(live.sums), ...Object.keys(replay.sums)])) {
    const [a, b] = [live.sums[name], replay.sums[name]];
    if (a?.running !== b?.running || a?.sha256 !== b?.sha256) differences.push(name);
  }
  return { isEqual: differences.length === 0, differences, live, replay };
}
