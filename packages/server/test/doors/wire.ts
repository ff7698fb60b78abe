/** A client that keeps its connections open and speaks JSON with one key: what a load is made of. */
import { Agent, request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";

export interface WireReply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

export class Wire {
  readonly #url: string;
  readonly #key: string;
  readonly #agent: Agent;

  constructor(url: string, key: string, sockets: number) {
    this.#url = url;
    this.#key = key;
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets });
  }

  /** Rejects when the connection breaks before the whole answer is in: then nobody knows what became of it. */
  send(method: "GET" | "POST", path: string, body?: unknown): Promise<WireReply> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers: Record<string, string | number> = { authorization: `Bearer ${this.#key}` };
    if (body !== undefined) {
      headers["content-type"] = "application/json";
      headers["content-length"] = Buffer.byteLength(text);
    }
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}${path}`, { method, headers, agent: this.#agent });
      sent.on("error", reject);
      sent.on("response", (response) => {
        let reply = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (reply += chunk));
        response.on("error", reject);
        response.on("end", () => {
          if (!response.complete) return reject(new Error("the answer was cut off"));
          const { statusCode = 0, headers: got } = response;
          resolve({ status: statusCode, headers: got, body: JSON.parse(reply) });
        });
      });
      sent.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A track call as the Segment dialect has it. */
export function played(messageId: string, userId: string, itemId: string): Record<string, unknown> {
  const timestamp = new Date().toISOString();
  return { type: "track", event: "play", messageId, userId, timestamp, properties: { itemId } };
}
