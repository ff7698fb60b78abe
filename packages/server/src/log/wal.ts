/** The write-ahead log of an SQLite file: how it is flushed, and how it is moved into the file. */
import type { DatabaseSync } from "node:sqlite";

export interface WalFile {
  path: string;
  /** OFF is the control of the power-cut test, which must lose. */
  synchronous: "FULL" | "OFF";
}

export const busyTimeoutMs = 5000;

/** How far a move came, in pages: all that the log holds, and those of them that are in the file. */
export interface MovedWal {
  pages: number;
  moved: number;
  /** True when another connection kept it from finishing. */
  isKept: boolean;
}

export function applySynchronous(db: DatabaseSync, synchronous: WalFile["synchronous"]): void {
  db.exec(`PRAGMA synchronous=${synchronous}; PRAGMA wal_autocheckpoint=0;`);
  if (process.platform === "darwin") {
    db.exec("PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1;");
  }
}

export function moveWal(db: DatabaseSync, mode: "PASSIVE" | "TRUNCATE"): MovedWal {
  const row = db.prepare(`PRAGMA wal_checkpoint(${mode})`).get() as {
    busy: number;
    log: number;
    checkpointed: number;
  };
  return { pages: row.log, moved: row.checkpointed, isKept: row.busy !== 0 };
}
