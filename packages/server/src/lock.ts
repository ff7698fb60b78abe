import { DatabaseSync } from "node:sqlite";
import { CodedError } from "@attune/protocol";

/**
 * Holds the data directory for this process: a log has one writer. The lock is SQLite's own on a file of its
 * own, which the system lets go when the process ends, however it ends; a file with a process id would not.
 */
export function lockDirectory(path: string, directory: string): () => void {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch (cause) {
    db.close();
    const message = `Another process has ${directory} open. Stop it, or name another directory with --data.`;
    throw new CodedError("data_in_use", message, { cause });
  }
  return () => db.close();
}
