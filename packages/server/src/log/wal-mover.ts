import { Worker } from "node:worker_threads";
import type { MovedWal, WalFile } from "./wal.ts";

/**
 * Moves the write-ahead log into the file in a thread beside the one that appends: a flush of the file takes tens of ms,
 * at times hundreds, and no append need wait for it.
 */
export class WalMover {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #isMoving = false;

  /** `onMoved` hears how far a move came; undefined where it failed. */
  constructor(file: WalFile, onMoved: (moved: MovedWal | undefined) => void) {
    // Compiled, this file and the thread's end in .js.
    const name = import.meta.url.endsWith(".ts") ? "./wal-thread.ts" : "./wal-thread.js";
    this.#worker = new Worker(new URL(name, import.meta.url), { workerData: file });
    this.#worker.on("message", (moved: MovedWal | undefined) => {
      this.#isMoving = false;
      onMoved(moved);
    });
    this.#worker.on("error", () => onMoved(undefined));
    this.#ended = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#hasEnded = true;
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** Begins a move unless one is under way; false if nobody is there to do it. */
  move(): boolean {
    if (this.#hasEnded) return false;
    if (!this.#isMoving) this.#worker.postMessage("move");
    this.#isMoving = true;
    return true;
  }

  /** Resolves when the last move is over and the connection is closed. */
  async close(): Promise<void> {
    if (!this.#hasEnded) this.#worker.postMessage("close");
    await this.#ended;
  }
}
