/** A load whose requests fall due by the clock, whatever became of those before: so a stall is seen by all it delays. */
import { setTimeout as pause } from "node:timers/promises";
import type { Connection, Reply } from "./connection.ts";

/** Calls `fire` for each request when it is due, `perS` a second, evenly; with the time it was due. */
export async function pace(
  perS: number,
  seconds: number,
  fire: (dueAt: number, n: number) => void,
): Promise<void> {
  const start = performance.now();
  const total = Math.max(1, Math.round(perS * seconds));
  for (let n = 0; n < total;) {
    const dueAt = start + (n * 1000) / perS;
    const ahead = dueAt - performance.now();
    // Late by up to a millisecond, which counts: spinning would be exact and take a core from the server.
    if (ahead > 0) await pause(1);
    else fire(dueAt, n++);
  }
}

/** Connections for requests that do not wait for each other; what finds none free waits for the next one. */
export class Pool {
  readonly #all: readonly Connection[];
  readonly #free: Connection[];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  readonly #under = new Set<Promise<unknown>>();

  constructor(connections: readonly Connection[]) {
    this.#all = connections;
    this.#free = [...connections];
  }

  get hasFree(): boolean {
    return this.#free.length > 0;
  }

  async send(request: Buffer): Promise<Reply> {
    const connection =
      this.#free.pop() ??
      (await new Promise<Connection>((resolve) => void this.#waiting.push(resolve)));
    try {
      return await connection.send(request);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(connection);
      else next(connection);
    }
  }

  /** Remembers work until it is done; the first failure is thrown by `done`. */
  track(work: Promise<unknown>): void {
    const tracked = work.then(() => void this.#under.delete(tracked));
    tracked.catch(() => undefined);
    this.#under.add(tracked);
  }

  async done(): Promise<void> {
    await Promise.all(this.#under);
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }
}
