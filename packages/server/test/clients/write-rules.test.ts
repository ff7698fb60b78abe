/** The rules around the write door: origins, load, identity, consent, what was refused, the catalogue. */
import { request as httpRequest } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserTokens } from "../../src/access/user-tokens.ts";
import { basic, openStage, type Result, type Stage } from "./harness.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

let lastId = 0;
const event = (change: object = {}) => ({
  type: "track",
  event: "Song Played",
  userId: "u1",
  messageId: `r${++lastId}`,
  properties: { track_id: "t1" },
  ...change,
});
const batchOf = (...events: unknown[]) => ({ batch: events });
const asPublic = (of: Stage) => ({ authorization: basic(of.made.writeKey) });
const asSecret = (of: Stage) => ({ authorization: basic(of.made.secretKey) });

describe("pages of other origins", () => {
  const origin = "https://shop.example";

  test.each(["/v1/batch", "/v1/b/", "/v1/t", "/v1/identify", "/v1/m", "/beacon/v1/batch"])(
    "a preflight of %s is granted what it asks for",
    async (url) => {
      const headers = {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, x-retry-count, anonymousid",
      };
      const answer = await stage.app.inject({ method: "OPTIONS", url, headers });
      expect(answer.statusCode).toBe(204);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-headers": "authorization, x-retry-count, anonymousid",
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-max-age": "7200",
        vary: expect.stringContaining("Origin"),
      });
      expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    },
  );

  test("every answer can be read by the page: taken, unreadable, unknown key, too large", async () => {
    const answers = [
      await stage.post("/v1/batch", batchOf(event()), { origin }),
      await stage.post("/v1/batch", "{", { origin }),
      await stage.post("/v1/batch", batchOf(event()), { origin, authorization: basic("x") }),
      await stage.post("/v1/batch", "x".repeat(5_000_000), { origin }),
      await stage.app.inject({ url: "/v1/projects/x/settings", headers: { origin } }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 400, 401, 413, 401]);
    for (const { headers } of answers) {
      expect(headers["access-control-allow-origin"]).toBe(origin);
      expect(headers["access-control-expose-headers"]).toBe("Retry-After");
    }
  });

  test("the settings name this server as the only destination, for public keys alone", async () => {
    const { writeKey, secretKey } = stage.made;
    const ask = (key: string) =>
      stage.app.inject({ url: `/v1/projects/${key}/settings`, headers: { host: "a.example:81" } });
    const answer = await ask(writeKey);
    expect(answer.headers["cache-control"]).toBe("public, max-age=300");
    const { integrations } = answer.json();
    expect(Object.keys(integrations)).toEqual(["Segment.io"]);
    expect(integrations["Segment.io"]).toMatchObject({
      apiKey: writeKey,
      apiHost: "a.example:81/v1",
      protocol: "http",
      deliveryStrategy: { strategy: "batching", config: { size: 10, timeout: 1_000 } },
    });
    expect((await ask(secretKey)).statusCode).toBe(401);
  });
});

describe("load", () => {
  test("a person over the limit is told to wait, longer each time, and nothing is kept", async () => {
    const clock = { at: Date.UTC(2026, 10, 22) };
    const own = await openStage({ now: () => clock.at });
    const send = (userId: string, count: number) => {
      const events = Array.from({ length: count }, () => event({ userId }));
      return own.post("/v1/batch", batchOf(...events), asPublic(own));
    };
    expect((await send("a", 1_000)).statusCode).toBe(200);
    const head = own.attune.log.head();
    const told: number[] = [];
    for (let i = 0; i < 4; i++) {
      const answer = await send("a", 1);
      expect([answer.statusCode, answer.json().error.code]).toEqual([429, "rate_limited"]);
      told.push(Number(answer.headers["retry-after"]));
      clock.at += 1;
    }
    expect(told.every((seconds) => Number.isInteger(seconds) && seconds >= 1)).toBe(true);
    expect(own.attune.log.head()).toBe(head);
    expect((await send("b", 1)).statusCode).toBe(200);
    clock.at += 10;
    expect((await send("a", 1)).statusCode).toBe(200);
    // A key of the tenant's own machines is bound by its tenant's bucket alone.
    const many = Array.from({ length: 2_000 }, () => event({ userId: "a" }));
    expect((await own.post("/v1/batch", batchOf(...many))).statusCode).toBe(200);
    await own.close();
  });

  test("one address and one key have limits of their own", async () => {
    const clock = { at: Date.UTC(2026, 10, 22) };
    const settings = { addressEventsBurst: "3", addressEventsPerS: "1", keyEventsBurst: "5" };
    const own = await openStage({
      now: () => clock.at,
      settings: { ...settings, keyEventsPerS: "1" },
    });
    const events = [event(), event(), event()];
    expect((await own.post("/v1/batch", batchOf(...events), asPublic(own))).statusCode).toBe(200);
    const refused = await own.post("/v1/t", event({ userId: "other" }), asPublic(own));
    expect(refused.statusCode).toBe(429);
    expect(refused.json().error.message).toMatch(/address/);
    const five = Array.from({ length: 5 }, () => event());
    expect((await own.post("/v1/batch", batchOf(...five))).statusCode).toBe(200);
    expect((await own.post("/v1/t", event())).json().error.message).toMatch(/key/);
    await own.close();
  });

  test("a full queue refuses some, keeps every place for bodies that arrived, and empties", async () => {
    // Nobody waits for long, or a quick server would have let them all in by then.
    const own = await openStage({ settings: { ingestRequestsMax: "1", refusalDelayMs: "1" } });
    const address = new URL("/v1/batch", own.url);
    const authorization = basic(own.made.serverKey);
    const headers = { authorization, "content-length": "1000" };
    const slow = Array.from({ length: 5 }, () => httpRequest(address, { method: "POST", headers }));
    for (const one of slow) one.on("error", () => undefined).write("{");
    const send = (body: string) =>
      fetch(address, { method: "POST", headers: { authorization }, body });
    const bodies = Array.from({ length: 30 }, () =>
      JSON.stringify(batchOf(event({ userId: "q" }))),
    );
    let refused = 0;
    for (let left = bodies; left.length > 0;) {
      const answers = await Promise.all(left.map(send));
      for (const { status, headers: given } of answers) {
        if (status === 200) continue;
        expect(status).toBe(429);
        expect(Number(given.get("retry-after"))).toBeGreaterThanOrEqual(1);
        refused += 1;
      }
      left = left.filter((_, i) => answers[i]!.status !== 200);
    }
    expect(refused).toBeGreaterThan(0);
    expect(await own.stored()).toHaveLength(30);
    for (const one of slow) one.destroy();
    await own.close();
  });

  test("a log that takes nothing is 503 with Retry-After, never a 4xx at which clients drop", async () => {
    const own = await openStage();
    await own.attune.log.close();
    const answer = await own.post("/v1/batch", batchOf(event()));
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, "log_unavailable"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    await own.close().catch(() => undefined);
  });
});

describe("who", () => {
  test("a claimed id counts only with a token where the tenant wants proof", async () => {
    const own = await openStage({ identity: "signed" });
    const { tenant } = own;
    const tokens = await UserTokens.open(join(own.data, "token-keys.json"), Date.now);
    const issue = (number: number, userId: string) =>
      tokens.issue({ tenant: number, userId, ttlS: 60 });
    const good = await issue(tenant.number, "u1");
    const send = async (change: object) => {
      const answer = await own.post("/v1/batch", batchOf(event(change)), asPublic(own));
      return answer.json();
    };
    const withToken = (userToken: unknown) => ({ context: { userToken } });
    expect((await send({})).results).toMatchObject([
      { result: "drop", reason: "identity_unproven" },
    ]);
    expect(await send(withToken(good))).toMatchObject({ accepted: 1, results: [] });
    for (const token of ["x", await issue(tenant.number, "u2"), await issue(99, "u1")]) {
      const { results } = await send(withToken(token));
      expect(results).toMatchObject([{ reason: "identity_unproven", field: "context.userToken" }]);
    }
    const beside = await send({ ...withToken("x"), anonymousId: "a1" });
    expect(beside).toMatchObject({ accepted: 1, results: [{ result: "warning" }] });
    const identify = { type: "identify", anonymousId: "a2" };
    await send(identify);
    await send({ type: "alias", previousId: "victim", anonymousId: "a3" });
    expect((await own.stored()).filter(({ kind }) => kind === "merge")).toEqual([]);
    await send({ ...identify, ...withToken(good) });
    const merges = (await own.stored()).filter(({ kind }) => kind === "merge");
    expect(merges).toHaveLength(1);
    expect(merges[0]).toMatchObject({ identity: "verified" });
    expect(
      (await own.stored()).every(({ payload }) => !JSON.stringify(payload).includes(good)),
    ).toBe(true);
    await own.close();
  });

  test("Global Privacy Control takes ads and sharing away, whatever the event grants", async () => {
    const consent = { categoryPreferences: { ads: true, sharing: true, analytics: true } };
    const [free, bound] = [event({ context: { consent } }), event({ context: { consent } })];
    await stage.post("/v1/batch", batchOf({ ...free, userId: "gpc0" }));
    await stage.post("/v1/batch", batchOf({ ...bound, userId: "gpc1" }), { "sec-gpc": "1" });
    const stored = await stage.stored();
    const bitsOf = (id: string) => stored.find(({ payload }) => payload["userId"] === id)!.purposes;
    expect(bitsOf("gpc0") & 0b110000).toBe(0b110000);
    expect(bitsOf("gpc1") & 0b110000).toBe(0);
    expect(bitsOf("gpc1") & 0b000001).toBe(1);
  });

  test("a self-alias is a warning, anonymous to known one merge", async () => {
    const events = [
      { type: "alias", userId: "s1", previousId: "s1", messageId: "alias1" },
      { type: "identify", userId: "s1", anonymousId: "dev1", traits: {}, messageId: "identify1" },
    ];
    const { accepted, results } = (await stage.post("/v1/batch", batchOf(...events))).json();
    expect([accepted, results]).toMatchObject([
      2,
      [{ index: 0, result: "warning", reason: "alias_self" }],
    ]);
    const merges = (await stage.stored()).filter(({ kind }) => kind === "merge");
    expect(merges).toHaveLength(1);
  });
});

describe("dead letters", () => {
  const listOf = async (of: Stage, query = "") =>
    (await of.app.inject({ url: `/v1/dead-letters${query}`, headers: asSecret(of) })).json();

  test("keep the event without keys, tokens and full addresses, and can be thrown away", async () => {
    const bad = event({
      event: "",
      userId: "dl1",
      writeKey: "wk-secret",
      context: { ip: "203.0.113.77", userToken: "token-secret" },
    });
    const { results } = (await stage.post("/v1/batch", batchOf(bad))).json();
    const id = results[0].deadLetter;
    const { deadLetters } = await listOf(stage, "?limit=1");
    expect(deadLetters).toMatchObject([{ id, reason: "event_invalid", field: "event" }]);
    expect(deadLetters[0].text).toContain('"ip":"203.0.113.0"');
    expect(deadLetters[0].text).not.toMatch(/secret/);
    const url = `/v1/dead-letters/${id}`;
    const gone = await stage.app.inject({ method: "DELETE", url, headers: asSecret(stage) });
    expect(gone.statusCode).toBe(200);
    const again = await stage.app.inject({ method: "DELETE", url, headers: asSecret(stage) });
    expect(again.statusCode).toBe(404);
  });

  test("are for secret keys", async () => {
    for (const key of [stage.made.writeKey, stage.made.serverKey]) {
      const headers = { authorization: basic(key) };
      expect((await stage.app.inject({ url: "/v1/dead-letters", headers })).statusCode).toBe(403);
    }
    expect((await stage.app.inject({ url: "/v1/dead-letters" })).statusCode).toBe(401);
  });

  test("of people who refused keep the reason alone, also in the file", async () => {
    const own = await openStage();
    await own.attune.engine.setPolicy(own.tenant.number, { bases: {} });
    const { results } = (
      await own.post("/v1/batch", batchOf(event({ userId: "canary-77", messageId: "canary-78" })))
    ).json();
    expect(results).toMatchObject([{ reason: "consent_denied", deadLetter: expect.any(String) }]);
    const { deadLetters } = await listOf(own);
    expect(deadLetters).toMatchObject([{ reason: "consent_denied" }]);
    expect(deadLetters[0].text).toBeUndefined();
    const replay = await own.app.inject({
      method: "POST",
      url: `/v1/dead-letters/${deadLetters[0].id}/replay`,
      headers: asSecret(own),
    });
    expect(replay.statusCode).toBe(400);
    for (const suffix of ["", "-wal"]) {
      const bytes = readFileSync(join(own.data, `dead-letters.sqlite${suffix}`));
      expect(bytes.includes("canary-7")).toBe(false);
    }
    await own.close();
  });

  test("are taken again as of when they came, once what was wrong is mended", async () => {
    const clock = { at: Date.UTC(2026, 10, 22) };
    const own = await openStage({ now: () => clock.at, settings: { batchEventsMax: "1" } });
    const late = event({ timestamp: "2026-11-21T23:00:00Z", userId: "late" });
    const body = { batch: [event(), late], sentAt: "2026-11-21T23:59:50Z" };
    const { results } = (await own.post("/v1/batch", body)).json();
    const url = `/v1/dead-letters/${results[0].deadLetter}/replay`;
    clock.at += 3_600_000;
    const headers = asSecret(own);
    const answer = await own.app.inject({ method: "POST", url, headers });
    expect(answer.json()).toMatchObject({ success: true, accepted: 1 });
    const stored = (await own.stored()).find(({ payload }) => payload["userId"] === "late");
    expect(stored).toMatchObject({
      receivedAt: Date.UTC(2026, 10, 22),
      at: Date.UTC(2026, 10, 21, 23, 0, 10),
    });
    expect((await own.app.inject({ method: "POST", url, headers })).statusCode).toBe(404);
    await own.close();
  });

  test("of a forgotten person are gone, from the file too, and no one else's", async () => {
    const own = await openStage();
    const bad = (userId: string) => `{"type":"track","userId":"${userId}","event":12345}`;
    await own.post(
      "/v1/batch",
      `{"batch":[${bad("canary-1")},${bad("other-1")},{"userId":"canary-1" oops}]}`,
    );
    expect((await listOf(own)).deadLetters).toHaveLength(3);
    await own.post("/v1/batch", batchOf(event({ userId: "canary-1" })));
    await own.app.inject({ method: "DELETE", url: "/v1/users/canary-1", headers: asSecret(own) });
    const { deadLetters } = await listOf(own);
    expect(deadLetters.map(({ text }: { text: string }) => text)).toEqual([bad("other-1")]);
    const bytes = readFileSync(join(own.data, "dead-letters.sqlite"));
    expect(bytes.includes("canary-1")).toBe(false);
    await own.close();
  });

  test("have a limit, the oldest go, and pages follow one another", async () => {
    const own = await openStage({ settings: { deadLettersMax: "5" } });
    const bad = Array.from({ length: 8 }, (_, i) => event({ event: "", userId: `p${i}` }));
    await own.post("/v1/batch", batchOf(...bad));
    const first = await listOf(own, "?limit=3");
    const second = await listOf(own, `?limit=3&before=${first.next}`);
    const users = [...first.deadLetters, ...second.deadLetters].map(
      ({ text }: { text: string }) => JSON.parse(text).userId,
    );
    expect(users).toEqual(["p7", "p6", "p5", "p4", "p3"]);
    expect(second.next).toBeUndefined();
    await own.close();
  });

  test("of an event that does not say whose it is have no text, since nothing could forget them", async () => {
    await stage.post("/v1/batch", `{"batch":[{"type":"track","event":"nobody's"}]}`);
    const { deadLetters } = await listOf(stage, "?limit=1");
    expect(deadLetters).toMatchObject([{ reason: "event_invalid", field: "userId" }]);
    expect(deadLetters[0].text).toBeUndefined();
  });
});

describe("items", () => {
  const put = (of: Stage, body: string | Buffer, headers: Record<string, string> = {}) =>
    of.app.inject({
      method: "PUT",
      url: "/v1/items",
      headers: { authorization: basic(of.made.serverKey), ...headers },
      payload: body,
    });
  const get = (of: Stage, path: string) =>
    of.app.inject({
      url: `/v1/items${path}`,
      headers: { authorization: basic(of.made.serverKey) },
    });

  test("an array and one item a line mean the same, and are read back at once", async () => {
    const items = [
      { id: "i1", title: "One", tags: ["a"] },
      { id: 2, attributes: { title: "Two" } },
    ];
    expect((await put(stage, JSON.stringify(items))).json()).toMatchObject({
      success: true,
      accepted: 2,
    });
    expect((await get(stage, "/i1")).json()).toEqual({
      id: "i1",
      attributes: { title: "One", tags: ["a"] },
    });
    expect((await get(stage, "/2")).json()).toEqual({ id: "2", attributes: { title: "Two" } });
    const lines = `{"id":"i3","title":"Three"}\n\n{"id":"i1","title":"Uno"}`;
    const answer = await put(stage, gzipSync(lines), { "content-encoding": "gzip" });
    expect(answer.json()).toMatchObject({ accepted: 2, results: [] });
    expect((await get(stage, "/i1")).json().attributes).toEqual({ title: "Uno" });
    const page = (await get(stage, "?limit=2")).json();
    expect([page.items.map(({ id }: { id: string }) => id), page.next]).toEqual([
      ["2", "i1"],
      "i1",
    ]);
    const rest = (await get(stage, `?limit=2&after=${page.next}`)).json();
    expect([rest.items.map(({ id }: { id: string }) => id), rest.next]).toEqual([
      ["i3"],
      undefined,
    ]);
  });

  test("one that is taken out is gone", async () => {
    await put(stage, `{"id":"x y/ü"}`);
    const path = `/${encodeURIComponent("x y/ü")}`;
    expect((await get(stage, path)).json().id).toBe("x y/ü");
    const headers = { authorization: basic(stage.made.serverKey) };
    const url = `/v1/items${path}`;
    expect((await stage.app.inject({ method: "DELETE", url, headers })).json().success).toBe(true);
    expect((await get(stage, path)).statusCode).toBe(404);
  });

  test("a bad line costs itself alone and has a verdict", async () => {
    const lines = ["{", `{"title":"no id"}`, `{"id":"ok1"}`, "1", `{"id":"${"x".repeat(300)}"}`];
    lines.push(
      `{"id":"big","s":"${"x".repeat(70_000)}"}`,
      `{"id":"ok2","__proto__":{}}`,
      `{"id":"ok3"}`,
    );
    for (const body of [lines.join("\n"), `[${lines.slice(1).join(",")}]`]) {
      const { success, accepted, results } = (await put(stage, body)).json();
      expect([success, accepted]).toEqual([true, 2]);
      expect(
        results.every((one: Result) => one.reason === "item_invalid" && one.detail !== ""),
      ).toBe(true);
      expect(results).toHaveLength(body.startsWith("[") ? 5 : 6);
    }
  });

  test("itemLineBytesMax and itemsPerStreamMax are the limits", async () => {
    const own = await openStage({ settings: { itemLineBytesMax: "1024", itemsPerStreamMax: "3" } });
    const line = (bytes: number) => {
      const text = (pad: number) => `{"id":"i","s":"${"x".repeat(pad)}"}`;
      return text(bytes - text(0).length);
    };
    expect((await put(own, line(1_024))).json().accepted).toBe(1);
    expect((await put(own, line(1_025))).json().accepted).toBe(0);
    const few = Array.from({ length: 3 }, (_, i) => `{"id":"n${i}"}`);
    expect((await put(own, few.join("\n"))).json()).toMatchObject({ success: true, accepted: 3 });
    for (const body of [
      [...few, `{"id":"n3"}`].join("\n"),
      `[${[...few, `{"id":"n3"}`].join(",")}]`,
    ]) {
      const answer = (await put(own, body)).json();
      expect(answer).toMatchObject({ success: false, accepted: 3 });
      expect(answer.results).toMatchObject([{ index: 3, reason: "stream_too_long" }]);
    }
    await own.close();
  });

  test("a long stream is read no faster than the disk takes it, in flat memory", async () => {
    const count = 40_000;
    const pad = "x".repeat(1_000);
    const before = process.memoryUsage().rss;
    const lines = function* () {
      for (let i = 0; i < count; i += 100) {
        let text = "";
        for (let k = i; k < i + 100; k++) text += `{"id":"s${k % 50}","pad":"${pad}"}\n`;
        yield Buffer.from(text);
      }
    };
    const answer = await fetch(`${stage.url}/v1/items`, {
      method: "PUT",
      headers: { authorization: basic(stage.made.serverKey) },
      body: ReadableStream.from(lines()),
      duplex: "half",
    });
    expect(await answer.json()).toMatchObject({ success: true, accepted: count });
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });

  test.each(["", "[]", "\n\n"])("a body without items (%j) is 400", async (body) => {
    expect((await put(stage, body)).statusCode).toBe(400);
  });

  test("what breaks off or is no array keeps what came before and says so", async () => {
    const half = gzipSync(Buffer.from(`{"id":"h1"}\n`.repeat(100_000))).subarray(0, 500);
    expect((await put(stage, half, { "content-encoding": "gzip" })).statusCode).toBe(400);
    expect((await put(stage, `[{"id":"b1"}`)).json()).toMatchObject({
      success: false,
      accepted: 0,
    });
    expect((await put(stage, "x", { "content-encoding": "br" })).statusCode).toBe(415);
  });

  test("are not for public keys", async () => {
    const answer = await put(stage, `{"id":"i1"}`, asPublic(stage));
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, "permission_denied"]);
  });
});
