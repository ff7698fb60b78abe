import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import type { RecordInput } from "../../src/base/record.ts";
import { utf8Encode } from "../../src/base/text.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { hashOf } from "../../src/engine/payload.ts";
import { subjectOf } from "../../src/ingest/subject.ts";
import type { Server } from "../../src/doors.ts";
import { served } from "./served.ts";

const people = 7;
const cuts = process.env["ATTUNE_LONG"] === "1" ? 1_000 : 100;

function event(server: Server, n: number, purposes = 0b11): RecordInput {
  const tenant = server.attune.tenants[0]!;
  const at = Date.now();
  return {
    schema: 1,
    kind: "event",
    tenant: tenant.number,
    subject: subjectOf(tenant.key, "user", `u${n % people}`),
    identity: "verified",
    purposes,
    merged: false,
    source: "test",
    at,
    receivedAt: at,
    messageHash: hashOf(String(n)),
    payload: utf8Encode(JSON.stringify({ type: "view", item: `i${n}`, strength: 1, userId: "u" })),
  };
}

interface Message {
  cursor: string;
  type: string;
  data: { item?: string; id?: string };
}

/** Reads until `enough` says so or the stream is cut after `limit` messages. */
async function read(
  server: Server,
  from: string,
  accept: string,
  limit: number,
): Promise<Message[]> {
  const headers = { authorization: `Bearer ${server.keys!.secretKey}`, accept };
  const url = `${server.url}/v1/stream?from=${encodeURIComponent(from)}`;
  const response = await fetch(url, { headers });
  const messages: Message[] = [];
  let text = "";
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return messages;
    text += decoder.decode(value, { stream: true });
    const lines = text.split("\n");
    text = lines.pop()!;
    for (const line of lines) {
      const json = line.startsWith("data: ") ? line.slice(6) : line;
      if (!json.startsWith("{")) continue;
      messages.push(JSON.parse(json) as Message);
      if (messages.length === limit) {
        await reader.cancel();
        return messages;
      }
    }
  }
}

test(`${cuts} cuts of the stream lose nothing and double nothing, whatever was cut and however it is read`, async () => {
  const server = await served();
  const { engine } = server.attune;
  const random = new Prng(7);
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    const records = Array.from({ length: count }, () => event(server, sent++));
    await engine.append(records);
  };
  await send(20);
  const seen: Message[] = [];
  let from = "start";
  for (let cut = 0; cut < cuts; cut++) {
    const more = send(1 + random.below(8));
    const accept = random.below(2) === 0 ? "text/event-stream" : "application/x-ndjson";
    const got = await read(server, from, accept, 1 + random.below(4));
    seen.push(...got);
    from = got.at(-1)!.cursor;
    await more;
  }
  while (seen.filter(({ type }) => type === "event").length < sent) {
    const got = await read(server, from, "application/x-ndjson", 1);
    seen.push(...got);
    from = got.at(-1)!.cursor;
  }
  const items = seen.filter(({ type }) => type === "event").map(({ data }) => data.item);
  expect(items).toEqual(Array.from({ length: sent }, (_, n) => `i${n}`));
  const effects = seen.filter(({ type }) => type === "effect").map(({ data }) => data.id);
  expect(new Set(effects).size).toBe(effects.length);
  // A person's session begins, and once it is full the next one ends it and begins.
  const sessions = Array.from({ length: people }, (_, person) =>
    Math.ceil(Math.ceil((sent - person) / people) / foldLimits.sessionEventsMax),
  );
  expect(effects.length).toBe(sessions.reduce((sum, count) => sum + 2 * count - 1, 0));
});

test("records without the purpose analytics are left out, and a foreign cursor is refused", async () => {
  const server = await served();
  await server.attune.engine.append([event(server, 1, 0b10), event(server, 2)]);
  const [first] = await read(server, "start", "application/x-ndjson", 1);
  expect(first!.data.item).toBe("i2");
  const headers = { authorization: `Bearer ${server.keys!.secretKey}` };
  const response = await fetch(`${server.url}/v1/stream?from=elsewhere.3`, { headers });
  expect(response.status).toBe(409);
});
