/** One device on the live channel: a WebSocket in the Centrifugo client protocol with a live query of one person. */
import type { LiveDiff, LiveList } from "@attune/protocol";
import { openAll, post } from "./connection.ts";
import { Pool } from "./pace.ts";
import type { Serving } from "./serving.ts";

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

  /** One for each of these people, with a token that the server gave out. */
  static async all(server: Serving, users: readonly string[], limit: number) {
    const door = new Pool(await openAll(server.port, 1));
    const url = `http://127.0.0.1:${server.port}`;
    const people: { id: string; listener: Listener }[] = [];
    for (const id of users) {
      const body = JSON.stringify({ userId: id, ttlS: 900 });
      const reply = await door.send(post("/v1/tokens", server.keys.secretKey, body));
      const { token } = JSON.parse(reply.body.toString()) as { token: string };
      people.push({ id, listener: await Listener.open(url, token, id, limit) });
    }
    door.close();
    return people;
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
