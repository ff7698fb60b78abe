import type { InteractionType } from "@attune/protocol";
import { expect, test } from "vitest";
import type { RecordInput } from "../../src/base/record.ts";
import { utf8Encode } from "../../src/base/text.ts";
import { hashOf, payloadOf } from "../../src/engine/payload.ts";
import { subjectOf } from "../../src/ingest/subject.ts";
import type { Server } from "../../src/doors.ts";
import { ask, served } from "./served.ts";

function event(server: Server, userId: string, item: string, at: number): RecordInput {
  return told(server, userId, item, "like", at);
}

function told(
  server: Server,
  userId: string,
  item: string,
  type: InteractionType,
  at: number,
): RecordInput {
  const tenant = server.attune.tenants[0]!;
  const strength = type === "skip" ? -2 : 4;
  const payload = { type, userId, item, strength };
  return {
    schema: 1,
    kind: "event",
    tenant: tenant.number,
    subject: subjectOf(tenant.key, "user", userId),
    identity: "verified",
    purposes: 0b11,
    merged: false,
    source: "test",
    at,
    receivedAt: at,
    messageHash: hashOf(`${userId}/${item}/${type}/${at}`),
    payload: utf8Encode(JSON.stringify(payload)),
  };
}

async function withHistory(): Promise<Server & { data: string }> {
  const server = await served();
  const now = Date.now();
  const records: RecordInput[] = [];
  for (let user = 0; user < 30; user++) {
    for (let i = 0; i < 5; i++)
      records.push(event(server, `u${user}`, `i${(user + i) % 12}`, now - 600_000 + i * 1_000));
  }
  await server.attune.engine.append(records);
  await server.attune.engine.settled();
  return server;
}

test("an answer asked for after an acknowledgement reflects it, and its reasons sum to its scores", async () => {
  const server = await withHistory();
  const { secretKey } = server.keys!;
  const { position } = await server.attune.engine.append([event(server, "new", "i3", Date.now())]);
  const { status, body } = await ask(server, secretKey, "POST", "/v1/recommendations", {
    userId: "new",
    placement: "up-next",
    limit: 5,
    after: position,
  });
  expect(status).toBe(200);
  const items = body["items"] as { id: string; score: number; reasons: { share: number }[] }[];
  expect(items.length).toBe(5);
  expect(items.map(({ id }) => id)).not.toContain("i3");
  for (const { score, reasons } of items)
    expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
  const link = `/v1/recommendations?userId=new&placement=up-next&limit=5&exclude=${items[0]!.id}`;
  const again = await ask(server, secretKey, "GET", link);
  expect(JSON.stringify(again.body["items"])).not.toContain(`"id":"${items[0]!.id}"`);
});

test("what comes next is foretold if it is asked for, in whole thousandths, and not otherwise", async () => {
  const server = await withHistory();
  const { secretKey } = server.keys!;
  const { engine } = server.attune;
  const now = Date.now();
  const listened = Array.from({ length: 40 }, (_, user) => [
    told(server, `l${user}`, "i1", "play", now - 9_000),
    told(server, `l${user}`, "i1", "skip", now - 8_000),
    told(server, `l${user}`, "i2", "play", now - 7_000),
    told(server, `l${user}`, "i2", "complete", now - 6_000),
  ]);
  await engine.append(listened.flat());
  await engine.append([told(server, "new", "i3", "play", now)]);
  await engine.settled();
  const asked = { userId: "new", placement: "up-next", limit: 9 };
  const context = { place: "gym", attributes: { weather: "rain" } };
  const plain = await ask(server, secretKey, "POST", "/v1/recommendations", asked);
  expect(Object.keys(plain.body).sort()).toEqual(["decisionId", "items", "placement", "position"]);
  expect(Object.keys((plain.body["items"] as object[])[0]!)).not.toContain("pSkip");
  const { status, body } = await ask(server, secretKey, "POST", "/v1/recommendations", {
    ...asked,
    context,
    predict: true,
  });
  expect(status).toBe(200);
  const items = body["items"] as { id: string; pSkip: number }[];
  const pSkip = new Map(items.map((item) => [item.id, item.pSkip]));
  expect(pSkip.get("i1")).toBeGreaterThan(pSkip.get("i2")!);
  const chances = [...pSkip.values(), body["pSessionEnd"] as number];
  for (const p of chances) expect(Number.isInteger(p) && p >= 0 && p <= 1_000).toBe(true);
  expect(body["nextAction"]).toMatchObject({ action: expect.any(String), p: expect.any(Number) });
  const ids = items.map(({ id }) => id);
  for (const id of body["prefetch"] as string[]) expect(ids).toContain(id);
  const link = "/v1/recommendations?userId=new&placement=up-next&predict=true";
  expect((await ask(server, secretKey, "GET", link)).body).toHaveProperty("pSessionEnd");
});

test("a public key reads nothing, a user token its own user alone, and nobody without a key", async () => {
  const server = await withHistory();
  const { secretKey, writeKey, serverKey } = server.keys!;
  const asked = { userId: "u1", placement: "for-you" };
  expect((await ask(server, undefined, "POST", "/v1/recommendations", asked)).status).toBe(401);
  expect((await ask(server, writeKey, "POST", "/v1/recommendations", asked)).status).toBe(403);
  expect((await ask(server, serverKey, "POST", "/v1/recommendations", asked)).status).toBe(200);
  expect((await ask(server, serverKey, "POST", "/v1/tokens", { userId: "u1" })).status).toBe(403);
  const { body } = await ask(server, secretKey, "POST", "/v1/tokens", { userId: "u1", ttlS: 60 });
  const token = String(body["token"]);
  expect(
    (await ask(server, token, "POST", "/v1/recommendations", { placement: "for-you" })).status,
  ).toBe(200);
  expect((await ask(server, token, "GET", "/v1/users/me")).body["userId"]).toBe("u1");
  expect((await ask(server, token, "GET", "/v1/users/u2")).status).toBe(403);
  expect((await ask(server, token, "GET", "/v1/stream")).status).toBe(403);
});

test("bad requests name the field and are no fault of ours", async () => {
  const server = await served();
  const { secretKey } = server.keys!;
  const bad: [unknown, RegExp][] = [
    [{ placement: "up-next", limit: 0 }, /limit/],
    [{ userId: "u" }, /placement/],
    [{ placement: "no-such", userId: "u" }, /placement/],
    [{ placement: "up-next", filter: [{ attribute: "a", op: "like", value: 1 }] }, /filter/],
    [{ placement: "up-next", surprise: 1 }, /./],
    [{ placement: "up-next", context: { attributes: { Weather: "rain" } } }, /attributes/],
    [{ placement: "up-next", context: { attributes: { a: "x".repeat(65) } } }, /attributes/],
    [
      {
        placement: "up-next",
        context: { attributes: { a: "1", b: "2", c: "3", d: "4", e: "5" } },
      },
      /attributes/,
    ],
    [{ placement: "up-next", predict: "maybe" }, /predict/],
    [{ placement: "up-next", after: "elsewhere.7" }, /position/],
  ];
  for (const [asked, message] of bad) {
    const { status, body } = await ask(server, secretKey, "POST", "/v1/recommendations", asked);
    expect([JSON.stringify(asked), status]).toEqual([
      JSON.stringify(asked),
      expect.toSatisfy((s: number) => s === 400 || s === 409),
    ]);
    expect((body["error"] as { message: string }).message).toMatch(message);
  }
});

test("forgetting a user gives both digests, and what is known of the user is nothing", async () => {
  const server = await withHistory();
  const { secretKey } = server.keys!;
  const token = (await ask(server, secretKey, "POST", "/v1/tokens", { userId: "u5" })).body[
    "token"
  ];
  expect((await ask(server, secretKey, "GET", "/v1/users/u5")).status).toBe(200);
  const before = server.attune.engine.tenant(1).models.digests();
  const forgotten = await ask(server, String(token), "DELETE", "/v1/users/me");
  expect(forgotten.status).toBe(202);
  const [erasure] = forgotten.body["erasures"] as { before: unknown; after: unknown }[];
  expect(erasure!.before).toEqual(before);
  expect(erasure!.after).toEqual(server.attune.engine.tenant(1).models.digests());
  expect((await ask(server, secretKey, "GET", "/v1/users/u5")).status).toBe(404);
});

test("a stop stores everything and a start brings it back; health, metrics and the API description are there", async () => {
  const server = await withHistory();
  const { data } = server;
  const digests = server.attune.engine.tenant(1).models.digests();
  for (const path of ["/healthz", "/readyz", "/openapi.json"])
    expect((await ask(server, undefined, "GET", path)).status).toBe(200);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain("attune_fold_lag_commits 0");
  expect(metrics).toMatch(/^attune_rank_threads \d$/m);
  const { paths } = (await ask(server, undefined, "GET", "/openapi.json")).body;
  expect(Object.keys(paths as object)).toEqual(
    expect.arrayContaining(["/v1/recommendations", "/v1/users/{id}"]),
  );
  await server.close();
  const again = await served({ data });
  expect(again.attune.engine.tenant(1).models.digests()).toEqual(digests);
});

test("long-term taste is solved in a server as it comes, and its answers are of the view", async () => {
  const server = await served({ easeCorePermille: "1000" });
  const { engine } = server.attune;
  const now = Date.now();
  const records = Array.from({ length: 1_200 }, (_, n) => {
    const user = n % 40;
    const item = `i${(user * 3 + Math.floor(n / 40) * 7) % 60}`;
    return event(server, `u${user}`, item, now - 600_000 + n);
  });
  await engine.append(records);
  await engine.settled();
  const { number } = server.attune.tenants[0]!;
  // The server's own timers ask for the view.
  while (engine.tenant(number).ease === undefined) await new Promise(setImmediate);
  const { name } = engine.tenant(number).ease!;
  const { status, body } = await ask(
    server,
    server.keys!.secretKey,
    "POST",
    "/v1/recommendations",
    {
      userId: "u1",
      placement: "for-you",
      limit: 5,
    },
  );
  expect(status).toBe(200);
  expect(body["items"]).toHaveLength(5);
  await engine.settled();
  const views: (readonly string[])[] = [];
  for await (const { records: stored } of server.attune.log.read(0))
    for (const record of stored) {
      if (record.kind === "decision") views.push(payloadOf(record, "decision").views);
    }
  expect(views.at(-1)).toContain(name);
});
