/** The part of a worker thread that it needs. */
interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

interface Waiting<Reply> {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/**
 * Questions to a worker thread and its replies, matched by number, in whatever order they come. Once the thread is lost every
 * question is rejected with the reason, those that wait and those to come.
 */
export class WorkerCalls<Reply extends { id: number }> {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting<Reply>>();
  #lastId = 0;
  #lostTo: Error | undefined;

  constructor(port: Port) {
    this.#port = port;
  }

  /** Why the thread is lost, if it is. */
  get lostTo(): Error | undefined {
    return this.#lostTo;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  ask(messageOf: (id: number) => unknown, transfer: ArrayBuffer[] = []): Promise<Reply> {
    if (this.#lostTo !== undefined) return Promise.reject(this.#lostTo);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage(messageOf(id), transfer);
    });
  }

  /** For the listener of the thread's messages. */
  take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    waiting?.resolve(reply);
  }

  /** The first reason stays. */
  lose(reason: Error): void {
    this.#lostTo ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
