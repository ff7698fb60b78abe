import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { backup, DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { crc32c } from "../../base/crc32c.ts";
import type { BackupFile } from "../../log/log.ts";
import type { CheckpointChange, Mark } from "./checkpoint.ts";
import { decodeRows, rowCrc, textCrc } from "./codec.ts";

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
  PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=1000;
  CREATE TABLE IF NOT EXISTS mark(
    one INTEGER PRIMARY KEY CHECK(one=1), seq INTEGER NOT NULL, clock_hour INTEGER NOT NULL, logic INTEGER NOT NULL,
    crc INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS user(
    tenant INTEGER, subject TEXT, body BLOB, meta BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY(tenant, subject)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS shared(key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS outbox(
    place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, seq INTEGER NOT NULL, tenant INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    crc INTEGER NOT NULL);
`;

function serve(path: string): void {
  const db = new DatabaseSync(path);
  db.exec(schema);
  parentPort!.on("message", ({ id, call }: { id: number; call: WorkerCall }) => {
    answer(db, call).then(
      (files) => parentPort!.postMessage({ id, files }),
      (error: unknown) =>
        parentPort!.postMessage({
          id,
          error: error instanceof Error ? error.message : String(error),
        }),
    );
  });
}

async function answer(db: DatabaseSync, call: WorkerCall): Promise<BackupFile[] | undefined> {
  switch (call.type) {
    case "open":
      return undefined;
    case "commit":
      return commit(db, call);
    case "backup":
      return backupTo(db, call.dir);
    case "close":
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      return undefined;
  }
}

function commit(db: DatabaseSync, change: Extract<WorkerCall, { type: "commit" }>): undefined {
  db.exec("BEGIN IMMEDIATE");
  let erased = false;
  try {
    const put = db.prepare(
      "INSERT INTO user VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET body=excluded.body, meta=excluded.meta, crc=excluded.crc",
    );
    const remove = db.prepare("DELETE FROM user WHERE tenant=? AND subject=?");
    for (const { tenant, subject, body, meta } of change.rows.flatMap(decodeRows)) {
      erased ||= body === null;
      if (meta === null) remove.run(tenant, subject);
      else put.run(tenant, subject, body, meta, rowCrc(tenant, subject, body, meta));
    }
    writeShared(db, change.shared);
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
  return undefined;
}

function writeShared(db: DatabaseSync, shared: CheckpointChange["shared"]): void {
  const put = db.prepare("INSERT OR REPLACE INTO shared VALUES(?,?,?)");
  const remove = db.prepare("DELETE FROM shared WHERE key=?");
  for (const [key, value] of shared) {
    if (value === null) remove.run(key);
    else put.run(key, value, crc32c(value, textCrc([key])));
  }
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

if (parentPort !== null) serve((workerData as { path: string }).path);
