import type { BackupFile } from "../../log/log.ts";
import {
  type Checkpoint,
  type CheckpointChange,
  isEmptyRow,
  type Mark,
  type OutboxEntry,
  type UserRow,
} from "./checkpoint.ts";

/** The contents of a checkpoint as plain maps; what survives when a `MemoryCheckpoint` is opened again. */
export class CheckpointContents {
  mark: Mark | undefined = undefined;
  readonly rows = new Map<string, UserRow>();
  readonly shared = new Map<string, Uint8Array>();
  readonly outbox = new Map<string, OutboxEntry>();
}

/**
 * A checkpoint in memory: for tests, shadow replays and the simulator, which hands the same contents to the
 * next engine after a crash and may let a commit fail (`beforeCommit` throws) as a crash in its middle would.
 */
export class MemoryCheckpoint implements Checkpoint {
  readonly contents: CheckpointContents;
  readonly #beforeCommit: (() => Promise<void>) | undefined;

  constructor(
    contents = new CheckpointContents(),
    beforeCommit?: (() => Promise<void>) | undefined,
  ) {
    this.contents = contents;
    this.#beforeCommit = beforeCommit;
  }

  mark(): Mark | undefined {
    return this.contents.mark;
  }

  read(tenant: number, subject: string): UserRow | undefined {
    const row = this.contents.rows.get(`${tenant}/${subject}`);
    return row === undefined ? undefined : structuredClone(row);
  }

  *rows(): Iterable<UserRow> {
    const rows = [...this.contents.rows.values()];
    rows.sort((a, b) => a.tenant - b.tenant || (a.subject < b.subject ? -1 : 1));
    for (const row of rows) yield structuredClone(row);
  }

  *rowsAsStored(): Iterable<UserRow> {
    for (const row of this.contents.rows.values()) yield structuredClone(row);
  }

  shared(key?: string): Iterable<[string, Uint8Array]> {
    const all = [...this.contents.shared].filter(([name]) => key === undefined || name === key);
    return all.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  outbox(): Iterable<OutboxEntry> {
    return this.contents.outbox.values();
  }

  async commit(change: CheckpointChange): Promise<void> {
    const rows = change.rows.map((row) => structuredClone(row));
    if (this.#beforeCommit !== undefined) await this.#beforeCommit();
    const contents = this.contents;
    contents.mark = { ...change.mark };
    for (const row of rows) {
      const key = `${row.tenant}/${row.subject}`;
      if (isEmptyRow(row)) contents.rows.delete(key);
      else contents.rows.set(key, row);
    }
    for (const [key, value] of change.shared) {
      if (value === null) contents.shared.delete(key);
      else contents.shared.set(key, value);
    }
    for (const id of change.outboxRemove) contents.outbox.delete(id);
    for (const entry of change.outboxAdd) contents.outbox.set(entry.id, entry);
  }

  backup(): Promise<BackupFile[]> {
    return Promise.reject(new Error("a checkpoint in memory has no files to back up"));
  }

  async close(): Promise<void> {}
}
