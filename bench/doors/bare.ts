/**
 * What HTTP and parsing cost alone: a server of `node:http` that reads a body, parses it and answers how many
 * events it held, and knows no more. It says about itself what the other server's /metrics does.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const answer = request.method === "GET" ? metrics() : accepted(Buffer.concat(chunks));
    response.writeHead(200, {
      "Content-Type": request.method === "GET" ? "text/plain" : "application/json",
      "Content-Length": Buffer.byteLength(answer),
    });
    response.end(answer);
  });
});

// Its turns lie further apart than the 5 s after which node:http closes what is idle.
server.keepAliveTimeout = 600_000;

function accepted(bytes: Buffer): string {
  const body = JSON.parse(bytes.toString()) as { batch?: unknown[] };
  return JSON.stringify({ success: true, accepted: body.batch?.length ?? 1 });
}

function metrics(): string {
  const { user, system } = process.cpuUsage();
  return `process_cpu_seconds_total ${(user + system) / 1e6}\n`;
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const said = { url: `http://127.0.0.1:${port}`, keys: { serverKey: "none" } };
  process.stdout.write(`${JSON.stringify(said, undefined, 1)}\n`);
});
process.once("SIGTERM", () => process.exit());
