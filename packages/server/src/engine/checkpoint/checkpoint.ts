import type { BackupFile, Removal } from "../../log/log.ts";

/**
 * The checkpoint: packed user states, the offset they stand at, what all users share (policies, definitions,
 * catalogue) and the outbox. Never sums: a start adds every C(state) again, which proves that the sums are
 * the sum of the users.
 *
 * Duties of an implementation. `commit` is atomic and durable when it resolves: after a crash either all of
 * it is there, mark included, or none. Deleted bytes are gone from the files (an erasure must be durable here
 * before the log is rewritten). Rows come back in order of (tenant, subject).
 */
export interface Checkpoint {
  /** Where the stored rows stand; undefined before the first commit. */
  mark(): Mark | undefined;
  read(tenant: number, subject: string): UserRow | undefined;
  rows(): Iterable<UserRow>;
  /** The same in whatever order is the quickest. */
  rowsAsStored(): Iterable<UserRow>;
  /** In the order of their keys, all or the one of a key. */
  shared(key?: string): Iterable<[key: string, value: Uint8Array]>;
  outbox(): Iterable<OutboxEntry>;
  commit(change: CheckpointChange): Promise<void>;
  /** A consistent copy in `dir` while it runs. */
  backup(dir: string): Promise<BackupFile[]>;
  close(): Promise<void>;
}

export interface Mark {
  /** Last commit of the log that the rows contain. */
  seq: number;
  /** Hour of the last clock record among them. */
  clockHour: number;
  /** `logicVersion` of the fold that made them; another one means a rebuild. */
  logic: number;
}

/** All that is kept of a subject. Only `body` is state; the rest is delivery metadata, outside digests. */
export interface UserRow {
  tenant: number;
  subject: string;
  /** The packed state, or null: forgotten, or an alias. */
  body: Uint8Array | null;
  /** Commits that hold this subject's records, as `Commits` packs them: `[0]` is none. */
  commits: Uint8Array;
  /** Events of the subject at or before this time (ms) are dropped for ever; 0 = none. */
  barredThrough: number;
  /** The subject that this one was merged into, or "". */
  aliasOf: string;
  /** Subjects merged into this one. */
  aliases: string[];
  /** Of an alias: records up to this commit stand under the subject it was merged into; 0 = none yet. */
  forwardedThrough: number;
  /** What the log must lose once this row is durable. */
  purge: Removal[];
}

export interface OutboxEntry {
  /** `partition:offset:index`. */
  id: string;
  /** Commit of the record that caused it. */
  seq: number;
  tenant: number;
  subject: string;
  /** The effect as JSON. */
  body: string;
}

export interface CheckpointChange {
  mark: Mark;
  rows: readonly UserRow[];
  shared: readonly (readonly [key: string, value: Uint8Array | null])[];
  outboxAdd: readonly OutboxEntry[];
  outboxRemove: readonly string[];
  /** Whether others wait for the processor and the disk meanwhile: then it is done in parts, with rests between. */
  isRested: boolean;
}

export function isEmptyRow(row: UserRow): boolean {
  return (
    row.body === null &&
    row.commits[0] === 0 &&
    row.barredThrough === 0 &&
    row.aliasOf === "" &&
    row.aliases.length === 0 &&
    row.purge.length === 0
  );
}
