import { Worker } from "node:worker_threads";
import { Fifo } from "../../base/fifo.ts";
import type { Contribution } from "../../core/fold/contribution.ts";
import { RequestError } from "../../core/rank/request-error.ts";
import { ContributionTail, type Summed } from "../contribution-tail.ts";
import type { Declaration } from "../declaration.ts";
import type {
  RankAsk,
  RankCall,
  RankedText,
  RankLook,
  RankReplies,
  RankReply,
  Span,
} from "./message.ts";
import type { ViewsOfTenant } from "./ranked.ts";

/**
 * Questions that wait for one thread at most. Far beyond what it has in a second or less: if the serving thread ranked as
 * soon as a queue formed, it would hand over nothing meanwhile, and the threads would wait for it.
 */
const waitingMax = 1_000;

/** Questions that wait for each thread when the serving thread begins to make one of its own in each turn. */
const helpFrom = 4;
/** Busier than this the serving thread makes none: whatever comes in would wait for it. */
const helperBusyMax = 0.9;
/** How long a look at that holds, ms: the next one is of the time since. */
const lookEveryMs = 100;

interface Waiting {
  take(reply: RankReply, bytes: Uint8Array): void;
  /** The thread ended before it replied. */
  leave(): void;
}

/**
 * The serving side of the ranking threads. Each of them has sums, definitions and catalogues of its own, which
 * it makes from the same contributions and declarations in the same order. So at the place of a question in that
 * order it knows what the serving thread knew when it asked, and gives the answer that this would have given,
 * bit for bit. Law: an answer is as of the commit that stands in it, wherever it was made.
 */
export class RankThreads {
  readonly #threads: readonly RankThread[];
  #hasHelped = false;
  #wasBusy = false;
  #lookedAt = performance.now();
  #since = performance.eventLoopUtilization();
  /** The rows of the ranker stay away: threads are told its weights. */
  readonly #tail = new ContributionTail(
    (bytes) => {
      for (const thread of this.#threads) thread.tell({ type: "add", bytes });
    },
    ({ model }) => model !== "ranker",
  );

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => new RankThread(this.#tail));
  }

  /** Threads that answer, and questions that wait for one of them. */
  get figures(): { running: number; waiting: number } {
    const loads = this.#threads.map(({ load }) => load).filter(Number.isFinite);
    return { running: loads.length, waiting: loads.reduce((sum, load) => sum + load, 0) };
  }

  /** Whether a thread has room for one more question. A thread that ended has none. */
  get hasRoom(): boolean {
    return this.#threads.some(({ load }) => load < waitingMax);
  }

  /**
   * Whether the serving thread is to make this answer, since each thread has a queue and it has time: one in a turn of the
   * event loop, with all that was told before on its way, so that nobody waits for it.
   */
  takeHelp(): boolean {
    if (this.#hasHelped || this.#threads.some(({ load }) => load < helpFrom)) return false;
    if (this.isBusyHere()) return false;
    this.#hasHelped = true;
    setImmediate(() => (this.#hasHelped = false));
    this.#tail.flush();
    for (const thread of this.#threads) thread.post();
    return true;
  }

  /** Whether the thread that serves had little time of its own before the last look. */
  isBusyHere(): boolean {
    const now = performance.now();
    if (now - this.#lookedAt < lookEveryMs) return this.#wasBusy;
    this.#wasBusy = performance.eventLoopUtilization(this.#since).utilization > helperBusyMax;
    this.#lookedAt = now;
    this.#since = performance.eventLoopUtilization();
    return this.#wasBusy;
  }

  /** Messages of contributions that the slowest thread has still to take in. */
  get behind(): number {
    return this.#tail.behind;
  }

  add(tenant: Summed, contribution: Contribution): void {
    this.#tail.add(tenant, contribution);
  }

  subtract(tenant: Summed, contribution: Contribution): void {
    this.#tail.subtract(tenant, contribution);
  }

  clock(hour: number): void {
    this.#tell({ type: "clock", hour });
  }

  declare(tenant: number, declaration: Declaration): void {
    this.#tell({ type: "declared", tenant, declaration });
    // At a start a large catalogue keeps this thread busy for seconds in the same turn: the others begin with it.
    if (declaration.type === "restored") for (const thread of this.#threads) thread.post();
  }

  /**
   * Asks the thread with the fewest questions; it answers from everything told so far, and with these views. Undefined if
   * the thread ended meanwhile: ask again. Rejects with the ranker's RequestError alone.
   */
  ask(ask: RankAsk, views: ViewsOfTenant): Promise<RankedText | undefined> {
    return this.#next().ask(ask, views);
  }

  /** The row of a look at somebody, from everything told so far; undefined if it teaches nothing, or the thread ended. */
  look(look: RankLook): Promise<string | undefined> {
    return this.#next().look(look);
  }

  /** The thread with the fewest questions, which is told all that was said before. */
  #next(): RankThread {
    this.#tail.flush();
    let least = this.#threads[0]!;
    for (const thread of this.#threads) if (thread.load < least.load) least = thread;
    return least;
  }

  #tell(call: RankCall): void {
    this.#tail.flush();
    for (const thread of this.#threads) thread.tell(call);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

/** So many threads; none where there are to be 0. */
export function threadsOf(count = 0): RankThreads | undefined {
  return count === 0 ? undefined : new RankThreads(count);
}

class RankThread {
  readonly #worker: Worker;
  /** Answers come in the order of the questions. */
  readonly #waiting = new Fifo<Waiting>();
  /** The views that the thread has, by tenant. */
  readonly #views = new Map<number, ViewsOfTenant>();
  #calls: RankCall[] = [];
  #hasEnded = false;

  constructor(tail: ContributionTail) {
    const name = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    const workerData = tail.reader();
    this.#worker = new Worker(new URL(name, import.meta.url), { workerData });
    this.#worker.on("message", ({ replies, bytes }: RankReplies) => {
      for (const reply of replies) this.#waiting.shift()?.take(reply, bytes);
    });
    const end = () => {
      tail.leave(workerData);
      this.#end();
    };
    this.#worker.on("error", end);
    this.#worker.on("exit", end);
    this.#worker.unref();
  }

  get load(): number {
    return this.#hasEnded ? Infinity : this.#waiting.length;
  }

  /** What is told in one turn of the event loop goes out together: waking the other side costs more than it says. */
  tell(call: RankCall): void {
    if (this.#hasEnded) return;
    this.#calls.push(call);
    if (this.#calls.length === 1) setImmediate(() => this.post());
  }

  post(): void {
    if (this.#calls.length === 0) return;
    this.#worker.postMessage(this.#calls satisfies readonly RankCall[]);
    this.#calls = [];
  }

  ask(ask: RankAsk, { ease, theta }: ViewsOfTenant): Promise<RankedText | undefined> {
    const { tenant } = ask;
    if (this.#hasEnded) return Promise.resolve(undefined);
    const known = this.#views.get(tenant);
    if (known?.ease !== ease) this.tell({ type: "ease", tenant, bytes: ease?.encode() });
    if (known?.theta !== theta) this.tell({ type: "theta", tenant, bytes: theta?.encode() });
    if (known?.ease !== ease || known?.theta !== theta) this.#views.set(tenant, { ease, theta });
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        take: (reply, bytes) => {
          if ("fault" in reply) reject(new RequestError(reply.field, reply.fault));
          else if ("answer" in reply) resolve(textOf(reply, bytes));
        },
        leave: () => resolve(undefined),
      });
      this.tell({ type: "ask", ask });
    });
  }

  look(look: RankLook): Promise<string | undefined> {
    if (this.#hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push({
        take: (reply) => resolve("row" in reply ? reply.row : undefined),
        leave: () => resolve(undefined),
      });
      this.tell({ type: "look", look });
    });
  }

  /** Whoever waits is answered by another thread, or where it asked. */
  #end(): void {
    this.#hasEnded = true;
    while (this.#waiting.length > 0) this.#waiting.shift()!.leave();
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Copies: parts of a buffer that came from another thread were found to outlive their use until a full collection. */
function textOf(
  { answer, decision }: { answer: Span; decision: Span },
  bytes: Uint8Array,
): RankedText {
  return { answer: bytes.slice(...answer), decision: bytes.slice(...decision) };
}
