import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate, setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { crc32c } from "../../base/crc32c.ts";
import { WorkerCalls } from "../../base/worker-calls.ts";
import type { BackupFile } from "../../log/log.ts";
import {
  type Checkpoint,
  type CheckpointChange,
  type Mark,
  type OutboxEntry,
  type UserRow,
} from "./checkpoint.ts";
import { decodeRow, encodeRows, rowCrc, textCrc } from "./codec.ts";
import type { WorkerCall, WorkerReply } from "./sqlite-worker.ts";

/** Rows made bytes between two turns of the event loop: a quarter of a millisecond of work (all of 100,000 at once took 261 ms). */
const encodedPerTurn = 128;

/** A stored row fails its checksum: it is never served. The file can be made again from the log. */
export class CheckpointCorruptError extends Error {
  constructor(path: string, what: string) {
    super(
      `${what} in ${path} fails its checksum. Stop, move ${path} away and start again: the state is rebuilt from the log.`,
    );
    this.name = "CheckpointCorruptError";
  }
}

/**
 * The checkpoint in one SQLite file: written by a worker thread (WAL, synchronous=FULL, secure_delete), read
 * here through a connection of its own, which sees each commit once it is durable. Every row carries a
 * checksum that is verified on every read.
 */
export async function openSqliteCheckpoint(path: string): Promise<Checkpoint> {
  // Compiled, this file and the worker's end in .js.
  const name = import.meta.url.endsWith(".ts") ? "./sqlite-worker.ts" : "./sqlite-worker.js";
  const worker = new Worker(new URL(name, import.meta.url), { workerData: { path } });
  const writer = new Writer(worker);
  await writer.send({ type: "open" });
  if (!existsSync(path)) throw new Error(`${path} could not be created`);
  return new SqliteCheckpoint(path, writer);
}

/** Shorter ones are copied: they may share their memory with others. */
const transferredMin = 1 << 16;

/** What a value may hand over: a catalogue of a million items has 200 MB of them, and nobody reads one again. */
function wholeBuffer(value: Uint8Array | null): ArrayBuffer[] {
  if (value === null || value.length < transferredMin) return [];
  const { buffer, length } = value;
  return buffer instanceof ArrayBuffer && length === buffer.byteLength ? [buffer] : [];
}

/** The thread that writes. While it has work the process stays alive. */
class Writer {
  readonly #worker: Worker;
  readonly #calls: WorkerCalls<WorkerReply>;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#calls = new WorkerCalls(worker);
    worker.on("message", (reply: WorkerReply) => this.#calls.take(reply));
    worker.on("error", (error: Error) => this.#calls.lose(error));
    worker.on("exit", () => this.#calls.lose(new Error("the checkpoint thread has ended")));
    worker.unref();
  }

  async send(call: WorkerCall, transfer: ArrayBuffer[] = []): Promise<BackupFile[] | undefined> {
    this.#worker.ref();
    const reply = await this.#calls.ask((id) => ({ id, call }), transfer);
    if (this.#calls.waiting === 0) this.#worker.unref();
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.files;
  }

  async end(): Promise<void> {
    await this.send({ type: "close" });
    await this.#worker.terminate();
  }
}

class SqliteCheckpoint implements Checkpoint {
  readonly #path: string;
  readonly #writer: Writer;
  readonly #db: DatabaseSync;
  readonly #read: StatementSync;

  constructor(path: string, writer: Writer) {
    this.#path = path;
    this.#writer = writer;
    this.#db = new DatabaseSync(path, { readOnly: true });
    this.#read = this.#db.prepare("SELECT body, meta, crc FROM user WHERE tenant=? AND subject=?");
  }

  mark(): Mark | undefined {
    const row = this.#db.prepare("SELECT seq, clock_hour, logic, crc FROM mark").get();
    if (row === undefined) return undefined;
    const [seq, clockHour, logic] = [row["seq"], row["clock_hour"], row["logic"]].map(Number) as [
      number,
      number,
      number,
    ];
    if (textCrc([seq, clockHour, logic]) !== row["crc"])
      throw new CheckpointCorruptError(this.#path, "The mark");
    return { seq, clockHour, logic };
  }

  read(tenant: number, subject: string): UserRow | undefined {
    const row = this.#read.get(tenant, subject);
    return row === undefined ? undefined : this.#checked(tenant, subject, row);
  }

  rows(): Iterable<UserRow> {
    return this.#all("ORDER BY tenant, subject");
  }

  rowsAsStored(): Iterable<UserRow> {
    return this.#all("ORDER BY place");
  }

  *#all(order: string): Iterable<UserRow> {
    const all = this.#db.prepare(`SELECT tenant, subject, body, meta, crc FROM user ${order}`);
    for (const row of all.iterate()) {
      yield this.#checked(Number(row["tenant"]), String(row["subject"]), row);
    }
  }

  #checked(tenant: number, subject: string, row: Record<string, unknown>): UserRow {
    const body = row["body"] as Uint8Array | null;
    const meta = row["meta"] as Uint8Array;
    if (rowCrc(tenant, subject, body, meta) !== row["crc"])
      throw new CheckpointCorruptError(this.#path, `The row of subject ${subject}`);
    return decodeRow(tenant, subject, body, meta);
  }

  *shared(only?: string): Iterable<[string, Uint8Array]> {
    const where = only === undefined ? "" : "WHERE key=?";
    const all = this.#db.prepare(`SELECT key, value, crc FROM shared ${where} ORDER BY key`);
    for (const row of only === undefined ? all.iterate() : all.iterate(only)) {
      const key = String(row["key"]);
      const value = row["value"] as Uint8Array;
      if (crc32c(value, textCrc([key])) !== row["crc"])
        throw new CheckpointCorruptError(this.#path, `The value ${key}`);
      yield [key, value];
    }
  }

  *outbox(): Iterable<OutboxEntry> {
    for (const row of this.#db
      .prepare("SELECT id, seq, tenant, subject, body, crc FROM outbox ORDER BY place")
      .iterate()) {
      const [id, subject, body] = [row["id"], row["subject"], row["body"]].map(String) as [
        string,
        string,
        string,
      ];
      const [seq, tenant] = [Number(row["seq"]), Number(row["tenant"])];
      if (textCrc([id, seq, tenant, subject, body]) !== row["crc"])
        throw new CheckpointCorruptError(this.#path, `The effect ${id}`);
      yield { id, seq, tenant, subject, body };
    }
  }

  async commit(change: CheckpointChange): Promise<void> {
    const { mark, shared, outboxAdd, outboxRemove, isRested } = change;
    const rows: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < change.rows.length; at += encodedPerTurn) {
      if (at > 0) await (isRested ? pause(1) : setImmediate());
      rows.push(encodeRows(change.rows.slice(at, at + encodedPerTurn)));
    }
    await this.#writer.send(
      { type: "commit", rows, mark, shared, outboxAdd, outboxRemove, isRested },
      [...rows.map(({ buffer }) => buffer), ...shared.flatMap(([, value]) => wholeBuffer(value))],
    );
  }

  async backup(dir: string): Promise<BackupFile[]> {
    return (await this.#writer.send({ type: "backup", dir })) ?? [];
  }

  async close(): Promise<void> {
    this.#db.close();
    await this.#writer.end();
  }
}
