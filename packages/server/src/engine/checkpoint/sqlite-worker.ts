import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fdatasyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { backup, DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { crc32c } from "../../base/crc32c.ts";
import type { BackupFile } from "../../log/log.ts";
import { giveWay } from "../give-way.ts";
import type { CheckpointChange, Mark } from "./checkpoint.ts";
import { decodeRows, type PackedRow, rowCrc, textCrc } from "./codec.ts";

/** The thread that writes the checkpoint: one transaction a commit, durable before it replies. */
export type WorkerCall =
  | { type: "open" }
  | {
      type: "commit";
      /** In parts, each of many rows. */
      rows: readonly Uint8Array[];
      mark: Mark;
      shared: CheckpointChange["shared"];
      outboxAdd: CheckpointChange["outboxAdd"];
      outboxRemove: readonly string[];
      isRested: boolean;
    }
  | { type: "backup"; dir: string }
  | { type: "close" };

export interface WorkerReply {
  id: number;
  error?: string | undefined;
  files?: BackupFile[] | undefined;
}

const schema = `
  PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
  PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-1024;
  CREATE TABLE IF NOT EXISTS mark(
    one INTEGER PRIMARY KEY CHECK(one=1), seq INTEGER NOT NULL, clock_hour INTEGER NOT NULL, logic INTEGER NOT NULL,
    crc INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS shared(key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS outbox(
    place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, seq INTEGER NOT NULL, tenant INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    crc INTEGER NOT NULL);
`;

/** Bytes of rows written between two flushes, and how much longer than a flush the disk is then left alone. */
const flushBytes = 1 << 20;
const restPerFlush = 2;
const restMsMax = 50;
/** While others wait for the processor the thread rests after so much work, three times as long. */
const stepMs = 3;
const restsPerStep = 3;
/** The write-ahead log is moved into the file once it is so long: pages that change often are moved once. */
const walBytesMax = 64 << 20;

/**
 * Rows lie in the order in which they came, and the index says where. In a tree of its own, by key and without places (as
 * it was before), a row above a kilobyte takes a page beside it: 2.6 times the file, and reads of four times as long.
 */
const userTable = `
  CREATE TABLE IF NOT EXISTS user(
    place INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, subject TEXT NOT NULL, body BLOB, meta BLOB NOT NULL,
    crc INTEGER NOT NULL, UNIQUE(tenant, subject))`;
const userColumns = "tenant, subject, body, meta, crc";

function makeTables(db: DatabaseSync): void {
  db.exec(schema);
  const columns = db.prepare("SELECT name FROM pragma_table_info('user')").all();
  const isWithoutPlaces = columns.length > 0 && columns.every(({ name }) => name !== "place");
  if (!isWithoutPlaces) return db.exec(userTable);
  db.exec(`BEGIN IMMEDIATE; ALTER TABLE user RENAME TO user_by_key; ${userTable};
    INSERT INTO user(${userColumns}) SELECT ${userColumns} FROM user_by_key;
    DROP TABLE user_by_key; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`);
}

function serve(path: string): void {
  const db = new DatabaseSync(path);
  makeTables(db);
  // One call after the other: a long commit lets go of the thread between its parts, and nothing may come there.
  let last: Promise<unknown> = Promise.resolve();
  parentPort!.on("message", ({ id, call }: { id: number; call: WorkerCall }) => {
    last = last
      .then(() => answer(db, path, call))
      .then(
        (files) => parentPort!.postMessage({ id, files }),
        (error: unknown) =>
          parentPort!.postMessage({
            id,
            error: error instanceof Error ? error.message : String(error),
          }),
      );
  });
}

async function answer(
  db: DatabaseSync,
  path: string,
  call: WorkerCall,
): Promise<BackupFile[] | undefined> {
  switch (call.type) {
    case "open":
      return undefined;
    case "commit":
      await commit(db, path, call);
      return undefined;
    case "backup":
      return backupTo(db, call.dir);
    case "close":
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      return undefined;
  }
}

type Commit = Extract<WorkerCall, { type: "commit" }>;

async function commit(db: DatabaseSync, path: string, change: Commit): Promise<void> {
  db.exec("BEGIN IMMEDIATE");
  let erased = false;
  try {
    const leisure = new Leisure(`${path}-wal`, change.isRested);
    erased = await writeRows(db, change.rows, leisure);
    await writeShared(db, change.shared, leisure);
    const add = db.prepare(
      "INSERT OR REPLACE INTO outbox(id, seq, tenant, subject, body, crc) VALUES(?,?,?,?,?,?)",
    );
    for (const { id, seq, tenant, subject, body } of change.outboxAdd) {
      add.run(id, seq, tenant, subject, body, textCrc([id, seq, tenant, subject, body]));
    }
    const acknowledge = db.prepare("DELETE FROM outbox WHERE id=?");
    for (const id of change.outboxRemove) acknowledge.run(id);
    const { seq, clockHour, logic } = change.mark;
    const crc = textCrc([seq, clockHour, logic]);
    db.prepare("INSERT OR REPLACE INTO mark VALUES(1,?,?,?,?)").run(seq, clockHour, logic, crc);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
  // The old pages of somebody who was erased must not outlive the erasure in the WAL.
  if (erased) db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  else if (statSync(`${path}-wal`).size > walBytesMax) db.exec("PRAGMA wal_checkpoint(PASSIVE)");
}

/**
 * Writes the rows in the order of their places, so that every page is met once. True if somebody was erased.
 */
async function writeRows(
  db: DatabaseSync,
  parts: readonly Uint8Array[],
  leisure: Leisure,
): Promise<boolean> {
  const put = db.prepare(
    `INSERT INTO user(${userColumns}) VALUES(?,?,?,?,?) ON CONFLICT(tenant, subject) DO UPDATE SET body=excluded.body, meta=excluded.meta, crc=excluded.crc`,
  );
  const remove = db.prepare("DELETE FROM user WHERE tenant=? AND subject=?");
  const placeOf = db.prepare("SELECT place FROM user WHERE tenant=? AND subject=?");
  const rows: { row: PackedRow; place: number }[] = [];
  for (const part of parts) {
    for (const row of decodeRows(part)) {
      const place = placeOf.get(row.tenant, row.subject)?.["place"] ?? Number.MAX_SAFE_INTEGER;
      rows.push({ row, place: Number(place) });
    }
    await leisure.after(0);
  }
  rows.sort((a, b) => a.place - b.place);
  let erased = false;
  for (const { row } of rows) {
    const { tenant, subject, body, meta } = row;
    erased ||= body === null;
    if (meta === null) remove.run(tenant, subject);
    else put.run(tenant, subject, body, meta, rowCrc(tenant, subject, body, meta));
    await leisure.after(body?.length ?? 0);
  }
  return erased;
}

async function writeShared(
  db: DatabaseSync,
  shared: CheckpointChange["shared"],
  leisure: Leisure,
): Promise<void> {
  const put = db.prepare("INSERT OR REPLACE INTO shared VALUES(?,?,?)");
  const remove = db.prepare("DELETE FROM shared WHERE key=?");
  for (const [key, value] of shared) {
    if (value === null) remove.run(key);
    else put.run(key, value, crc32c(value, textCrc([key])));
    await leisure.after(value?.length ?? 0);
  }
}

/**
 * The rests of one commit. What it writes goes to the disk in parts: all at once, the tens of megabytes of a busy server
 * held up each fsync of the log for up to a second.
 */
class Leisure {
  readonly #wal: string;
  readonly #isRested: boolean;
  #since = performance.now();
  #unflushed = 0;

  constructor(wal: string, isRested: boolean) {
    this.#wal = wal;
    this.#isRested = isRested;
  }

  /** After a write of so many bytes: a promise where it is time for a rest. */
  after(bytes: number): Promise<void> | undefined {
    this.#unflushed += bytes;
    let restMs = 0;
    if (this.#unflushed >= flushBytes) {
      this.#unflushed = 0;
      restMs = Math.min(restMsMax, restPerFlush * flush(this.#wal));
    }
    const worked = performance.now() - this.#since;
    if (this.#isRested && worked >= stepMs) restMs = Math.max(restMs, restsPerStep * worked);
    return restMs === 0 ? undefined : this.#rest(restMs);
  }

  async #rest(ms: number): Promise<void> {
    await pause(ms);
    this.#since = performance.now();
  }
}

/** Puts on the disk what the file holds so far; returns the ms it took. */
function flush(path: string): number {
  const start = performance.now();
  const file = openSync(path, "r+");
  try {
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  return performance.now() - start;
}

async function backupTo(db: DatabaseSync, dir: string): Promise<BackupFile[]> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "state.sqlite");
  rmSync(path, { force: true });
  await backup(db, path);
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return [{ name: "state.sqlite", bytes: statSync(path).size, sha256: hash.digest("hex") }];
}

giveWay();
if (parentPort !== null) serve((workerData as { path: string }).path);
