/** A stop takes nothing new, ends what has no end of its own, and loses nothing that was acknowledged. */
import { connect } from "node:net";
import { once } from "node:events";
import { Centrifuge } from "centrifuge";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { ask, served } from "./served.ts";
import { played, Wire } from "./wire.ts";

test("with streams, sockets and writers open it comes to an end, and each acknowledged event is there after", async () => {
  const server = await served();
  const { secretKey, serverKey } = server.keys!;
  const { token } = (await ask(server, secretKey, "POST", "/v1/tokens", { userId: "u1" })).body;
  const headers = { authorization: `Bearer ${secretKey}` };
  const stream = await fetch(`${server.url}/v1/stream`, { headers });
  const sse = await fetch(`${server.url}/connection/uni_sse?token=${String(token)}`);
  const client = new Centrifuge(`${server.url.replace("http", "ws")}/connection/websocket`, {
    websocket: WebSocket,
    token: String(token),
    minReconnectDelay: 60_000,
  });
  onTestFinished(() => client.disconnect());
  const connected = told(client, "connected");
  client.connect();
  await connected;
  const left = told(client, "connecting");
  const wire = new Wire(server.url, serverKey, 8);
  onTestFinished(() => wire.close());
  const acknowledged = new Set<string>();
  let isStopping = false;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; ; n++) {
      const id = `w${writer}-${n}`;
      try {
        const { status } = await wire.send("POST", "/v1/batch", { batch: [played(id, "u1", id)] });
        if (status === 200) acknowledged.add(id);
        else return;
      } catch {
        // Cut off: nobody said that it is kept. Only a stop may do that.
        expect(isStopping).toBe(true);
        return;
      }
    }
  });
  while (acknowledged.size < 200) await new Promise((resolve) => setImmediate(resolve));
  isStopping = true;
  await server.close();
  await Promise.all(writers);
  await left;
  await Promise.all([stream.text(), sse.text()]);
  const again = await served({ data: server.data });
  const found = new Set<string>();
  for await (const { records } of again.attune.log.read(0))
    for (const { kind, payload } of records)
      if (kind === "event") {
        const { item } = JSON.parse(Buffer.from(payload).toString("utf8")) as { item: string };
        expect(found.has(item)).toBe(false);
        found.add(item);
      }
  expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
});

test("a request that never ends is cut off after closeMsMax, no sooner", async () => {
  const server = await served({ closeMsMax: "300" });
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const head = ["POST /v1/batch HTTP/1.1", "Host: x", "Content-Length: 1000"];
  const arrived = new Promise((resolve) => server.app.server.once("request", resolve));
  socket.write(`${head.join("\r\n")}\r\nAuthorization: Bearer ${server.keys!.serverKey}\r\n\r\n{`);
  await arrived;
  let isCut = false;
  const cut = once(socket, "close").then(() => (isCut = true));
  const closing = server.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isCut).toBe(false);
  await closing;
  await cut;
});

test("once it is stopping it is not ready, and says when to come back", async () => {
  let url = "";
  const answers: [number, string | null][] = [];
  // Asks in the middle of the stop, when nobody was sent away yet.
  const askThen = async (): Promise<void> => {
    for (const path of ["/readyz", "/v1/batch"]) {
      const { status, headers } = await fetch(`${url}${path}`, {
        method: path === "/readyz" ? "GET" : "POST",
      });
      answers.push([status, headers.get("retry-after")]);
    }
  };
  const server = await served({}, { register: (app) => void app.addHook("preClose", askThen) });
  ({ url } = server);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await server.close();
  expect(answers).toEqual([
    [503, expect.stringMatching(/^\d+$/)],
    [503, expect.stringMatching(/^\d+$/)],
  ]);
});

function told(client: Centrifuge, event: "connected" | "connecting"): Promise<unknown> {
  return new Promise((resolve) => client.once(event as "connected", resolve));
}
