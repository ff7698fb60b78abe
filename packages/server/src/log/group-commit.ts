/**
 * The log over any store of batches: queueing, deduplication, group commit, offsets, the listener and reading
 * back are the same for the memory log and for SQLite; only the store differs. While one commit is written,
 * everything that arrives is packed into the next; an append never sits in two commits.
 */
import { assert } from "../base/assert.ts";
import type { LogRecord, RecordInput } from "../base/record.ts";
import { assertRecord, type Batch, BatchBuilder, decodeBatch, type LogEnd } from "./batch.ts";
import { Dedupe } from "./dedupe.ts";
import {
  type AppendResult,
  type BackupFile,
  type Commit,
  type DedupeSnapshot,
  type Log,
  LogCorruptError,
  LogUnavailableError,
  type Removal,
  type SeqRange,
} from "./log.ts";

/** Keeps batches; every batch it gives out has passed its checksum, or it throws LogCorruptError. */
export interface Store {
  readonly epoch: string;
  /** Where the log stood when it was opened. */
  readonly end: LogEnd;
  /** Stores a batch for good. One call at a time; the bytes belong to the store from then on. */
  commit(batch: Batch): Promise<void>;
  /** Batches of (afterSeq, throughSeq] in order, none missing, in pages of bounded size. */
  read(afterSeq: number, throughSeq: number): AsyncIterable<Batch[]>;
  /** The batches in the ranges that hold the subject, each with the subject's groups alone. */
  readSubject(tenant: number, subject: string, seqs: readonly SeqRange[]): Promise<Batch[]>;
  /** Erases and returns the headers of what went; durable, and gone from every file, when it resolves. */
  rewrite(tenant: number, subject: string, removal: Removal): Promise<LogRecord[]>;
  /** The first seq whose batch may hold records received at or after `time`; end.seq + 1 when none. */
  seqFrom(time: number): Promise<number>;
  backup(dir: string): Promise<BackupFile[]>;
  close(): Promise<void>;
}

export interface GroupCommitOptions {
  partitions: number;
  /** 1 to 30. */
  dedupeWindowDays: number;
  /** Ms since 1970; moves the deduplication window. */
  now: () => number;
  /** A commit takes no further call beyond this; one call alone may be larger. */
  commitBytesMax: number;
  /** The set as stored with a checkpoint; records after its seq are read from the log. */
  dedupe?: DedupeSnapshot | undefined;
  /** Scatters the deduplication tables; give it in a simulation, chance decides otherwise. */
  salt?: number | undefined;
}

interface Call {
  results: AppendResult["results"];
  resolve: (result: AppendResult) => void;
  reject: (error: unknown) => void;
}

interface Pending {
  builder: BatchBuilder;
  calls: Call[];
}

/** Opens the log over a store: brings the deduplication set up to the head first. */
export async function openGroupCommit(store: Store, options: GroupCommitOptions): Promise<Log> {
  const { dedupeWindowDays: windowDays, now, dedupe: snapshot } = options;
  const salt = options.salt ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number);
  const usable = snapshot !== undefined && snapshot.seq <= store.end.seq;
  const settings = { windowDays, salt };
  const dedupe = usable ? Dedupe.decode(snapshot.bytes, settings) : new Dedupe(settings);
  dedupe.expire(now());
  const inWindow = await store.seqFrom(Dedupe.windowStart(now(), windowDays));
  const after = Math.max(inWindow - 1, usable ? snapshot.seq : 0);
  for await (const page of store.read(after, store.end.seq)) {
    for (const batch of page) for (const record of decoded(batch)) dedupe.claim(record);
  }
  return new GroupCommitLog(store, dedupe, options);
}

class GroupCommitLog implements Log {
  readonly epoch: string;
  readonly partitions: number;
  readonly #store: Store;
  readonly #dedupe: Dedupe;
  readonly #options: GroupCommitOptions;
  #end: LogEnd;
  readonly #queue: Pending[] = [];
  #inFlight: Pending | undefined;
  #isScheduled = false;
  #listener: ((commit: Commit) => void) | undefined;
  /** Why nothing is taken in any more. */
  #final: LogUnavailableError | undefined;
  #whenIdle: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor(store: Store, dedupe: Dedupe, options: GroupCommitOptions) {
    assert(store.end.offsets.length === options.partitions, "partitions differ from the log's");
    this.epoch = store.epoch;
    this.partitions = options.partitions;
    this.#store = store;
    this.#dedupe = dedupe;
    this.#options = options;
    this.#end = store.end;
  }

  async append(records: readonly RecordInput[]): Promise<AppendResult> {
    if (this.#final !== undefined) throw this.#final;
    let bytes = 0;
    for (const record of records) {
      assertRecord(record);
      bytes += record.payload.length;
    }
    this.#dedupe.expire(this.#options.now());
    const results: AppendResult["results"] = [];
    let pending: Pending | undefined;
    for (const record of records) {
      const isNew = this.#dedupe.claim(record);
      results.push(isNew ? "appended" : "duplicate");
      if (isNew) (pending ??= this.#pendingFor(bytes)).builder.add(record);
    }
    // Duplicates alone wait for all that is queued: the original may be among it, not durable yet.
    pending ??= this.#queue.at(-1) ?? this.#inFlight;
    if (pending === undefined) return this.#result(results);
    const { calls } = pending;
    const done = new Promise<AppendResult>((resolve, reject) => {
      calls.push({ results, resolve, reject });
    });
    this.#schedule();
    return done;
  }

  read(afterSeq: number): AsyncIterable<Commit> {
    return this.#commits(afterSeq, this.#end.seq);
  }

  async readSubject(
    tenant: number,
    subject: string,
    seqs: readonly SeqRange[],
  ): Promise<LogRecord[]> {
    const batches = await this.#store.readSubject(tenant, subject, this.#existing(seqs));
    return batches.flatMap(decoded);
  }

  head(): number {
    return this.#end.seq;
  }

  onCommit(listener: (commit: Commit) => void): void {
    assert(this.#listener === undefined, "the log has a listener already");
    this.#listener = listener;
  }

  async rewrite(tenant: number, subject: string, removal: Removal): Promise<number> {
    if (this.#final !== undefined) throw this.#final;
    const seqs = this.#existing(removal.seqs);
    const removed = await this.#store.rewrite(tenant, subject, { ...removal, seqs });
    for (const record of removed) this.#dedupe.release(record);
    return removed.length;
  }

  backup(dir: string): Promise<BackupFile[]> {
    return this.#store.backup(dir);
  }

  dedupeSnapshot(): DedupeSnapshot {
    // A queued record may yet be lost, and its resend must then be taken: it is left out.
    const queued = [this.#inFlight, ...this.#queue].flatMap((p) => p?.builder.records ?? []);
    for (const record of queued) this.#dedupe.release(record);
    const bytes = this.#dedupe.encode();
    for (const record of queued) this.#dedupe.claim(record);
    return { seq: this.#end.seq, bytes };
  }

  backlogBytes(): number {
    let bytes = this.#inFlight?.builder.bytes ?? 0;
    for (const pending of this.#queue) bytes += pending.builder.bytes;
    return bytes;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#final ??= new LogUnavailableError("the log is closed", "closed");
    if (this.#inFlight !== undefined || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
    await this.#store.close();
  }

  async *#commits(afterSeq: number, throughSeq: number): AsyncGenerator<Commit> {
    assert(Number.isSafeInteger(afterSeq) && afterSeq >= 0, "afterSeq is not a seq");
    for await (const page of this.#store.read(afterSeq, throughSeq)) {
      for (const batch of page) yield { seq: batch.seq, records: decoded(batch) };
    }
  }

  /** The ranges cut to what is stored: a caller's list may reach past a head that it heard of early. */
  #existing(seqs: readonly SeqRange[]): SeqRange[] {
    const cut = seqs.map(([a, b]): SeqRange => [Math.max(a, 1), Math.min(b, this.#end.seq)]);
    return cut.filter(([first, last]) => first <= last);
  }

  #pendingFor(bytes: number): Pending {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.builder.bytes + bytes <= this.#options.commitBytesMax) {
      return last;
    }
    const pending: Pending = { builder: new BatchBuilder(this.partitions), calls: [] };
    this.#queue.push(pending);
    return pending;
  }

  /** One microtask later, so that calls made in one go share a commit. */
  #schedule(): void {
    if (this.#isScheduled || this.#inFlight !== undefined) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#inFlight !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) {
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    this.#inFlight = next;
    const end = next.builder.endAfter(this.#end);
    this.#store.commit(next.builder.seal(this.#end)).then(
      () => this.#committed(next, end),
      (error: unknown) => this.#failed(next, error),
    );
  }

  #committed(done: Pending, end: LogEnd): void {
    assert(end.seq === this.#end.seq + 1, "commits finished out of order");
    this.#end = end;
    this.#inFlight = undefined;
    // The disk first: it writes the next commit while the listener folds this one.
    this.#startNext();
    this.#listener?.({ seq: end.seq, records: done.builder.records });
    for (const call of done.calls) call.resolve(this.#result(call.results, end.seq));
  }

  /**
   * Everything queued fails with it: a later call may have been told duplicate of a record that is not
   * stored. Ids are given back, so a resend is taken.
   */
  #failed(failed: Pending, cause: unknown): void {
    const error =
      cause instanceof LogUnavailableError
        ? cause
        : new LogUnavailableError("the log could not store a commit", "io", { cause });
    if (error.reason !== "full") this.#final = error;
    this.#inFlight = undefined;
    const lost = [failed, ...this.#queue.splice(0)];
    for (const { builder } of lost) {
      for (const record of builder.records) this.#dedupe.release(record);
    }
    for (const { calls } of lost) for (const call of calls) call.reject(error);
    this.#startNext();
  }

  #result(results: AppendResult["results"], seq = this.#end.seq): AppendResult {
    return { position: `${this.epoch}.${seq}`, seq, results };
  }
}

/** A batch that passed its checksum and still does not decode was written wrong: name it all the same. */
function decoded(batch: Batch): LogRecord[] {
  try {
    return decodeBatch(batch);
  } catch (error) {
    const why = (error as Error).message;
    throw new LogCorruptError(`commit ${batch.seq} cannot be decoded: ${why}`, batch.seq);
  }
}
