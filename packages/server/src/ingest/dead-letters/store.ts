/**
 * Events that were refused, with the reason, so that nobody has to guess and a mended server can take them
 * again. A file of its own beside the log, in clear (0600; sealing it needs keys of users, which do not exist
 * yet), with bounded rows and age; deleted rows are overwritten. What nobody may keep (no consent, a forgotten
 * person, an event that does not say whose it is) leaves its reason and no text. A crash of the machine may
 * lose the newest rows: they are a courtesy, the verdict was the answer.
 */
import { randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { ErrorCode } from "@attune/protocol";
import { base62 } from "../../base/base62.ts";
import type { KeyKind } from "../../access/keys.ts";
import { idsIn, redacted } from "./redact.ts";

export interface DeadLetter {
  id: string;
  reason: ErrorCode;
  field?: string | undefined;
  detail?: string | undefined;
  messageId?: string | undefined;
  /** When it arrived (ms); a replay keeps it. */
  receivedAt: number;
  /** When the sender said it sent the batch, as it said it. */
  sentAt?: string | undefined;
  key: { id: string; kind: KeyKind };
  /** The event as it came, without tokens, keys and full addresses; absent where it may not be kept. */
  text?: string | undefined;
}

export type NewDeadLetter = Omit<DeadLetter, "id">;

export interface DeadLettersOptions {
  path: string;
  now: () => number;
  /** Of a tenant; beyond it the oldest go. */
  deadLettersMax: number;
  deadLetterDays: number;
  /** The subjects that an id may stand for in a tenant, as user and as device. */
  subjectsOf(tenant: number, id: string): readonly string[];
}

/** Larger texts are of no use to a replay: no limit can be raised to let them in. */
const textBytesMax = 262_144;
const dayMs = 86_400_000;
const pruneMs = 600_000;

const unkept: ReadonlySet<ErrorCode> = new Set(["consent_denied", "erased_event_time"]);

interface Row {
  id: string;
  reason: ErrorCode;
  field: string | null;
  detail: string | null;
  messageId: string | null;
  receivedAt: number;
  sentAt: string | null;
  keyId: string;
  keyKind: KeyKind;
  text: string | null;
}

const schema = `
  CREATE TABLE IF NOT EXISTS letters (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant INTEGER NOT NULL,
    reason TEXT NOT NULL, field TEXT, detail TEXT, messageId TEXT, receivedAt INTEGER NOT NULL, sentAt TEXT,
    keyId TEXT NOT NULL, keyKind TEXT NOT NULL, text TEXT) STRICT;
  CREATE INDEX IF NOT EXISTS letters_of_tenant ON letters (tenant, seq);
  CREATE INDEX IF NOT EXISTS letters_by_age ON letters (receivedAt);
  CREATE TABLE IF NOT EXISTS subjects (
    tenant INTEGER NOT NULL, subject TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES letters (seq) ON DELETE CASCADE,
    PRIMARY KEY (tenant, subject, seq)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS subjects_of_letter ON subjects (seq);`;

const columns = "id, reason, field, detail, messageId, receivedAt, sentAt, keyId, keyKind, text";

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #db: DatabaseSync;
  #prunedAt = -Infinity;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#db = new DatabaseSync(options.path, { timeout: 5_000 });
    chmodSync(options.path, 0o600);
    this.#db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;");
    this.#db.exec("PRAGMA foreign_keys=ON;");
    this.#db.exec(schema);
    this.#prune();
  }

  /** Keeps them all and gives their ids, in order. */
  add(tenant: number, letters: readonly NewDeadLetter[]): string[] {
    const insert = this.#db.prepare(
      `INSERT INTO letters (tenant, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const bind = this.#db.prepare("INSERT OR IGNORE INTO subjects VALUES (?, ?, ?)");
    const ids = this.#atomically(() =>
      letters.map((letter) => {
        const { text, people } = this.#kept(tenant, letter);
        const id = `dl_${base62(randomBytes(16))}`;
        const { reason, field, detail, messageId, receivedAt, sentAt, key } = letter;
        // A message id is the sender's own text and may name a person: it goes where the text goes.
        const named = text === undefined ? undefined : messageId;
        const values = [
          id,
          reason,
          field,
          detail,
          named,
          receivedAt,
          sentAt,
          key.id,
          key.kind,
          text,
        ];
        const { lastInsertRowid: seq } = insert.run(
          tenant,
          ...values.map((value) => value ?? null),
        );
        for (const subject of people) bind.run(tenant, subject, seq);
        return id;
      }),
    );
    this.#trim(tenant);
    if (this.#options.now() - this.#prunedAt > pruneMs) this.#prune();
    return ids;
  }

  /** The newest first; `before` is the id of the last one of the page before. */
  list(tenant: number, limit: number, before?: string): DeadLetter[] {
    const rows = this.#db
      .prepare(
        `SELECT ${columns} FROM letters WHERE tenant = ? AND seq <
           CASE WHEN ? IS NULL THEN 9e18
           ELSE coalesce((SELECT seq FROM letters WHERE tenant = ? AND id = ?), 0) END
         ORDER BY seq DESC LIMIT ?`,
      )
      .all(tenant, before ?? null, tenant, before ?? null, limit);
    return rows.map((row) => letterOf(row as unknown as Row));
  }

  get(tenant: number, id: string): DeadLetter | undefined {
    const row = this.#db
      .prepare(`SELECT ${columns} FROM letters WHERE tenant = ? AND id = ?`)
      .get(tenant, id);
    return row === undefined ? undefined : letterOf(row as unknown as Row);
  }

  /** True if it was there. The bytes are gone from the file when it returns. */
  delete(tenant: number, id: string): boolean {
    const gone = this.#db
      .prepare("DELETE FROM letters WHERE tenant = ? AND id = ?")
      .run(tenant, id);
    if (Number(gone.changes) > 0) this.#flush();
    return Number(gone.changes) > 0;
  }

  /**
   * Deletes whatever names one of the subjects and says how many that were; give all of a person's subjects,
   * the merged ones too. The bytes are gone from the file when it returns.
   */
  forget(tenant: number, subjects: readonly string[]): number {
    const forget = this.#db.prepare(
      "DELETE FROM letters WHERE seq IN (SELECT seq FROM subjects WHERE tenant = ? AND subject = ?)",
    );
    const gone = this.#atomically(() =>
      subjects.reduce((sum, subject) => sum + Number(forget.run(tenant, subject).changes), 0),
    );
    if (gone > 0) this.#flush();
    return gone;
  }

  close(): void {
    this.#db.close();
  }

  /** What of the event may stay. Without knowing whose it is nothing could ever be forgotten of it. */
  #kept(
    tenant: number,
    { reason, text }: NewDeadLetter,
  ): { text?: string | undefined; people: readonly string[] } {
    if (text === undefined || unkept.has(reason)) return { people: [] };
    if (text.length > textBytesMax || Buffer.byteLength(text) > textBytesMax) return { people: [] };
    const ids = idsIn(text);
    if (ids === undefined) return { people: [] };
    const people = ids.flatMap((id) => this.#options.subjectsOf(tenant, id));
    return { text: redacted(text.trim()).replaceAll("\0", "").toWellFormed(), people };
  }

  #trim(tenant: number): void {
    this.#db
      .prepare(
        `DELETE FROM letters WHERE tenant = ? AND seq <= (
           SELECT seq FROM letters WHERE tenant = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
      )
      .run(tenant, tenant, this.#options.deadLettersMax);
  }

  #prune(): void {
    const { now, deadLetterDays } = this.#options;
    this.#prunedAt = now();
    const oldest = this.#prunedAt - deadLetterDays * dayMs;
    const gone = this.#db.prepare("DELETE FROM letters WHERE receivedAt < ?").run(oldest);
    if (Number(gone.changes) > 0) this.#flush();
  }

  /** Deleted rows are overwritten in the file, and the journal that still has them is cut to nothing. */
  #flush(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #atomically<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

function letterOf(row: Row): DeadLetter {
  const { id, reason, receivedAt, keyId, keyKind } = row;
  return {
    id,
    reason,
    field: row.field ?? undefined,
    detail: row.detail ?? undefined,
    messageId: row.messageId ?? undefined,
    receivedAt,
    sentAt: row.sentAt ?? undefined,
    key: { id: keyId, kind: keyKind },
    text: row.text ?? undefined,
  };
}
