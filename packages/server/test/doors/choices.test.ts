/** What a tenant and a person may choose over the API: the meaning of names, purposes, and pages that may ask. */
import { expect, test } from "vitest";
import type { Server } from "../../src/doors.ts";
import { ask, served } from "./served.ts";
import { played } from "./wire.ts";

type Item = { id: string };

async function send(server: Server, ...batch: object[]) {
  const { body } = await ask(server, server.keys!.serverKey, "POST", "/v1/batch", { batch });
  return body as { accepted: number; position: string; results: { reason: string }[] };
}

const adored = (messageId: string) => ({
  ...played(messageId, "ada", "lamp"),
  event: "Song Adored",
});

test("a tenant's own names count from the change on, and what was accepted before keeps its meaning", async () => {
  const server = await served();
  const { secretKey, serverKey } = server.keys!;
  const profile = async (): Promise<string> =>
    JSON.stringify((await ask(server, secretKey, "GET", "/v1/users/ada")).body);
  await send(server, adored("m1"));
  expect(await profile()).not.toContain("lamp");
  const change = { names: { "Song Adored": "like" }, strengths: { like: 9 } };
  const { status, body } = await ask(server, secretKey, "PUT", "/v1/mapping", change);
  expect([status, body["change"]]).toEqual([200, change]);
  const { names } = body["effective"] as { names: Record<string, string> };
  expect([names["songadored"], names["songplayed"]]).toEqual(["like", "play"]);
  await send(server, adored("m2"));
  const { recent } = JSON.parse(await profile()) as { recent: object[] };
  expect(recent).toEqual([expect.objectContaining({ item: "lamp", type: "like", strength: 9 })]);
  expect((await ask(server, serverKey, "PUT", "/v1/mapping", change)).status).toBe(403);
  await server.close();
  const again = await served({ data: server.data });
  const stored = await ask(again, again.keys!.secretKey, "GET", "/v1/mapping");
  expect(stored.body["change"]).toEqual(change);
  await send(again, { ...adored("m3"), properties: { itemId: "desk" } });
  const { body: later } = await ask(again, again.keys!.secretKey, "GET", "/v1/users/ada");
  expect((later["recent"] as object[]).length).toBe(2);
});

test("a mapping that cannot be meant is refused, names the place and changes nothing", async () => {
  const server = await served();
  const { secretKey } = server.keys!;
  const refused: [unknown, RegExp][] = [
    [{ names: { x: "adore" } }, /names/],
    [{ names: { "!!": "like" } }, /no letter/],
    [{ names: { "Song Won": "like", song_won: "skip" } }, /one name/],
    [{ itemFields: [] }, /itemFields/],
    [{ strengths: { like: 101 } }, /strengths\/like/],
    [{ strengths: { like: 1.5 } }, /integer/],
    [{ playSteps: [300, 300].map((belowPermille) => ({ belowPermille, strength: 1 })) }, /rise/],
    [{ surprise: 1 }, /additional/],
    ["like", /./],
  ];
  for (const [change, message] of refused) {
    const { status, body } = await ask(server, secretKey, "PUT", "/v1/mapping", change);
    expect([JSON.stringify(change), status]).toEqual([JSON.stringify(change), 400]);
    expect((body["error"] as { message: string }).message).toMatch(message);
  }
  expect(
    (await ask(server, secretKey, "PUT", "/v1/mapping", { strengths: { like: 100 } })).status,
  ).toBe(200);
});

async function crowd(server: Server): Promise<void> {
  const items = ["lamp", "desk", "chair", "rug"];
  await send(
    server,
    ...Array.from({ length: 24 }, (_, i) => played(`c${i}`, `c${i % 6}`, items[(i * 7) % 4]!)),
  );
}

test("a purpose is taken back and granted by one call each, and the next answer knows", async () => {
  const server = await served();
  const { secretKey, writeKey } = server.keys!;
  await crowd(server);
  await send(server, played("m1", "ada", "lamp"));
  const token = String(
    (await ask(server, secretKey, "POST", "/v1/tokens", { userId: "ada" })).body["token"],
  );
  const answer = async (userId: string, after?: string) => {
    const asked = { userId, placement: "up-next", limit: 3, after };
    const { body } = await ask(server, secretKey, "POST", "/v1/recommendations", asked);
    return (body["items"] as Item[]).map(({ id }) => id);
  };
  const own = await answer("ada");
  expect(own).not.toContain("lamp");
  const url = "/v1/users/me/consents/personalization";
  const taken = await ask(server, token, "DELETE", url);
  expect([taken.status, taken.body["choice"]]).toEqual([200, "withdrawn"]);
  expect(await answer("ada", String(taken.body["position"]))).toEqual(await answer("nobody"));
  expect((await ask(server, secretKey, "GET", "/v1/users/ada")).body).toHaveProperty("withheld");
  const granted = await ask(server, token, "PUT", `${url}?policy=2026-11`);
  await send(server, played("m2", "ada", "lamp"));
  expect(await answer("ada", String(granted.body["position"]))).not.toContain("lamp");
  const other = "/v1/users/bob/consents/personalization";
  expect((await ask(server, token, "PUT", other)).status).toBe(403);
  expect((await ask(server, writeKey, "PUT", other)).status).toBe(403);
  expect((await ask(server, secretKey, "PUT", other)).status).toBe(200);
  expect((await ask(server, secretKey, "PUT", "/v1/users/bob/consents/all")).status).toBe(400);
});

test("a stock client's report of a new choice is kept as that choice, also a no to everything", async () => {
  const server = await served();
  const choice = (messageId: string, personalization: boolean) => ({
    type: "track",
    event: "Segment Consent Preference Updated",
    userId: "eve",
    messageId,
    context: { consent: { categoryPreferences: { personalization, analytics: false } } },
  });
  await send(server, played("m1", "eve", "lamp"));
  const known = async () =>
    (await ask(server, server.keys!.secretKey, "GET", "/v1/users/eve")).body;
  expect(await known()).not.toHaveProperty("withheld");
  expect(await send(server, choice("m2", false))).toMatchObject({ accepted: 1, results: [] });
  expect(await known()).toHaveProperty("withheld");
  // A later event that says nothing of consent is bound by the choice.
  const { results } = await send(server, played("m3", "eve", "desk"));
  expect(results).toMatchObject([{ reason: "consent_denied" }]);
  await send(server, choice("m4", true));
  expect(await known()).not.toHaveProperty("withheld");
});

test("a link asks for the same as a body, and is held to the same limits", async () => {
  const server = await served();
  const { secretKey } = server.keys!;
  const items = ["lamp", "desk", "chair", "rug"].map((id) => ({
    id,
    attributes: { room: id === "lamp" ? "hall" : "study" },
  }));
  await ask(server, secretKey, "PUT", "/v1/items", items);
  await crowd(server);
  const filter = 'item.room == "study"';
  const asked = { userId: "c1", placement: "for-you", limit: 4, exclude: ["rug"], filter };
  const context = { device: "tv" };
  const { body } = await ask(server, secretKey, "POST", "/v1/recommendations", {
    ...asked,
    onScreen: ["desk"],
    context,
  });
  const link = new URLSearchParams({
    userId: "c1",
    placement: "for-you",
    limit: "4",
    exclude: "rug",
    onScreen: "desk",
    device: "tv",
    filter,
  });
  const path = (query: URLSearchParams) => `/v1/recommendations?${query.toString()}`;
  const linked = await ask(server, secretKey, "GET", path(link));
  expect([linked.status, linked.body["items"]]).toEqual([200, body["items"]]);
  // What is left out may still be a reason for others.
  const ids = (body["items"] as { id: string }[]).map(({ id }) => id).join();
  expect(ids).not.toMatch(/lamp|rug/);
  for (const bad of ["{", "item.room ==", "1"]) {
    link.set("filter", bad);
    const { status, body: said } = await ask(server, secretKey, "GET", path(link));
    expect([bad, status]).toEqual([bad, 400]);
    expect((said["error"] as { message: string }).message).toContain("filter");
  }
});

test("pages of origins that were named may ask with a token, others are kept from the answer", async () => {
  const server = await served({ origins: "https://shop.example, https://app.example" });
  const url = `${server.url}/v1/recommendations`;
  const allowed = async (method: string, origin: string, path = url) => {
    const asks = { "access-control-request-method": "POST", origin };
    const answer = await fetch(path, { method, headers: asks });
    expect(answer.headers.get("vary")).toContain("Origin");
    return answer.headers.get("access-control-allow-origin");
  };
  for (const method of ["OPTIONS", "GET"]) {
    expect(await allowed(method, "https://app.example")).toBe("https://app.example");
    expect(await allowed(method, server.url)).toBe(server.url);
    expect(await allowed(method, "https://evil.example")).toBeNull();
  }
  const me = `${server.url}/v1/users/me/consents/ads`;
  expect(await allowed("OPTIONS", "https://shop.example", me)).toBe("https://shop.example");
  // Beside the secret things no page may be: their answers carry no such header for anybody.
  const stream = await fetch(`${server.url}/v1/stream`, {
    headers: { origin: "https://shop.example" },
  });
  expect(stream.headers.get("access-control-allow-origin")).toBeNull();
});

test("behind a proxy the settings name the public address, and limits are those of the real client", async () => {
  const server = await served({
    publicUrl: "https://attune.example",
    trustedProxies: "127.0.0.1/32",
    addressEventsPerS: "1",
    addressEventsBurst: "1",
  });
  const { writeKey } = server.keys!;
  const settings = await ask(server, undefined, "GET", `/v1/projects/${writeKey}/settings`);
  expect(settings.body["integrations"]).toMatchObject({
    "Segment.io": { apiHost: "attune.example/v1", protocol: "https" },
  });
  const from = async (address: string, messageId: string) => {
    const headers = { authorization: `Bearer ${writeKey}`, "x-forwarded-for": address };
    const body = JSON.stringify({ batch: [played(messageId, address, "lamp")] });
    return (await fetch(`${server.url}/v1/batch`, { method: "POST", headers, body })).status;
  };
  expect(await from("203.0.113.1", "a")).toBe(200);
  expect(await from("203.0.113.1", "b")).toBe(429);
  expect(await from("203.0.113.2", "c")).toBe(200);
  const plain = await served({ addressEventsPerS: "1", addressEventsBurst: "1" });
  const headers = { authorization: `Bearer ${plain.keys!.writeKey}` };
  const statuses = [];
  for (const forwarded of ["203.0.113.1", "203.0.113.2"]) {
    const body = JSON.stringify({ batch: [played(forwarded, "u", "lamp")] });
    const sent = { ...headers, "x-forwarded-for": forwarded };
    const answer = await fetch(`${plain.url}/v1/batch`, { method: "POST", headers: sent, body });
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([200, 429]);
});
