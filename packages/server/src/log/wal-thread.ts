/** The thread behind `WalMover`: a connection of its own, which moves whenever it is told to. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import { applySynchronous, busyTimeoutMs, moveWal } from "./wal.ts";
import type { MovedWal, WalFile } from "./wal.ts";

assert(parentPort !== null, "the mover is started as a worker");
const port = parentPort;
const { path, synchronous } = workerData as WalFile;
const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
applySynchronous(db, synchronous);

port.on("message", (call: "move" | "close") => {
  if (call === "close") {
    db.close();
    port.close();
    return;
  }
  let moved: MovedWal | undefined;
  try {
    moved = moveWal(db, "PASSIVE");
  } catch {
    // The thread of the log moves itself then, and tells what stands in the way.
  }
  port.postMessage(moved);
});
