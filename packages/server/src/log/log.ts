import type { LogRecord, RecordInput, RecordKind } from "../base/record.ts";

/**
 * The log: append-only records, payloads unread. It is the only truth; everything else is rebuilt from it.
 *
 * Duties of an implementation. `append` resolves only when the records are durable (fsync), keeps the order
 * of calls, gives every record a dense offset in its partition, never splits one call over two commits, and
 * tells duplicates by (tenant, source, messageHash) inside the deduplication window. A `merged` record is a
 * duplicate only of its like under the same subject, but keeps its id taken. Records become visible to `read`
 * and to `onCommit` in commit order, each exactly once. `rewrite` removes a subject's records from the
 * given commits and leaves offsets and emptied commits as tombstones. A corrupt commit is reported as
 * `LogCorruptError` with its seq and never served. After a failed fsync nothing is acknowledged again.
 *
 * Duties of a caller. One writer per log. `rewrite` only after a checkpoint past the forget record is durable.
 */
export interface Log {
  readonly epoch: string;
  readonly partitions: number;
  append(records: readonly RecordInput[]): Promise<AppendResult>;
  /** All commits after `afterSeq` (0 = from the start), in order, up to the head at the time of the call. */
  read(afterSeq: number): AsyncIterable<Commit>;
  /** The records of one subject in the given commits, in log order. */
  readSubject(tenant: number, subject: string, seqs: readonly SeqRange[]): Promise<LogRecord[]>;
  /** Seq of the newest durable commit; 0 when the log is empty. */
  head(): number;
  /** Calls back with each durable commit, in order, before `append` resolves. One listener at most. */
  onCommit(listener: (commit: Commit) => void): void;
  /** Removes a subject's records from stored commits; resolves with how many went, durable, bytes gone. */
  rewrite(tenant: number, subject: string, removal: Removal): Promise<number>;
  /** A consistent copy of the log in `dir` while it runs; returns the files with their SHA-256. */
  backup(dir: string): Promise<BackupFile[]>;
  /**
   * The deduplication set as of the head, to be stored with a checkpoint and handed to the next opening.
   * After a `rewrite` older ones must go: they still hold the ids of the forgotten.
   */
  dedupeSnapshot(): DedupeSnapshot;
  /** Bytes queued or being written, not yet durable: what a door looks at before it answers 429. */
  backlogBytes(): number;
  /** Waits for what is queued, then lets go of the files. */
  close(): Promise<void>;
}

export interface DedupeSnapshot {
  /** The set holds the records up to this commit. */
  seq: number;
  bytes: Uint8Array;
}

/** Both ends included. */
export type SeqRange = readonly [first: number, last: number];

/**
 * Records of one subject that are to leave the log: in the given commits those whose offset (in the subject's
 * partition) is below `beforeOffset`, or, where `offsets` is given, exactly those; never one of a kind in
 * `keep`. Removing again what is gone removes nothing.
 */
export interface Removal {
  seqs: SeqRange[];
  beforeOffset: number;
  offsets: number[] | null;
  keep: RecordKind[];
}

export interface Commit {
  seq: number;
  records: LogRecord[];
}

export interface AppendResult {
  /** Opaque to clients: `"epoch.seq"`. Duplicates alone: a position at or past the originals. */
  position: string;
  seq: number;
  /** One entry a record, in the order given. */
  results: ("appended" | "duplicate")[];
}

export interface BackupFile {
  name: string;
  bytes: number;
  sha256: string;
}

/** A stored commit failed its checksum, a seq is missing, or the head is behind its witness. */
export class LogCorruptError extends Error {
  readonly seq: number;
  constructor(message: string, seq: number) {
    super(message);
    this.name = "LogCorruptError";
    this.seq = seq;
  }
}

/**
 * `full`: no space; nothing of the call was stored, reads go on, and later calls succeed once there is space.
 * All others are final for this process: `io` the disk refused and what it holds is known only after a new
 * start, `fenced` another opener owns the log now, `closed` the log was closed.
 */
export type LogUnavailableReason = "full" | "io" | "fenced" | "closed";

/** The append was not stored, or nobody can tell whether it was (`io`). */
export class LogUnavailableError extends Error {
  readonly reason: LogUnavailableReason;
  constructor(message: string, reason: LogUnavailableReason, options?: ErrorOptions) {
    super(message, options);
    this.name = "LogUnavailableError";
    this.reason = reason;
  }
}

/** Whether an append failed for want of space alone. */
export function isFull(error: unknown): boolean {
  return error instanceof LogUnavailableError && error.reason === "full";
}
