/** The embedded log: an SQLite file in a worker thread behind the shared group commit. */
import { hostname } from "node:os";
import { Worker } from "node:worker_threads";
import type { LogRecord } from "../base/record.ts";
import { WorkerCalls } from "../base/worker-calls.ts";
import type { Batch, LogEnd } from "./batch.ts";
import { type GroupCommitOptions, openGroupCommit, type Store } from "./group-commit.ts";
import {
  type BackupFile,
  type Log,
  LogUnavailableError,
  type Removal,
  type SeqRange,
} from "./log.ts";
import type { SqliteFileOptions } from "./sqlite-file.ts";
import {
  type Answers,
  type FromWorker,
  fromPlainError,
  type Request,
  type ToWorker,
  unpackBatches,
} from "./sqlite-messages.ts";

export interface SqliteLogOptions extends GroupCommitOptions {
  /** The file; `-wal`, `-shm` and `.witness` stand beside it and are never to be removed. */
  path: string;
  /** Who opens; named in the error of a writer that is fenced by this opening. */
  epochHolder?: string | undefined;
  /** Opens a log that is behind its witness, in a new epoch: what the witness saw beyond the head is lost. */
  acceptLoss?: boolean | undefined;
  /** OFF is the control of the power-cut test, which must lose; nothing else may use it. */
  synchronous?: "FULL" | "OFF" | undefined;
}

/** Takes the log over from whoever had it. Throws LogCorruptError when the file is not whole. */
export async function openSqliteLog(options: SqliteLogOptions): Promise<Log> {
  const store = await SqliteStore.open({
    path: options.path,
    partitions: options.partitions,
    holder: options.epochHolder ?? `${hostname()}:${process.pid}`,
    acceptLoss: options.acceptLoss ?? false,
    synchronous: options.synchronous ?? "FULL",
  });
  try {
    return await openGroupCommit(store, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

type Reply = Extract<FromWorker, { id: number }>;

class SqliteStore implements Store {
  epoch = "";
  end: LogEnd = { seq: 0, logTime: 0, offsets: new Float64Array(0) };
  readonly #calls: WorkerCalls<Reply>;
  readonly #exited: Promise<void>;

  private constructor(worker: Worker) {
    this.#calls = new WorkerCalls(worker);
    this.#exited = new Promise((resolve) => {
      worker.once("exit", () => {
        this.#calls.lose(new LogUnavailableError("the log worker has ended", "io"));
        resolve();
      });
    });
  }

  static async open(options: SqliteFileOptions): Promise<SqliteStore> {
    // Compiled, this file and the worker's end in .js.
    const name = import.meta.url.endsWith(".ts") ? "./sqlite-worker.ts" : "./sqlite-worker.js";
    const worker = new Worker(new URL(name, import.meta.url), { workerData: options });
    const store = new SqliteStore(worker);
    const opened = new Promise<FromWorker>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    const first = await opened;
    if ("error" in first) {
      await store.#exited;
      throw fromPlainError(first.error);
    }
    if ("opened" in first) [store.epoch, store.end] = [first.opened.epoch, first.opened.end];
    worker.on("message", (reply: Reply) => store.#calls.take(reply));
    worker.on("error", (cause) => {
      store.#calls.lose(new LogUnavailableError("the log worker failed", "io", { cause }));
    });
    return store;
  }

  async commit({ seq, heads, body }: Batch): Promise<void> {
    await this.#ask({ op: "commit", seq, heads, body }, [heads.buffer as ArrayBuffer]);
  }

  async *read(afterSeq: number, throughSeq: number): AsyncGenerator<Batch[]> {
    if (afterSeq >= throughSeq) return;
    const ask = (first: number) => this.#ask({ op: "read", first, last: throughSeq });
    let next: Promise<Uint8Array> | undefined = ask(afterSeq + 1);
    while (next !== undefined) {
      const page: Batch[] = unpackBatches(await next);
      const reached: number = (page.at(-1) as Batch).seq;
      // The worker reads the page after this one while this one is decoded.
      next = reached < throughSeq ? ask(reached + 1) : undefined;
      next?.catch(() => undefined); // reported when it is awaited, if the reader gets so far
      yield page;
    }
  }

  async readSubject(tenant: number, subject: string, seqs: readonly SeqRange[]): Promise<Batch[]> {
    return unpackBatches(await this.#ask({ op: "readSubject", tenant, subject, seqs }));
  }

  rewrite(tenant: number, subject: string, removal: Removal): Promise<LogRecord[]> {
    return this.#ask({ op: "rewrite", tenant, subject, removal });
  }

  seqFrom(time: number): Promise<number> {
    return this.#ask({ op: "seqFrom", time });
  }

  backup(dir: string): Promise<BackupFile[]> {
    return this.#ask({ op: "backup", dir });
  }

  async close(): Promise<void> {
    if (this.#calls.lostTo === undefined) await this.#ask({ op: "close" });
    await this.#exited;
  }

  async #ask<R extends Request>(
    request: R,
    transfer: ArrayBuffer[] = [],
  ): Promise<Answers[R["op"]]> {
    const reply = await this.#calls.ask((id): ToWorker => ({ id, request }), transfer);
    if ("error" in reply) throw fromPlainError(reply.error);
    return reply.value as Answers[R["op"]];
  }
}
