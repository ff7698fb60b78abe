/** A body that is larger than allowed: its sender reads the verdict, however slowly they send, and can go on. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { served } from "./served.ts";
import { played } from "./wire.ts";

const allowed = 65_536;
const chunk = Buffer.alloc(16_384, 0x20);

/** What a connection hears, and whether it broke. */
class Line {
  readonly socket: Socket;
  heard = "";
  error: Error | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding("utf8").on("data", (text: string) => (this.heard += text));
    this.socket.on("error", (error) => (this.error = error));
  }

  async write(bytes: Buffer | string): Promise<void> {
    if (!this.socket.write(bytes)) await once(this.socket, "drain");
  }

  statuses(): number[] {
    return [...this.heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  async hear(answers: number): Promise<void> {
    while (this.statuses().length < answers && this.error === undefined) await nextTurn();
  }
}

for (const form of ["stated", "chunked"] as const) {
  for (const path of ["/v1/batch", "/v1/recommendations"]) {
    test(`a ${form} body that is too large for ${path} gets its verdict, and the connection goes on`, async () => {
      const server = await served({ batchBytesMax: String(allowed) });
      const line = new Line(server.url);
      const head = (more: string, to = path): string =>
        [
          `POST ${to} HTTP/1.1`,
          "Host: test",
          `Authorization: Bearer ${server.keys!.secretKey}`,
          "Content-Type: application/json",
          more,
          "",
          "",
        ].join("\r\n");
      const chunks = 64;
      const isStated = form === "stated";
      const length = `Content-Length: ${chunks * chunk.length}`;
      await line.write(head(isStated ? length : "Transfer-Encoding: chunked"));
      for (let n = 0; n < chunks; n++) {
        if (!isStated) await line.write(`${chunk.length.toString(16)}\r\n`);
        await line.write(chunk);
        if (!isStated) await line.write("\r\n");
        // The verdict is there long before the end; a connection that was closed for it would break here.
        if (n === chunks / 2) await line.hear(1);
      }
      if (!isStated) await line.write("0\r\n\r\n");
      const body = JSON.stringify(played("m1", "u1", "i1"));
      await line.write(head(`Content-Length: ${body.length}`, "/v1/track") + body);
      await line.hear(2);
      expect([line.error, line.statuses()]).toEqual([undefined, [413, 200]]);
      line.socket.destroy();
    });
  }
}
