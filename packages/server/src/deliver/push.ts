/**
 * The WebSocket door: `/connection/websocket` in the Centrifugo client protocol, JSON encoding, on the HTTP
 * server of the app. Here are sockets, handshakes and their limits; what is said over them is `connection.ts`.
 */
import { STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Person } from "./channels.ts";
import { type Code, closes } from "./codes.ts";
import { Connection, type ConnectionParts, type Room, type Transport } from "./connection.ts";
import { jsonCodec } from "./frames.ts";
import type { DeliverLimits } from "./limits.ts";

export interface PushParts extends Omit<ConnectionParts, "codec" | "room"> {
  limits: Readonly<DeliverLimits>;
  /** Whether a browser page of this origin may connect; programs send none and are not asked. */
  isOriginAllowed: (origin: string, host: string) => boolean;
  /** A client id nobody can guess. */
  newId: () => string;
  /** A number from 0 to 1, exclusive. */
  random: () => number;
}

const websocketPath = "/connection/websocket";

/** Subprotocols of the encodings there are; a client that asks for others alone is told so. */
const spoken: ReadonlySet<string> = new Set([jsonCodec.subprotocol]);
/** A socket that does not even take its close frame is cut off. */
const closeWaitMs = 1_000;

export class Push {
  readonly #parts: PushParts;
  readonly #wss: WebSocketServer;
  readonly #connections = new Map<Connection, WebSocket>();
  readonly #people = new People();
  readonly #byAddress = new Map<string, number>();
  #handshakes = 0;
  #handshakesFrom = 0;
  #isDraining = false;
  slow = 0;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#people.limit = parts.limits.devicesPerUserMax;
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: parts.limits.frameBytesMax,
      // Compression keeps a window per socket and stalls on slow ones; batches and diffs do more.
      perMessageDeflate: false,
      handleProtocols: (asked) => [...asked].find((name) => spoken.has(name)) ?? false,
    });
  }

  get size(): number {
    return this.#connections.size;
  }

  attach(server: Server): void {
    server.on("upgrade", (request, socket, head) => this.#upgrade(server, request, socket, head));
  }

  /** Called every `tickMs`. */
  tick(): void {
    const now = this.#parts.now();
    if (now - this.#handshakesFrom >= 1_000) {
      this.#handshakesFrom = now;
      this.#handshakes = 0;
    }
    for (const connection of this.#connections.keys()) connection.tick(now);
  }

  /** Takes nobody new and sends everybody away, each after a delay of its own within `drainMs`. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const { limits, random } = this.#parts;
    const leaving = [...this.#connections].map(
      ([connection, socket]) =>
        new Promise<void>((resolve) => {
          socket.once("close", () => resolve());
          setTimeout(() => connection.close(closes.shutdown), random() * limits.drainMs);
        }),
    );
    await Promise.all(leaving);
  }

  #upgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== websocketPath) {
      // Another listener may know the path; without one nobody would ever answer.
      if (server.listenerCount("upgrade") === 1) refuse(socket, 404);
      return;
    }
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      refuse(socket, refusal.status, refusal.headers, refusal.text);
      return;
    }
    this.#handshakes += 1;
    this.#wss.handleUpgrade(request, socket, head, (client) =>
      this.#accept(client, request.socket.remoteAddress ?? ""),
    );
  }

  #refusal(request: IncomingMessage): HandshakeRefusal | undefined {
    const { limits, isOriginAllowed, random } = this.#parts;
    const { origin, host } = request.headers;
    if (origin !== undefined && !isOriginAllowed(origin, host ?? ""))
      return { status: 403, text: "This origin is not allowed to connect." };
    const asked = (request.headers["sec-websocket-protocol"] ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    const isOther =
      query.get("format") === "protobuf" ||
      query.get("cf_protocol") === "protobuf" ||
      (asked.length > 0 && !asked.some((name) => spoken.has(name)));
    if (isOther)
      return { status: 400, text: "This server speaks the JSON encoding (centrifuge-json) alone." };
    const address = request.socket.remoteAddress ?? "";
    const isFull =
      this.#isDraining ||
      this.size >= limits.socketsMax ||
      this.#handshakes >= limits.handshakesPerSMax ||
      (this.#byAddress.get(address) ?? 0) >= limits.socketsPerAddressMax;
    if (!isFull) return undefined;
    const retryAfterS = String(1 + Math.floor(random() * 5));
    return { status: 503, headers: { "Retry-After": retryAfterS }, text: "Too many connections." };
  }

  #accept(socket: WebSocket, address: string): void {
    const { newId } = this.#parts;
    const parts: ConnectionParts = { ...this.#parts, codec: jsonCodec, room: this.#people };
    const connection = new Connection(newId(), parts, this.#transportOf(socket));
    this.#connections.set(connection, socket);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    socket.on("message", (data, isBinary) => connection.receive(data as Buffer, isBinary));
    // A fault of the wire or a frame over the limit: `ws` closes with the right code by itself.
    socket.on("error", () => {});
    socket.once("close", () => {
      connection.end();
      this.#connections.delete(connection);
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    });
  }

  #transportOf(socket: WebSocket): Transport {
    return {
      buffered: () => socket.bufferedAmount,
      write: (text, done) => socket.send(text, () => done()),
      close: (reason: Code) => {
        if (reason === closes.slow) this.slow += 1;
        socket.close(reason.code, reason.reason);
        setTimeout(() => socket.terminate(), closeWaitMs).unref();
      },
    };
  }
}

interface HandshakeRefusal {
  status: number;
  headers?: Readonly<Record<string, string>> | undefined;
  text: string;
}

function refuse(
  socket: Duplex,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  text = STATUS_CODES[status] ?? "",
): void {
  const lines = Object.entries({
    Connection: "close",
    "Content-Type": "text/plain",
    "Content-Length": String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${text}`);
}

/** Who is connected, by person. */
class People implements Room {
  readonly #connections = new Map<string, Set<Connection>>();
  limit = 0;

  enter({ tenant, userId }: Person, connection: Connection): boolean {
    const key = `${tenant}/${userId}`;
    const known = this.#connections.get(key);
    if (known === undefined) this.#connections.set(key, new Set([connection]));
    else if (known.size >= this.limit) return false;
    else known.add(connection);
    return true;
  }

  leave({ tenant, userId }: Person, connection: Connection): void {
    const key = `${tenant}/${userId}`;
    const known = this.#connections.get(key);
    known?.delete(connection);
    if (known?.size === 0) this.#connections.delete(key);
  }

  of({ tenant, userId }: Person): Iterable<Connection> {
    return this.#connections.get(`${tenant}/${userId}`) ?? [];
  }
}
