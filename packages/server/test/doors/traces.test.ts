/** Traces as a collector gets them: from the request that brings an event to the push that tells its person. */
import { Centrifuge } from "centrifuge";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Server } from "../../src/doors.ts";
import { collector, type CollectedSpan } from "./collector.ts";
import { ask, served } from "./served.ts";
import { played } from "./wire.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callersSpan = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${callersSpan}-01`;

async function send(server: Server, batch: object[], headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}/v1/batch`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.keys!.serverKey}`, ...headers },
    body: JSON.stringify({ batch }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** A person who looks at a list over the stock client; resolves once subscribed, with the next push to wait for. */
async function listener(server: Server, userId: string) {
  const { token } = (await ask(server, server.keys!.secretKey, "POST", "/v1/tokens", { userId }))
    .body as { token: string };
  const client = new Centrifuge(`${server.url.replace("http", "ws")}/connection/websocket`, {
    websocket: WebSocket,
    token,
  });
  onTestFinished(() => client.disconnect());
  const list = client.newSubscription(`reco:up-next#${userId}`, { data: { limit: 5 } });
  const subscribed = new Promise((resolve) => list.once("subscribed", resolve));
  list.subscribe();
  client.connect();
  await subscribed;
  return { pushed: new Promise((resolve) => list.once("publication", resolve)) };
}

/** People whose sessions tell what comes behind an item. */
async function seeded(server: Server): Promise<void> {
  const batch = Array.from({ length: 12 }, (_, i) =>
    played(`seed-${i}`, `crowd${i % 4}`, ["lamp", "desk", "chair"][i % 3]!),
  );
  expect((await send(server, batch)).body).toMatchObject({ accepted: 12 });
}

const named = (spans: readonly CollectedSpan[], name: string): CollectedSpan => {
  const found = spans.filter((span) => span.name === name);
  expect([name, found.length]).toEqual([name, 1]);
  return found[0]!;
};

test("an event from its request to its push is one trace, under the caller's own span", async () => {
  const { url, spans, faults } = await collector();
  const server = await served({ traceUrl: url, traceSamplePermille: "0" });
  await seeded(server);
  const { pushed } = await listener(server, "ada");
  const { body } = await send(server, [played("m1", "ada", "lamp")], { traceparent });
  await pushed;
  await server.close();
  expect(faults).toEqual([]);
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(spans.length).toBe(5);
  expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(["attune"]));
  const request = named(spans, "POST /v1/batch");
  const [append, fold] = [named(spans, "append"), named(spans, "fold")];
  const [list, push] = [named(spans, "live list"), named(spans, "push")];
  expect(request).toMatchObject({ kind: 2, parentSpanId: callersSpan });
  expect(request.attributes).toEqual({
    "http.request.method": "POST",
    "http.route": "/v1/batch",
    "http.response.status_code": "200",
  });
  expect([append, fold].map((span) => span.parentSpanId)).toEqual([request.spanId, request.spanId]);
  expect([list.parentSpanId, push.parentSpanId]).toEqual([fold.spanId, list.spanId]);
  const seq = String(body["position"]).split(".")[1];
  expect([append, fold].map(({ attributes }) => attributes["attune.commit.seq"])).toEqual([
    seq,
    seq,
  ]);
  // Each begins where the one before has come to an end, in the order in which things happen.
  const times = [request, append, fold, list, push].map((span) => BigInt(span.startTimeUnixNano));
  expect(times.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(times);
  expect(BigInt(append.endTimeUnixNano)).toBe(BigInt(fold.startTimeUnixNano));
});

test("spans name no person, no item and no key", async () => {
  const { url, spans, bodies } = await collector();
  const server = await served({ traceUrl: url, traceSamplePermille: "1000" });
  await send(server, [played("secret-message", "secret-person", "secret-item")]);
  await ask(server, server.keys!.secretKey, "GET", "/v1/users/secret-person");
  await fetch(`${server.url}/v1/projects/${server.keys!.writeKey}/settings`);
  await server.close();
  expect(spans.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["GET /v1/users/:id", "GET /v1/projects/:writeKey/settings"]),
  );
  expect(bodies.join("")).not.toMatch(/secret-/);
  expect(bodies.join("")).not.toContain(server.keys!.writeKey);
});

test("a header that is no traceparent costs nothing, and a duplicate's trace ends at its answer", async () => {
  const { url, spans } = await collector();
  const server = await served({ traceUrl: url, traceSamplePermille: "0" });
  for (const bad of ["", "00-0-0-01", `00-${"0".repeat(32)}-${callersSpan}-01`, "ff", "🎷"]) {
    const sent = await send(server, [played("m1", "u", "i")], { traceparent: encodeURI(bad) });
    expect(sent.status).toBe(200);
  }
  const again = await send(server, [played("m1", "u", "i")], { traceparent });
  expect(again.body).toMatchObject({ accepted: 0, duplicates: 1 });
  await server.close();
  expect(spans.map(({ name }) => name)).toEqual(["POST /v1/batch"]);
});

test("without a collector's address there is no trace of tracing, and a bad one is refused", async () => {
  const server = await served();
  await send(server, [played("m1", "ada", "lamp")], { traceparent });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).not.toContain("attune_trace");
  await expect(served({ traceUrl: "collector:4318" })).rejects.toThrow(
    /traceUrl is "collector:4318"/,
  );
});
