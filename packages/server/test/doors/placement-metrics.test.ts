/** How a placement does, through the door: what was seen and taken, for whom, beside the most popular items. */
import { expect, test } from "vitest";
import type { Server } from "../../src/doors.ts";
import { ask, type Reply, served } from "./served.ts";

const now = Date.UTC(2026, 10, 27, 12);
const url = "/v1/placements/for-you/metrics";

/** Twenty tracks; ten people play the first four, one plays ten of the others. */
async function shop(): Promise<Server> {
  const server = await served({}, { now: () => now });
  const { serverKey } = server.keys!;
  const items = Array.from({ length: 20 }, (_, i) => ({ id: `i${i}` }));
  await ask(server, serverKey, "PUT", "/v1/items", items);
  const plays = Array.from({ length: 10 }, (_, user) =>
    [0, 1, 2, 3].map((item) => event(`u${user}`, "play", { itemId: `i${item}` })),
  ).flat();
  for (let item = 4; item < 14; item++) plays.push(event("one", "play", { itemId: `i${item}` }));
  // Of whom nothing is known, nothing may be counted.
  for (const user of ["ada", "bob"]) plays.push(event(user, "play", { itemId: "i5" }));
  await send(server, plays);
  return server;
}

const event = (userId: string, name: string, properties: object) => ({
  type: "track",
  event: name,
  userId,
  properties,
});

async function send(server: Server, batch: object[]): Promise<string> {
  const reply = await ask(server, server.keys!.serverKey, "POST", "/v1/batch", { batch });
  expect(reply.status).toBe(200);
  return String(reply.body["position"]);
}

async function answer(server: Server, userId: string): Promise<{ id: string; items: string[] }> {
  const asked = { placement: "for-you", userId, limit: 10 };
  const { secretKey } = server.keys!;
  const { body } = await ask(server, secretKey, "POST", "/v1/recommendations", asked);
  const items = (body["items"] as { id: string }[]).map(({ id }) => id);
  return { id: String(body["decisionId"]), items };
}

async function metrics(server: Server, after = "", query = ""): Promise<Reply> {
  const asked = after === "" ? "" : `after=${encodeURIComponent(after)}`;
  return ask(server, server.keys!.secretKey, "GET", `${url}?${asked}${query}`);
}

test("what was seen and taken is told by audience, beside the most popular items", async () => {
  const server = await shop();
  const { id, items } = await answer(server, "ada");
  // What ada takes next is in neither list, what bob takes is in both.
  const bob = await answer(server, "bob");
  expect(items).not.toContain("i19");
  expect(bob.items).toContain("i0");
  const last = await send(server, [
    event("ada", "seen", { decisionId: id, slots: [0, 1, 2] }),
    event("ada", "play", { itemId: "i19" }),
    event("bob", "play", { itemId: "i0" }),
  ]);
  const seen = new Set([...items.slice(0, 3), "i0"]).size;
  const { status, body } = await metrics(server, last);
  expect([status, body]).toEqual([200, expect.anything()]);
  expect(body).toMatchObject({
    placement: "for-you",
    from: "2026-11-21",
    to: "2026-11-27",
    catalogue: 20,
    exposure: { items: seen, coverage: seen / 20 },
    audiences: {
      all: { seen: 4, clicks: 1, clickRate: 0.25, judged: 2, hitRate: 0.5, popularHitRate: 0.5 },
      new: { seen: 4 },
      heavy: { seen: 0, clickRate: null },
    },
  });
  expect((body["mostPopular"] as { items: number }).items).toBe(10);
  const none = await metrics(server, last, "&from=2026-11-20&to=2026-11-26");
  expect(none.body).toMatchObject({ exposure: { items: 0 }, audiences: { all: { seen: 0 } } });

  const text = await (await fetch(`${server.url}/metrics`)).text();
  const labels = 'tenant="demo",placement="for-you",audience="new"';
  expect(text).toContain(`attune_placement_outcomes{${labels},count="shown"} 4\n`);
  expect(text).toContain(`attune_placement_judged{${labels},count="both"} 1\n`);
});

test("who takes the permission back, or is forgotten, is in no figure any more", async () => {
  const server = await shop();
  const { secretKey } = server.keys!;
  for (const user of ["ada", "bob"]) {
    const { id, items } = await answer(server, user);
    await send(server, [
      event(user, "seen", { decisionId: id, slots: [0, 1, 2, 3, 4] }),
      event(user, "play", { itemId: items[1] }),
    ]);
  }
  const all = async () => {
    const { audiences } = (await metrics(server)).body as { audiences: { all: object } };
    return audiences.all;
  };
  expect(await all()).toMatchObject({ seen: 10, clicks: 2, judged: 2 });
  await ask(server, secretKey, "DELETE", "/v1/users/ada/consents/personalization");
  expect(await all()).toMatchObject({ seen: 5, clicks: 1, judged: 1 });
  await ask(server, secretKey, "DELETE", "/v1/users/bob");
  expect(await all()).toMatchObject({ seen: 0, clicks: 0, judged: 0 });
  expect(server.attune.engine.tenant(1).models.audiences.size).toBe(0);
});

test("it is for secret keys, and says what is wrong with a day or a name", async () => {
  const server = await shop();
  expect((await ask(server, server.keys!.serverKey, "GET", url)).status).toBe(403);
  expect((await ask(server, undefined, "GET", url)).status).toBe(401);
  const { secretKey } = server.keys!;
  const nowhere = await ask(server, secretKey, "GET", "/v1/placements/nowhere/metrics");
  expect(nowhere.status).toBe(404);
  for (const query of ["&from=2026-11-31", "&from=2026-11-28", "&from=2026-09-28", "&to=soon"]) {
    expect((await metrics(server, "", query)).status).toBe(400);
  }
  expect((await metrics(server, "", "&from=2026-09-29")).status).toBe(200);
});
