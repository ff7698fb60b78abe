import type { LogRecord, RecordInput } from "../base/record.ts";

/**
 * The log: append-only records, payloads unread. It is the only truth; everything else is rebuilt from it.
 *
 * Duties of an implementation. `append` resolves only when the records are durable (fsync), keeps the order
 * of calls, gives every record a dense offset in its partition, never splits one call over two commits, and
 * tells duplicates by (tenant, source, messageHash) inside the deduplication window. Records become visible
 * to `read` and to `onCommit` in commit order, each exactly once. `rewrite` removes a subject's records from
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
  /** Removes every record of the subject from the commits, except kinds in `keep`; returns how many went. */
  rewrite(
    tenant: number,
    subject: string,
    seqs: readonly SeqRange[],
    keep: readonly LogRecord["kind"][],
  ): Promise<number>;
  /** A consistent copy of the log in `dir` while it runs; returns the files with their SHA-256. */
  backup(dir: string): Promise<BackupFile[]>;
  close(): Promise<void>;
}

/** Both ends included. */
export type SeqRange = readonly [first: number, last: number];

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

/** The disk refused (fsync or commit failed): nothing more is acknowledged by this process. */
export class LogUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LogUnavailableError";
  }
}
