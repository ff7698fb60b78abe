/**
 * The log as an SQLite file, synchronous: for the worker thread alone, since every call blocks. One row is one
 * commit, every row read is checked, and a checkpoint is asked for by us, never by SQLite's own hook, which
 * would hold back the acknowledgement and swallow a failed fsync.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { assert } from "../base/assert.ts";
import { crc32c } from "../base/crc32c.ts";
import type { LogRecord } from "../base/record.ts";
import { utf8Encode } from "../base/text.ts";
import {
  type Batch,
  checksum,
  decodeHeads,
  endFrom,
  faultOf,
  type Heads,
  type LogEnd,
  stampBatch,
} from "./batch.ts";
import { eraseSubject, pickSubject } from "./erase.ts";
import {
  type BackupFile,
  isFull,
  LogCorruptError,
  LogUnavailableError,
  type Removal,
  type SeqRange,
} from "./log.ts";
import { applySynchronous, busyTimeoutMs, type MovedWal, moveWal } from "./wal.ts";
import { decodeWitness, encodeSlot, judgeWitness, newEpoch, witnessBytes } from "./witness.ts";

const fileFormat = "1";
const pageSize = 4096;
/** So many pages are worth a move, and beyond so many the log is to begin anew in its file. */
const movedPagesMin = 250;
const walPagesMax = 4_096;
/** Pages of a commit besides its bytes: the tree's leaf and what it links to. */
const pagesBeside = 3;
const errorFull = 13;
const errorCorrupt = 11;
const errorNoDatabase = 26;

export interface SqliteFileOptions {
  path: string;
  partitions: number;
  /** Who opens, for the reader of a fenced writer's error. */
  holder: string;
  /** Opens a log that is behind its witness, in a new epoch. */
  acceptLoss: boolean;
  /** OFF is the control of the power-cut test, which must lose; nothing else may use it. */
  synchronous: "FULL" | "OFF";
}

type Row = { seq: number; heads: Uint8Array; body: Uint8Array; crc: number };

const schema = `
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owner(
  one INTEGER PRIMARY KEY CHECK(one=1), epoch INTEGER NOT NULL, holder TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch(
  seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,
  heads BLOB NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL);
INSERT INTO owner VALUES(1, 1, '') ON CONFLICT DO UPDATE SET epoch = epoch + 1;`;

export class SqliteFile {
  epoch = "";
  end: LogEnd;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #range: StatementSync;
  readonly #update: StatementSync;
  readonly #ownerEpoch: StatementSync;
  #owner = 0;
  #seq = 0;
  #witness = -1;
  #witnessTurn = 0;
  #witnessedSeq = -1;
  #walPages = 0;

  constructor(options: SqliteFileOptions) {
    const { path, partitions } = options;
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.end = { seq: 0, logTime: 0, offsets: new Float64Array(partitions) };
    if (!options.acceptLoss) inspect(path);
    this.#db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    try {
      this.#configure(options.synchronous);
      this.#own(options);
      const rows = "SELECT seq, heads, body, crc FROM batch";
      this.#range = this.#db.prepare(`${rows} WHERE seq BETWEEN ? AND ? ORDER BY seq`);
      this.#insert = this.#db.prepare(
        "INSERT INTO batch SELECT ?,?,?,?,? WHERE (SELECT epoch FROM owner)=?",
      );
      this.#update = this.#db.prepare("UPDATE batch SET body=?, crc=? WHERE seq=?");
      this.#ownerEpoch = this.#db.prepare("SELECT epoch, holder FROM owner");
      this.#findEnd(partitions);
      this.#meetWitness(options.acceptLoss);
    } catch (error) {
      this.#db.close();
      const refusal = unavailable(error);
      throw isFull(refusal) ? refusal : corruptOr(error, `the log ${path} cannot be read`, 1);
    }
  }

  /** Durable when it returns. */
  commit({ seq, heads, body }: Batch): void {
    assert(seq === this.#seq + 1, "seq is not the next");
    const crc = stampBatch(heads, body);
    let changes: number | bigint;
    try {
      ({ changes } = this.#insert.run(seq, this.#owner, heads, body, crc, this.#owner));
    } catch (error) {
      throw unavailable(error);
    }
    if (changes === 0) throw this.#fenced();
    this.#seq = seq;
    this.#walPages += Math.ceil((heads.length + body.length) / pageSize) + pagesBeside;
  }

  /** Whether the write-ahead log is long enough to be moved into the file; that is no work for an append to wait for. */
  get isMoveDue(): boolean {
    return this.#walPages >= movedPagesMin;
  }

  /** Does it here and now. */
  move(): void {
    this.#checkpoint("PASSIVE");
  }

  /**
   * Another connection moved so far. What came meanwhile is still to be moved, so the log would never be done with and
   * grow without end: where it has become long, the little that is left is moved here, and the next append begins at its start.
   */
  noteMoved({ pages, moved }: MovedWal): void {
    this.#walPages = Math.max(0, pages - moved);
    if (pages > walPagesMax) this.move();
  }

  /** Batches from `first` on, whole and checked, until `last` or about `bytesMax`. */
  read(first: number, last: number, bytesMax: number): Batch[] {
    const batches: Batch[] = [];
    let bytes = 0;
    for (const batch of this.#rows(first, last)) {
      batches.push(batch);
      bytes += batch.heads.length + batch.body.length;
      if (bytes >= bytesMax) break;
    }
    return batches;
  }

  readSubject(tenant: number, subject: string, seqs: readonly SeqRange[]): Batch[] {
    const found: Batch[] = [];
    for (const [first, last] of seqs) {
      for (const batch of this.#rows(first, last)) {
        const body = pickSubject(batch.body, tenant, subject);
        if (body !== undefined) found.push({ ...batch, body });
      }
    }
    return found;
  }

  /** Erases in the commits of one range, in one transaction. The old bytes stay until `flush`. */
  erase(
    tenant: number,
    subject: string,
    [first, last]: SeqRange,
    removal: Omit<Removal, "seqs">,
  ): LogRecord[] {
    const removed: LogRecord[] = [];
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      if (this.#ownerNow().epoch !== this.#owner) throw this.#fenced();
      // Collected first: a row must not change under the statement that reads it.
      for (const batch of this.read(first, last, Infinity)) {
        const erasure = eraseSubject(batch, tenant, subject, removal);
        if (erasure === undefined) continue;
        this.#update.run(erasure.body, checksum(batch.heads, erasure.body), batch.seq);
        removed.push(...erasure.removed);
      }
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw unavailable(error);
    }
    return removed;
  }

  /** Empties the write-ahead log: what was overwritten or erased is in no file afterwards. */
  flush(): void {
    if (this.#checkpoint("TRUNCATE")) return;
    throw new Error(
      "another connection reads the log: erased bytes are still in the write-ahead log",
    );
  }

  /** The first seq whose batch may hold records received at or after `time`. */
  seqFrom(time: number): number {
    let [low, high] = [1, this.#seq + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [batch] = this.read(middle, middle, 1);
      assert(batch !== undefined, "bisection left the log");
      if (decodeHeads(batch.heads).logTime < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Commits go on meanwhile. There is no witness beside the copy: opening it starts a new epoch. */
  async backup(dir: string): Promise<BackupFile[]> {
    mkdirSync(dir, { recursive: true });
    const name = basename(this.#path);
    const path = join(dir, name);
    await backup(this.#db, path);
    syncFile(path);
    syncFile(dir);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return [{ name, bytes, sha256: hash.digest("hex") }];
  }

  /** Writes down how far the log got, durably, unless another opener owns it by now. */
  bearWitness(): void {
    if (this.#witnessedSeq === this.#seq || this.#ownerNow().epoch !== this.#owner) return;
    this.#writeSlot(this.#witnessTurn++);
    fsyncSync(this.#witness);
    this.#witnessedSeq = this.#seq;
  }

  /** Where the disk is full the write-ahead log stays long: nothing is lost by it, the next opening reads it. */
  close(): void {
    try {
      this.bearWitness();
      if (this.#ownerNow().epoch === this.#owner) this.#checkpoint("TRUNCATE");
    } catch (error) {
      if (!isFull(error)) throw error;
    } finally {
      this.#db.close();
      closeSync(this.#witness);
    }
  }

  #configure(synchronous: "FULL" | "OFF"): void {
    this.#db.exec(
      `PRAGMA page_size=${pageSize}; PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON;`,
    );
    applySynchronous(this.#db, synchronous);
  }

  /** Makes the tables of a new log, or checks those of an old one, and takes the ownership. */
  #own({ path, partitions, holder }: SqliteFileOptions): void {
    this.#db.exec("BEGIN IMMEDIATE");
    this.#db.exec(schema);
    const found = this.#meta();
    if (found.size === 0) {
      this.#setEpoch(newEpoch(), partitions);
    } else {
      const sum = metaSum(found.get("format"), found.get("partitions"), found.get("epoch"));
      if (found.get("sum") !== sum)
        throw new LogCorruptError(`meta table of ${path} is corrupt`, 0);
      assert(found.get("format") === fileFormat, `${path} has format ${found.get("format")}`);
      assert(
        found.get("partitions") === String(partitions),
        `${path} has ${found.get("partitions")} partitions, not ${partitions}`,
      );
      this.epoch = found.get("epoch") as string;
    }
    this.#db.prepare("UPDATE owner SET holder=?").run(holder);
    const row = this.#db.prepare("SELECT epoch FROM owner").get() as { epoch: number };
    this.#owner = row.epoch;
    this.#db.exec("COMMIT");
  }

  #meta(): Map<string, string> {
    const rows = this.#db.prepare("SELECT name, value FROM meta").all();
    return new Map((rows as { name: string; value: string }[]).map((r) => [r.name, r.value]));
  }

  #setEpoch(epoch: string, partitions: number): void {
    const values = { format: fileFormat, partitions: String(partitions), epoch };
    const sum = metaSum(values.format, values.partitions, values.epoch);
    const insert = this.#db.prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)");
    for (const [name, value] of Object.entries({ ...values, sum })) insert.run(name, value);
    this.epoch = epoch;
  }

  #findEnd(partitions: number): void {
    const counted = "SELECT count(*) AS n, min(seq) AS low, max(seq) AS high FROM batch";
    const row = this.#db.prepare(counted).get() as { n: number; low: number; high: number };
    if (row.n > 0 && (row.low !== 1 || row.high !== row.n)) {
      const missing = this.#firstMissing();
      throw new LogCorruptError(`commit ${missing} is missing`, missing);
    }
    this.#seq = row.n;
    this.end = endFrom(this.#headsNewestFirst(), partitions);
  }

  #firstMissing(): number {
    const sql = `SELECT min(seq) AS seq FROM (SELECT 1 AS seq UNION SELECT seq+1 FROM batch)
      WHERE seq NOT IN (SELECT seq FROM batch)`;
    return (this.#db.prepare(sql).get() as { seq: number }).seq;
  }

  *#headsNewestFirst(): Generator<Heads> {
    for (let seq = this.#seq; seq > 0; seq--) {
      for (const batch of this.#rows(seq, seq)) yield decodeHeads(batch.heads);
    }
  }

  #meetWitness(acceptLoss: boolean): void {
    const path = `${this.#path}.witness`;
    this.#witness = openSync(path, "a+");
    closeSync(this.#witness);
    this.#witness = openSync(path, "r+");
    const bytes = new Uint8Array(witnessBytes + 1);
    const seen = decodeWitness(
      bytes.subarray(0, readSync(this.#witness, bytes, 0, bytes.length, 0)),
    );
    const log = { epoch: this.epoch, seq: this.#seq };
    const isFresh = seen === undefined && this.#seq === 0;
    if (!isFresh && judgeWitness(seen, log, acceptLoss) === "new") {
      this.#setEpoch(newEpoch(), this.end.offsets.length);
    }
    // Both slots: the newer would win, and a slot of a former epoch may claim a higher seq.
    this.#writeSlot(0);
    this.#writeSlot(1);
    fsyncSync(this.#witness);
    syncFile(dirname(path));
    this.#witnessedSeq = this.#seq;
  }

  #writeSlot(turn: number): void {
    const slot = encodeSlot({ epoch: this.epoch, seq: this.#seq }, turn);
    writeSync(this.#witness, slot.bytes, 0, slot.bytes.length, slot.at);
  }

  /** Rows in order, none missing, each checked. */
  *#rows(first: number, last: number): Generator<Batch> {
    let expected = first;
    try {
      for (const row of this.#range.iterate(first, last) as Iterable<Row>) {
        if (row.seq !== expected) break;
        const batch = { seq: row.seq, heads: row.heads, body: row.body };
        const fault = faultOf(batch, row.crc);
        if (fault !== undefined) {
          throw new LogCorruptError(`commit ${row.seq} is corrupt: ${fault}`, row.seq);
        }
        expected++;
        yield batch;
      }
    } catch (error) {
      throw corruptOr(error, `commit ${expected} is corrupt`, expected);
    }
    if (expected <= last) throw new LogCorruptError(`commit ${expected} is missing`, expected);
  }

  /** False when another connection kept it from finishing. */
  #checkpoint(mode: "PASSIVE" | "TRUNCATE"): boolean {
    try {
      const { pages, moved, isKept } = moveWal(this.#db, mode);
      this.#walPages = Math.max(0, pages - moved);
      return !isKept;
    } catch (error) {
      throw unavailable(error);
    }
  }

  #ownerNow(): { epoch: number; holder: string } {
    return this.#ownerEpoch.get() as { epoch: number; holder: string };
  }

  #fenced(): LogUnavailableError {
    const { epoch, holder } = this.#ownerNow();
    return new LogUnavailableError(
      `fenced: the log belongs to ${holder} (owner epoch ${epoch}, ours was ${this.#owner})`,
      "fenced",
    );
  }
}

/**
 * Looks for lost commits without touching a file: closing a connection that may write empties the
 * write-ahead log, and with it what a damaged one still holds.
 */
function inspect(path: string): void {
  if (!existsSync(path) || !existsSync(`${path}.witness`)) return;
  const witness = decodeWitness(readFileSync(`${path}.witness`));
  if (witness === undefined) return;
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    const tables = db.prepare("SELECT 1 FROM sqlite_schema WHERE name IN ('meta','batch')").all();
    if (tables.length < 2) throw new LogCorruptError(`${path} is empty, yet it has a witness`, 1);
    const meta = db.prepare("SELECT value FROM meta WHERE name='epoch'").get();
    const row = db.prepare("SELECT max(seq) AS seq FROM batch").get() as { seq: number | null };
    const epoch = (meta as { value: string } | undefined)?.value ?? "";
    judgeWitness(witness, { epoch, seq: row.seq ?? 0 }, false);
  } catch (error) {
    throw corruptOr(error, `the log ${path} cannot be read`, 1);
  } finally {
    db.close();
  }
}

function metaSum(...values: (string | undefined)[]): string {
  return String(crc32c(utf8Encode(values.join("\n"))));
}

function syncFile(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}

function errcodeOf(error: unknown): number {
  return (error as { errcode?: number }).errcode ?? 0;
}

function corruptOr(error: unknown, message: string, seq: number): unknown {
  const code = errcodeOf(error) & 0xff;
  if (code !== errorCorrupt && code !== errorNoDatabase) return error;
  return new LogCorruptError(`${message}: ${(error as Error).message}`, seq);
}

/** What a failed write means for the caller. Extended codes keep their class in the low byte. */
function unavailable(error: unknown): unknown {
  const code = errcodeOf(error);
  if (code === 0) return error;
  const text = `${(error as Error).message} (errcode ${code})`;
  return (code & 0xff) === errorFull
    ? new LogUnavailableError(`no space left for the log, make room on its disk: ${text}`, "full", {
        cause: error,
      })
    : new LogUnavailableError(`the disk refused: ${text}`, "io", { cause: error });
}
