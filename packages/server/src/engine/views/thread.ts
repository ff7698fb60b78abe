import { Worker } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import { WorkerCalls } from "../../base/worker-calls.ts";
import type { Contribution } from "../../core/fold/contribution.ts";
import { EaseView } from "../../core/rank/ease.ts";
import { ThetaView } from "../../core/rank/learned/theta.ts";
import { ContributionTail, type Summed, type Taken } from "../contribution-tail.ts";

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
  | { type: "digests"; id: number; seq: number }
  /** Asked likewise. */
  | { type: "ease" | "theta"; id: number; tenant: number; seq: number };

export type ViewReply =
  | { type: "digests"; id: number; view: DigestView }
  | { type: "theta"; id: number; bytes: Uint8Array<ArrayBuffer> }
  /** With the processor time that the thread spent until then, whatever else it did meanwhile. */
  | { type: "ease"; id: number; bytes: Uint8Array<SharedArrayBuffer>; cpuMs: number };

/** A view, and the processor time that it took (ms). */
export interface SolvedEase {
  view: EaseView;
  cpuMs: number;
}

/** Part of one core that solves of EASE may take on the whole. */
export const easeCorePermilleDefault = 50;

/** What a view thread is for: all sums and whatever is made of them, or the sums of some views alone. */
export type ViewKinds = "all" | readonly ("ease" | "theta")[];

/** What the thread is started with. */
export interface ViewData {
  taken: Taken;
  easeCorePermille: number;
}

const modelOf = { ease: "cooccurrence", theta: "ranker" } as const;

/**
 * The serving side of the view thread. The thread tails contributions into sums of its own and makes what is
 * too slow for the thread that answers: the full digests, and what is solved from the sums. The serving thread
 * only hands over bytes; it never copies a sum and never waits.
 */
export class Views {
  readonly #worker: Worker;
  readonly #tail: ContributionTail;
  readonly #calls: WorkerCalls<ViewReply>;

  /** Whether the thread has all sums. */
  readonly isWhole: boolean;
  /** Whether it has those that EASE is solved from. */
  readonly hasEase: boolean;

  constructor(kinds: ViewKinds = "all", easeCorePermille = easeCorePermilleDefault) {
    this.isWhole = kinds === "all";
    this.hasEase = kinds === "all" || kinds.includes("ease");
    const wanted =
      kinds === "all" ? undefined : new Set<string>(kinds.map((kind) => modelOf[kind]));
    this.#tail = new ContributionTail(
      (bytes) =>
        this.#worker.postMessage({ type: "add", bytes } satisfies ViewCall, [bytes.buffer]),
      ({ model }) => wanted === undefined || wanted.has(model),
    );
    const name = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    const workerData: ViewData = { taken: this.#tail.reader(), easeCorePermille };
    this.#worker = new Worker(new URL(name, import.meta.url), { workerData });
    this.#calls = new WorkerCalls(this.#worker);
    this.#worker.on("message", (reply: ViewReply) => this.#calls.take(reply));
    this.#worker.on("error", (error: Error) => {
      this.#tail.leave(workerData.taken);
      this.#calls.lose(error);
    });
    this.#worker.unref();
  }

  add(tenant: Summed, contribution: Contribution): void {
    this.#tail.add(tenant, contribution);
  }

  subtract(tenant: Summed, contribution: Contribution): void {
    this.#tail.subtract(tenant, contribution);
  }

  /** Messages that the thread has still to take in. */
  get behind(): number {
    return this.#tail.behind;
  }

  clock(hour: number): void {
    this.#tail.flush();
    this.#worker.postMessage({ type: "clock", hour } satisfies ViewCall);
  }

  /** Full digests of what was handed over so far, which is the sums at commit `seq`. */
  async digests(seq: number): Promise<DigestView> {
    const reply = await this.#ask((id) => ({ type: "digests", id, seq }));
    assert(reply.type === "digests", "a reply answers its call");
    return reply.view;
  }

  /**
   * EASE solved from a tenant's sums as they stand at commit `seq`: likewise. One at a time: the thread does all else
   * between the steps of a solve.
   */
  async ease(tenant: number, seq: number): Promise<SolvedEase> {
    const reply = await this.#ask((id) => ({ type: "ease", id, tenant, seq }));
    assert(reply.type === "ease", "a reply answers its call");
    return { view: EaseView.decode(reply.bytes), cpuMs: reply.cpuMs };
  }

  /** The weights of the ranker, solved likewise. */
  async theta(tenant: number, seq: number): Promise<ThetaView> {
    const reply = await this.#ask((id) => ({ type: "theta", id, tenant, seq }));
    assert(reply.type === "theta", "a reply answers its call");
    return ThetaView.decode(reply.bytes);
  }

  #ask(callOf: (id: number) => ViewCall): Promise<ViewReply> {
    this.#tail.flush();
    return this.#calls.ask(callOf);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The view thread that an engine is to have, if any. */
export function viewsOf(options: {
  hasViews?: boolean | undefined;
  hasRanker?: boolean | undefined;
  easeCorePermille?: number | undefined;
}): Views | undefined {
  const { easeCorePermille } = options;
  if (options.hasViews === true) return new Views("all", easeCorePermille);
  if (options.hasRanker !== true) return undefined;
  return new Views((easeCorePermille ?? 0) > 0 ? ["theta", "ease"] : ["theta"], easeCorePermille);
}
