import { Worker } from "node:worker_threads";
import { ContributionWriter } from "../../core/fold/contribution-codec.ts";
import type { Contribution } from "../../core/fold/contribution.ts";
import { RequestError } from "../../core/rank/request-error.ts";
import type { Declaration } from "../declaration.ts";
import type { RankAsk, RankCall, RankedText, RankReplies, RankReply } from "./message.ts";
import type { ViewsOfTenant } from "./ranked.ts";

const messageBytesMax = 1 << 16;
/**
 * Questions that wait for one thread at most. Far beyond what it has in a second or less: if the serving thread ranked as
 * soon as a queue formed, it would hand over nothing meanwhile, and the threads would wait for it.
 */
const waitingMax = 1_000;

interface Waiting {
  resolve(text: RankedText): void;
  reject(error: Error): void;
}

/**
 * The serving side of the ranking threads. Each of them has sums, definitions and catalogues of its own, which
 * it makes from the same contributions and declarations in the same order. So at the place of a question in that
 * order it knows what the serving thread knew when it asked, and gives the answer that this would have given,
 * bit for bit. Law: an answer is as of the commit that stands in it, wherever it was made.
 */
export class RankThreads {
  readonly #threads: readonly RankThread[];
  readonly #writer = new ContributionWriter();

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => new RankThread());
  }

  /** Whether a thread has room for one more question. A thread that failed has none. */
  get hasRoom(): boolean {
    return this.#threads.some(({ load }) => load < waitingMax);
  }

  add(tenant: number, contributions: readonly Contribution[]): void {
    for (const contribution of contributions) this.#writer.add(tenant, contribution, 1);
    if (this.#writer.length > messageBytesMax) this.#flush();
  }

  /** In the order in which sums take C(state) back: last added, first subtracted. */
  subtract(tenant: number, contributions: readonly Contribution[]): void {
    for (let i = contributions.length - 1; i >= 0; i--)
      this.#writer.add(tenant, contributions[i]!, -1);
    if (this.#writer.length > messageBytesMax) this.#flush();
  }

  clock(hour: number): void {
    this.#tell({ type: "clock", hour });
  }

  declare(tenant: number, declaration: Declaration): void {
    this.#tell({ type: "declared", tenant, declaration });
  }

  /** Asks the thread with the fewest questions; it answers from everything told so far, and with these views. */
  ask(ask: RankAsk, views: ViewsOfTenant): Promise<RankedText> {
    this.#flush();
    let least = this.#threads[0]!;
    for (const thread of this.#threads) if (thread.load < least.load) least = thread;
    return least.ask(ask, views);
  }

  #tell(call: RankCall): void {
    this.#flush();
    for (const thread of this.#threads) thread.tell(call);
  }

  #flush(): void {
    if (this.#writer.length === 0) return;
    const bytes = this.#writer.take();
    for (const thread of this.#threads) thread.tell({ type: "add", bytes });
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
  readonly #waiting = new Map<number, Waiting>();
  /** The views that the thread has, by tenant. */
  readonly #views = new Map<number, ViewsOfTenant>();
  #calls: RankCall[] = [];
  #lastId = 0;
  #hasFailed = false;

  constructor() {
    const name = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    this.#worker = new Worker(new URL(name, import.meta.url));
    this.#worker.on("message", ({ replies, bytes }: RankReplies) => {
      for (const reply of replies) this.#take(reply, bytes);
    });
    this.#worker.on("error", (error: Error) => {
      this.#hasFailed = true;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    this.#worker.unref();
  }

  get load(): number {
    return this.#hasFailed ? Infinity : this.#waiting.size;
  }

  /** What is told in one turn of the event loop goes out together: waking the other side costs more than it says. */
  tell(call: RankCall): void {
    if (this.#hasFailed) return;
    this.#calls.push(call);
    if (this.#calls.length === 1) setImmediate(() => this.#post());
  }

  #post(): void {
    this.#worker.postMessage(this.#calls satisfies readonly RankCall[]);
    this.#calls = [];
  }

  ask(ask: RankAsk, { ease, theta }: ViewsOfTenant): Promise<RankedText> {
    const { tenant } = ask;
    const known = this.#views.get(tenant);
    if (known?.ease !== ease || known?.theta !== theta) {
      this.#views.set(tenant, { ease, theta });
      this.tell({ type: "views", tenant, ease: ease?.encode(), theta: theta?.encode() });
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.tell({ type: "ask", id, ask });
    });
  }

  #take(reply: RankReply, bytes: Uint8Array): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("fault" in reply) waiting?.reject(new RequestError(reply.field, reply.fault));
    else
      waiting?.resolve({
        answer: bytes.subarray(...reply.answer),
        decision: bytes.subarray(...reply.decision),
      });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
