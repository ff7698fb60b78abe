/** The inspector of a server and of its threads: enough of it to have each sampled while something goes on. */
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";

interface Said {
  id?: number;
  result?: unknown;
  error?: object;
  method?: string;
  params?: unknown;
}

interface Attached {
  sessionId: string;
  workerInfo: { url: string };
}

/** A thread that can be called; the main thread, or one that the main thread passes messages on to. */
export interface Target {
  /** Where its code begins. */
  url: string;
  call(method: string, params?: object): Promise<unknown>;
}

/** Flags for a server whose inspector is to be reached, and the port. It costs nothing until it is asked. */
export async function inspectorFlags(): Promise<{ port: number; flags: string[] }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { port, flags: [`--inspect=127.0.0.1:${port}`, "--inspect-publish-uid=http"] };
}

/** Answers by number, whichever way the messages go. */
class Calls {
  readonly #send: (message: string) => void;
  readonly #waiting = new Map<number, (said: Said) => void>();
  #sent = 0;

  constructor(send: (message: string) => void) {
    this.#send = send;
  }

  call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${JSON.stringify(error)}`));
      });
      this.#send(JSON.stringify({ id, method, params }));
    });
  }

  hear(said: Said): void {
    if (said.id === undefined) return;
    this.#waiting.get(said.id)?.(said);
    this.#waiting.delete(said.id);
  }
}

export class Inspector {
  readonly #socket: WebSocket;
  readonly #main: Calls;
  readonly #threads = new Map<string, { url: string; calls: Calls }>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#main = new Calls((message) => socket.send(message));
    socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(String(data)) as Said));
  }

  static async open(port: number): Promise<Inspector> {
    const reply = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [target] = (await reply.json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(target!.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("the inspector cannot be reached")));
    });
    const inspector = new Inspector(socket);
    await inspector.#main.call("NodeWorker.enable", { waitForDebuggerOnStart: false });
    return inspector;
  }

  /** The main thread first. */
  get targets(): Target[] {
    const main = {
      url: "main",
      call: (method: string, params?: object) => this.#main.call(method, params),
    };
    const threads = [...this.#threads.values()].map(({ url, calls }) => ({
      url,
      call: (method: string, params?: object) => calls.call(method, params),
    }));
    return [main, ...threads];
  }

  #hear(said: Said): void {
    if (said.method === "NodeWorker.attachedToWorker") {
      const { sessionId, workerInfo } = said.params as Attached;
      const pass = (message: string): void =>
        void this.#main.call("NodeWorker.sendMessageToWorker", { sessionId, message });
      this.#threads.set(sessionId, { url: workerInfo.url, calls: new Calls(pass) });
    } else if (said.method === "NodeWorker.receivedMessageFromWorker") {
      const { sessionId, message } = said.params as { sessionId: string; message: string };
      this.#threads.get(sessionId)?.calls.hear(JSON.parse(message) as Said);
    } else this.#main.hear(said);
  }

  close(): void {
    this.#socket.close();
  }
}
