/**
 * The thread that owns the SQLite file of a log. It answers requests in order; a long one (rewrite, backup)
 * goes on in steps with commits in between. After the disk refused once, nothing but errors is answered.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import type { LogRecord } from "../base/record.ts";
import { isFull, LogUnavailableError, type Removal } from "./log.ts";
import { WalMover } from "./wal-mover.ts";
import { SqliteFile, type SqliteFileOptions } from "./sqlite-file.ts";
import {
  type Answers,
  type FromWorker,
  packBatches,
  type Request,
  toPlainError,
  type ToWorker,
} from "./sqlite-messages.ts";

const readBytes = 1 << 20;
/** Commits rewritten in one transaction; other commits wait that long. */
const rewriteStep = 32;
const witnessEveryMs = 1000;

assert(parentPort !== null, "the log worker is started as a worker");
const port = parentPort;
let final: LogUnavailableError | undefined;
let longWork: Promise<unknown> = Promise.resolve();

const file = open();
const mover =
  file &&
  new WalMover(workerData as SqliteFileOptions, (moved) =>
    guard(() => (moved === undefined ? file.move() : file.noteMoved(moved))),
  );
const ticking = setInterval(() => guard(() => file?.bearWitness()), witnessEveryMs);

if (file === undefined) {
  stop();
} else {
  port.on("message", ({ id, request }: ToWorker) => {
    answer(file, id, request);
  });
  post({ opened: { epoch: file.epoch, end: file.end } });
}

function open(): SqliteFile | undefined {
  try {
    return new SqliteFile(workerData as SqliteFileOptions);
  } catch (error) {
    post({ id: 0, error: toPlainError(error) });
    return undefined;
  }
}

function stop(): void {
  clearInterval(ticking);
  port.close();
}

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function answer(log: SqliteFile, id: number, request: Request): void {
  if (request.op === "rewrite" || request.op === "backup") {
    // One long work at a time: a copy under way would keep a rewrite from emptying the write-ahead log.
    longWork = longWork.then(() => settle(id, () => runLong(log, request)));
    return;
  }
  if (request.op === "close") {
    void longWork.then(() => settle(id, () => close(log))).then(stop);
    return;
  }
  try {
    const value = run(log, request);
    post({ id, value }, value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : []);
  } catch (error) {
    fail(id, error);
  }
  if (request.op === "commit" && log.isMoveDue) moveBeside(log);
}

/** Beside the appends, or on this thread where there is nobody to do it. */
function moveBeside(log: SqliteFile): void {
  if (mover?.move() !== true) guard(() => log.move());
}

async function settle(id: number, work: () => Promise<Answers[keyof Answers]>): Promise<void> {
  try {
    post({ id, value: await work() });
  } catch (error) {
    fail(id, error);
  }
}

type Short = Exclude<Request, { op: "rewrite" | "backup" | "close" }>;

function run(log: SqliteFile, request: Short): Answers[Short["op"]] {
  if (final !== undefined) throw final;
  switch (request.op) {
    case "commit":
      log.commit(request);
      return null;
    case "read":
      return packBatches(log.read(request.first, request.last, readBytes));
    case "readSubject":
      return packBatches(log.readSubject(request.tenant, request.subject, request.seqs));
    case "seqFrom":
      return log.seqFrom(request.time);
  }
}

async function runLong(
  log: SqliteFile,
  request: Extract<Request, { op: "rewrite" | "backup" }>,
): Promise<Answers["rewrite"] | Answers["backup"]> {
  if (final !== undefined) throw final;
  if (request.op === "backup") return log.backup(request.dir);
  return rewrite(log, request.tenant, request.subject, request.removal);
}

async function rewrite(
  log: SqliteFile,
  tenant: number,
  subject: string,
  { seqs, ...which }: Removal,
): Promise<LogRecord[]> {
  const removed: LogRecord[] = [];
  for (const [first, last] of seqs) {
    for (let from = first; from <= last; from += rewriteStep) {
      const step = [from, Math.min(last, from + rewriteStep - 1)] as const;
      removed.push(...log.erase(tenant, subject, step, which));
      await new Promise((resolve) => setImmediate(resolve));
      if (final !== undefined) throw final;
    }
  }
  // Even when nothing went: an earlier attempt may have stopped between erasing and here.
  log.flush();
  return removed;
}

async function close(log: SqliteFile): Promise<null> {
  await mover?.close();
  // After a refusal the file is left as it is: only a new start can tell what the disk holds.
  if (final === undefined) log.close();
  return null;
}

function fail(id: number, error: unknown): void {
  if (error instanceof LogUnavailableError && !isFull(error)) final ??= error;
  post({ id, error: toPlainError(error) });
}

/** For work nobody asked for: its failure shows at the next request. */
function guard(work: () => void): void {
  if (final !== undefined) return;
  try {
    work();
  } catch (cause) {
    if (isFull(cause)) return;
    final =
      cause instanceof LogUnavailableError
        ? cause
        : new LogUnavailableError(`the log failed beside a commit: ${String(cause)}`, "io");
  }
}
