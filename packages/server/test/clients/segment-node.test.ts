/** The unmodified `@segment/analytics-node` over a real socket: every call, and no event lost or doubled by faults. */
import { Analytics } from "@segment/analytics-node";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { subjectOf } from "../../src/ingest/subject.ts";
import { openStage, type Stage } from "./harness.ts";

let stage: Stage;
afterEach(() => stage.close());

function clientOf({ url, made }: Stage, change: object = {}): Analytics {
  const settings = { writeKey: made.writeKey, host: url, flushInterval: 20, ...change };
  return new Analytics(settings);
}

const kindsOf = async () => (await stage.stored()).map(({ payload }) => payload["type"]);

describe("every call", () => {
  test("arrives as what it means", async () => {
    stage = await openStage();
    const client = clientOf(stage, { flushAt: 20 });
    const properties = { product_id: "p1" };
    client.identify({ userId: "u1", traits: { plan: "pro" } });
    client.track({ userId: "u1", event: "Product Viewed", properties });
    client.track({
      userId: "u1",
      event: "Order Completed",
      properties: { products: [properties] },
    });
    client.page({ userId: "u1", name: "Home", properties: { path: "/" } });
    client.screen({ userId: "u1", name: "Start" });
    client.group({ userId: "u1", groupId: "g1", traits: { size: 3 } });
    client.alias({ userId: "u2", previousId: "u1" });
    client.track({ anonymousId: "a1", event: "Product Added", properties });
    await client.closeAndFlush();
    const stored = await stage.stored();
    expect(
      stored.filter(({ kind }) => kind === "event").map(({ payload }) => payload),
    ).toMatchObject([
      { type: "identify", userId: "u1", traits: { plan: "pro" } },
      { type: "view", userId: "u1", item: "p1" },
      { type: "purchase", userId: "u1", item: "p1" },
      { type: "other", name: "page:Home" },
      { type: "other", name: "screen:Start" },
      { type: "other", name: "group", properties: { groupId: "g1" } },
      { type: "other", name: "alias" },
      { type: "add", anonymousId: "a1", item: "p1" },
    ]);
  });

  test("an anonymous visitor who signs in keeps what was done before", async () => {
    stage = await openStage();
    const client = clientOf(stage);
    client.track({ anonymousId: "a1", event: "Song Played", properties: { track_id: "t1" } });
    await client.flush();
    client.identify({ userId: "u1", anonymousId: "a1" });
    client.track({ userId: "u1", event: "Song Liked", properties: { track_id: "t2" } });
    await client.closeAndFlush();
    const { engine } = stage.attune;
    await engine.settled();
    const { number, key } = stage.tenant;
    const known = subjectOf(key, "user", "u1");
    expect(engine.resolve(number, subjectOf(key, "anonymous", "a1"))).toBe(known);
    const items = (await stage.stored()).filter(
      ({ subject, merged, payload }) => subject === known && (merged || payload["item"] === "t2"),
    );
    expect(new Set(items.map(({ payload }) => payload["item"]))).toEqual(new Set(["t1", "t2"]));
    expect(items).toHaveLength(2);
  });

  test("a thousand events in batches arrive once each", async () => {
    stage = await openStage();
    const client = clientOf(stage, { flushAt: 50 });
    for (let i = 0; i < 1_000; i++) {
      client.track({ userId: `u${i % 7}`, event: "Item Viewed", properties: { item_id: `i${i}` } });
    }
    await client.closeAndFlush();
    const items = (await stage.stored()).map(({ payload }) =>
      Number(String(payload["item"]).slice(1)),
    );
    // The client has several batches under way at once, so their order is nobody's promise.
    expect(items.sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  });
});

/** Spoils the first answers to a batch, each in its own way; what comes after is left alone. */
type Fault = "429" | "500" | "500 when stored" | "503 when stored" | "cut when stored";

function spoil(app: FastifyInstance, faults: Fault[], seen: string[]): void {
  app.addHook("onRequest", async (request, reply) => {
    if (request.method !== "POST" || request.url !== "/v1/batch") return;
    const fault = faults.shift() ?? "none";
    seen.push(fault);
    if (fault === "429") await reply.code(429).header("Retry-After", "1").send({});
    else if (fault === "500") await reply.code(500).send({});
    else request.raw.headers["x-fault"] = fault;
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const fault = request.raw.headers["x-fault"];
    if (fault === "cut when stored") request.raw.socket.destroy();
    if (fault === "500 when stored") reply.code(500);
    if (fault === "503 when stored") reply.code(503);
    return payload;
  });
}

describe("faults between client and disk", () => {
  test.each<[string, Fault[]]>([
    ["429 twice", ["429", "429"]],
    ["500, then an acknowledgement that is lost", ["500", "500 when stored"]],
    ["a connection cut after the events were stored", ["cut when stored"]],
    ["503 after the events were stored, then 429", ["503 when stored", "429"]],
  ])("%s: nothing is lost and nothing doubled", async (_name, faults) => {
    const seen: string[] = [];
    const left = [...faults];
    stage = await openStage({ between: (app) => spoil(app, left, seen) });
    const client = clientOf(stage, { flushAt: 10, maxRetries: 20 });
    for (let i = 0; i < 10; i++) {
      client.track({ userId: "u1", event: "Item Viewed", properties: { item_id: `i${i}` } });
    }
    client.identify({ userId: "u1", anonymousId: "a1" });
    await client.closeAndFlush({ timeout: 30_000 });
    expect(seen.slice(0, faults.length)).toEqual(faults);
    expect(seen.length).toBeGreaterThan(faults.length);
    const items = (await stage.stored()).flatMap(({ payload }) => payload["item"] ?? []);
    expect(items).toHaveLength(10);
    expect(new Set(items)).toEqual(new Set(Array.from({ length: 10 }, (_, i) => `i${i}`)));
    expect((await kindsOf()).filter((type) => type === "identify")).toHaveLength(1);
    const merges = (await stage.stored()).filter(({ kind }) => kind === "merge");
    expect(merges).toHaveLength(1);
  });
});
