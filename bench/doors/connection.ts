/**
 * One open connection of the load: bytes of a request that are ready beforehand, one request at a time. Far
 * cheaper than a client library, since the load has to share the machine with what it measures.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Reply {
  status: number;
  /** 0 when there was none. */
  retryAfterS: number;
  body: Buffer;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

const endOfHead = Buffer.from("\r\n\r\n");

export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Size of the whole reply, once its head is in. */
  #due = 0;
  #head = "";
  #bodyAt = 0;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed a connection")));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(request: Buffer): Promise<Reply> {
    if (this.#isClosed) return Promise.reject(new Error("the connection is closed"));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #hear(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#due === 0 && !this.#readHead()) return;
    if (this.#size < this.#due) return;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const retryAfter = fieldOf(this.#head, "retry-after");
    const reply = {
      status: Number(this.#head.slice(9, 12)),
      retryAfterS: retryAfter === undefined ? 0 : Number(retryAfter),
      body: bytes.subarray(this.#bodyAt, this.#due),
    };
    this.#chunks = [];
    this.#size = 0;
    this.#due = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(reply);
  }

  #readHead(): boolean {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const end = bytes.indexOf(endOfHead);
    if (end < 0) return false;
    this.#head = bytes.toString("latin1", 0, end).toLowerCase();
    const length = fieldOf(this.#head, "content-length");
    if (length === undefined) {
      this.#fail(new Error(`a reply without its length: ${this.#head}`));
      return false;
    }
    this.#bodyAt = end + endOfHead.length;
    this.#due = this.#bodyAt + Number(length);
    return true;
  }

  #fail(error: Error): void {
    this.#isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#socket.destroy();
    waiting?.reject(error);
  }
}

function fieldOf(head: string, name: string): string | undefined {
  const at = head.indexOf(`\n${name}: `);
  if (at < 0) return undefined;
  const from = at + name.length + 3;
  const end = head.indexOf("\r", from);
  return head.slice(from, end < 0 ? undefined : end);
}

export function openAll(port: number, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(port)));
}

/** The bytes of a request with a JSON body. */
export function post(path: string, key: string, body: string, more = ""): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\n${more}` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

export function get(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
}
