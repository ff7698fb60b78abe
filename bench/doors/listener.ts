/** One device on the live channel: a WebSocket in the Centrifugo client protocol with a live query of one person. */
import type { LiveDiff, LiveList } from "@attune/protocol";

interface Reply {
  id?: number;
  error?: { code: number; message: string };
  subscribe?: { data: LiveList };
  push?: { channel: string; pub?: { data: LiveDiff | LiveList } };
}

export class Listener {
  /** Ids of the list as the device has it now. */
  order: readonly string[] = [];
  /** Called with each new list. */
  onList: (() => void) | undefined;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Connects and subscribes; resolves with the first list. */
  static open(url: string, token: string, user: string, limit: number): Promise<Listener> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/connection/websocket`);
    const listener = new Listener(socket);
    const channel = `reco:up-next#${user}`;
    socket.addEventListener("open", () => {
      const commands = [
        { id: 1, connect: { token } },
        { id: 2, subscribe: { channel, data: { limit } } },
      ];
      socket.send(commands.map((one) => JSON.stringify(one)).join("\n"));
    });
    return new Promise((resolve, reject) => {
      socket.addEventListener("close", ({ code, reason }) =>
        reject(new Error(`the live channel of ${user} closed: ${code} ${reason}`)),
      );
      socket.addEventListener("message", ({ data }) => {
        for (const line of String(data).split("\n")) {
          const reply = JSON.parse(line) as Reply;
          if (reply.error !== undefined) reject(new Error(`live channel: ${reply.error.message}`));
          if (listener.#hear(reply)) resolve(listener);
        }
      });
    });
  }

  /** True when it was the first list. */
  #hear({ id, subscribe, push }: Reply): boolean {
    if (id === 2 && subscribe !== undefined) {
      this.order = subscribe.data.items.map((item) => item.id);
      return true;
    }
    // What happens to the person comes on a channel of its own.
    const data = push?.channel.startsWith("reco:") === true ? push.pub?.data : undefined;
    if (data !== undefined) {
      this.order = "order" in data ? data.order : data.items.map((item) => item.id);
      this.onList?.();
    } else if (id === undefined && push === undefined) this.#socket.send("{}");
    return false;
  }

  close(): void {
    this.#socket.close();
  }
}
