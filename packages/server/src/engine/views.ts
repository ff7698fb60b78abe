import { Worker } from "node:worker_threads";
import { ContributionWriter } from "../core/fold/contribution-codec.ts";
import type { Contribution } from "../core/fold/contribution.ts";

/** A derived view of the sums: named by the position it was made at, never patched, made again at will. */
export interface DigestView {
  seq: number;
  /** By "tenant/model": SHA-256 of the canonical bytes, and the running digest. */
  sums: Record<string, { running: string; sha256: string }>;
}

export type ViewCall =
  | { type: "add"; bytes: Uint8Array }
  | { type: "clock"; hour: number }
  /** Asked at commit `seq`, once everything up to it was handed over. */
  | { type: "digests"; id: number; seq: number };

export interface ViewReply {
  id: number;
  view: DigestView;
}

const messageBytesMax = 1 << 16;

/**
 * The serving side of the view thread. The thread tails contributions into sums of its own and makes what is
 * too slow for the thread that answers: today the full digests, later whatever is solved from the sums. The
 * serving thread only hands over bytes; it never copies a sum and never waits.
 */
export class Views {
  readonly #worker: Worker;
  readonly #writer = new ContributionWriter();
  readonly #waiting = new Map<number, (view: DigestView) => void>();
  #lastId = 0;
  #failure: Error | undefined;

  constructor() {
    const name = import.meta.url.endsWith(".ts") ? "./view-worker.ts" : "./view-worker.js";
    this.#worker = new Worker(new URL(name, import.meta.url));
    this.#worker.on("message", ({ id, view }: ViewReply) => {
      this.#waiting.get(id)?.(view);
      this.#waiting.delete(id);
    });
    this.#worker.on("error", (error: Error) => (this.#failure = error));
    this.#worker.unref();
  }

  add(tenant: number, contributions: readonly Contribution[]): void {
    for (const contribution of contributions) this.#writer.add(tenant, contribution, 1);
    if (this.#writer.length > messageBytesMax) this.#send();
  }

  /** In the order in which sums take C(state) back: last added, first subtracted. */
  subtract(tenant: number, contributions: readonly Contribution[]): void {
    for (let i = contributions.length - 1; i >= 0; i--) {
      this.#writer.add(tenant, contributions[i]!, -1);
    }
    if (this.#writer.length > messageBytesMax) this.#send();
  }

  clock(hour: number): void {
    this.#send();
    this.#worker.postMessage({ type: "clock", hour } satisfies ViewCall);
  }

  /** Full digests of what was handed over so far, which is the sums at commit `seq`. */
  digests(seq: number): Promise<DigestView> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#send();
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#worker.postMessage({ type: "digests", id, seq } satisfies ViewCall);
    });
  }

  #send(): void {
    if (this.#writer.length === 0) return;
    const bytes = this.#writer.take();
    this.#worker.postMessage({ type: "add", bytes } satisfies ViewCall, [bytes.buffer]);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
