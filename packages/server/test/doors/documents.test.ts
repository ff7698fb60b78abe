/** Placements, rules and takedowns through the door, and what answers and replays make of them. */
import { describe, expect, test } from "vitest";
import type { Server } from "../../src/doors.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { documentsMax } from "../../src/engine/definitions/documents.ts";
import { replayDecisions } from "../../src/engine/replay-decisions.ts";
import { ask, type Reply, served } from "./served.ts";

interface Item {
  id: string;
  score: number;
  reasons: { source: string; because?: string; share: number }[];
  label?: string;
}

/** Twelve tracks of two genres; 20 people play all of them. */
async function shop(): Promise<Shop> {
  const server = await served();
  const { serverKey } = server.keys!;
  const items = Array.from({ length: 12 }, (_, i) => ({
    id: `i${i}`,
    genre: i % 2 === 0 ? "jazz" : "rock",
    year: 1990 + i,
    explicit: i === 3,
    country: i < 6 ? "AT" : "DE",
  }));
  await ask(server, serverKey, "PUT", "/v1/items", items);
  const batch = Array.from({ length: 20 }, (_, user) =>
    items.slice(0, 4 + (user % 9)).map(({ id }) => play(`u${user}`, id)),
  ).flat();
  const traits = { countries: ["DE"] };
  batch.push({ type: "identify", userId: "ada", traits } as never);
  const { body } = await ask(server, serverKey, "POST", "/v1/batch", { batch });
  return new Shop(server, String(body["position"]));
}

const play = (userId: string, itemId: string, event = "play") => ({
  type: "track",
  event,
  userId,
  properties: { itemId },
});

class Shop {
  readonly server: Server;
  #after: string;

  constructor(server: Server, after: string) {
    this.server = server;
    this.#after = after;
  }

  async call(method: string, path: string, body?: unknown): Promise<Reply> {
    return ask(this.server, this.server.keys!.secretKey, method, path, body);
  }

  /** A change that must be taken; what is asked afterwards reflects it. */
  async change(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const reply = await this.call(method, path, body);
    expect([reply.status, reply.body]).toEqual([200, expect.anything()]);
    this.#after = reply.body["position"] as string;
    return reply.body;
  }

  async items(more: object = {}): Promise<Item[]> {
    const asked = { placement: "trending", limit: 12, after: this.#after, ...more };
    const { status, body } = await this.call("POST", "/v1/recommendations", asked);
    expect([status, body]).toEqual([200, expect.anything()]);
    const items = body["items"] as Item[];
    for (const { score, reasons } of items)
      expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    return items;
  }

  async ids(more: object = {}): Promise<string[]> {
    return (await this.items(more)).map(({ id }) => id);
  }
}

const number = (id: string): number => Number(id.slice(1));
const isJazz = (id: string): boolean => number(id) % 2 === 0;

test("a placement is put, read, used and taken back, each change a version that answers know", async () => {
  const it = await shop();
  const first = await it.change("PUT", "/v1/placements/radio", {
    sources: { popular: 1_048_576 },
    size: 3,
    filter: 'item.genre == "jazz" and item.year >= 1992 and not (item.explicit == true)',
  });
  expect(first["version"]).toBe(1);
  const shown = await it.ids({ placement: "radio" });
  expect(shown).toHaveLength(3);
  expect(shown.every((id) => isJazz(id) && number(id) >= 2)).toBe(true);
  const after = String(first["position"]);
  const { body } = await it.call("GET", `/v1/placements/radio?after=${after}`);
  expect(body).toMatchObject({ name: "radio", version: 1, size: 3, exclude: [] });
  await it.change("PUT", "/v1/placements/trending", { sources: { popular: 1 }, size: 2 });
  expect(await it.ids()).toHaveLength(2);
  const listed = (await it.call("GET", "/v1/placements")).body;
  expect(listed["version"]).toBe(2);
  expect((listed["placements"] as { name: string; version: number }[]).slice(-2)).toMatchObject([
    { name: "trending", version: 2 },
    { name: "up-next", version: 0 },
  ]);
  await it.change("DELETE", "/v1/placements/trending");
  expect(await it.ids()).toHaveLength(12);
  await it.change("DELETE", "/v1/placements/radio");
  for (const path of ["/v1/placements/radio", "/v1/rules/none"]) {
    expect((await it.call("GET", path)).status).toBe(404);
    expect((await it.call("DELETE", path)).status).toBe(404);
  }
  expect((await it.call("DELETE", "/v1/placements/trending")).status).toBe(404);
});

test("every placement that comes with the code can be put back as it is read", async () => {
  const it = await shop();
  const { body } = await it.call("GET", "/v1/placements");
  const { placements } = body as { placements: ({ name: string } & Record<string, unknown>)[] };
  expect(placements.length).toBeGreaterThan(5);
  for (const { name, version: _version, isBuiltIn: _isBuiltIn, ...document } of placements) {
    await it.change("PUT", `/v1/placements/${name}`, document);
    const again = await it.call("GET", `/v1/placements/${name}`);
    expect(again.body).toMatchObject({ name, ...document });
  }
});

test("only a secret key sees or changes documents", async () => {
  const it = await shop();
  const { serverKey, writeKey } = it.server.keys!;
  const paths = [
    ["GET", "/v1/placements"],
    ["PUT", "/v1/placements/x", { sources: {} }],
    ["GET", "/v1/rules"],
    ["PUT", "/v1/rules/x", { boost: 2 }],
    ["POST", "/v1/takedowns", { itemIds: ["i1"], reason: "r" }],
    ["DELETE", "/v1/takedowns/i1"],
  ] as const;
  for (const [method, path, body] of paths) {
    for (const [key, status] of [
      [undefined, 401],
      [writeKey, 403],
      [serverKey, 403],
    ] as const)
      expect([path, (await ask(it.server, key, method, path, body)).status]).toEqual([
        path,
        status,
      ]);
  }
});

test("a bad document names its field and changes nothing", async () => {
  const it = await shop();
  const sources = { popular: 1 };
  const bad: [string, unknown, RegExp][] = [
    ["/v1/placements/x", {}, /sources/],
    ["/v1/placements/x", { sources: { gossip: 1 } }, /sources\.gossip: there is no such source/],
    ["/v1/placements/x", { sources: { popular: 0 } }, /sources\/popular/],
    ["/v1/placements/x", { sources, size: 201 }, /size/],
    ["/v1/placements/x", { sources, surprise: 1 }, /surprise|additional/],
    ["/v1/placements/x", { sources, filter: "item.genre ==" }, /filter: at 14: expected a value/],
    ["/v1/placements/x", { sources, diversity: { lambda: 1_001 } }, /lambda/],
    ["/v1/placements/x", { sources, objectives: { skip: -1_001 } }, /skip/],
    ["/v1/placements/x", { sources, objectives: { like: 1 } }, /objectives/],
    [
      "/v1/placements/x",
      { sources, diversity: { caps: [{ attribute: "genre", max: 3, window: 3 }] } },
      /diversity\.caps\[0\]\.max/,
    ],
    ["/v1/placements/a%23b", { sources }, /name/],
    ["/v1/rules/x", {}, /must have an effect/],
    ["/v1/rules/x", { boost: 1 }, /boost/],
    ["/v1/rules/x", { pin: { slot: 0 } }, /items: a pin needs/],
    ["/v1/rules/x", { licence: {} }, /licence/],
    ["/v1/rules/x", { boost: 2, filter: "nobody" }, /filter: at 1: expected a value/],
  ];
  for (const [path, body, message] of bad) {
    const reply = await it.call("PUT", path, body);
    expect([path, body, reply.status]).toEqual([path, body, 400]);
    expect((reply.body["error"] as { message: string }).message).toMatch(message);
  }
  expect((await it.call("POST", "/v1/takedowns", { itemIds: [], reason: "r" })).status).toBe(400);
  expect((await it.call("GET", "/v1/rules")).body["version"]).toBe(0);
});

test("the request's own filter is a text or a list of terms", async () => {
  const it = await shop();
  const jazz = await it.ids({ filter: 'item.genre == "jazz"' });
  expect(jazz).toHaveLength(6);
  expect(jazz.every(isJazz)).toBe(true);
  const late = [{ attribute: "year", op: "gte", value: 1996 }];
  expect((await it.ids({ filter: late })).map(number).toSorted((a, b) => a - b)).toEqual([
    6, 7, 8, 9, 10, 11,
  ]);
  const own = "item.country in user.countries";
  expect((await it.ids({ filter: own, userId: "ada" })).every((id) => number(id) >= 6)).toBe(true);
  expect(await it.ids({ filter: own })).toEqual([]);
  const link = `/v1/recommendations?placement=trending&filter=${encodeURIComponent('item.id == "i7"')}`;
  const linked = (await it.call("GET", link)).body["items"] as Item[];
  expect(linked.map(({ id }) => id)).toEqual(["i7"]);
  const asked = { placement: "trending", filter: "item.year >" };
  const { status, body } = await it.call("POST", "/v1/recommendations", asked);
  expect(status).toBe(400);
  expect(body["error"]).toMatchObject({ message: "filter: at 12: expected a value" });
});

describe("a rule", () => {
  test("boosts and buries with a share of its own", async () => {
    const it = await shop();
    const before = await it.items();
    await it.change("PUT", "/v1/rules/push-rock", { filter: 'item.genre == "rock"', boost: 50 });
    await it.change("PUT", "/v1/rules/less-late", { filter: "item.year >= 2000", bury: 4 });
    const after = await it.items();
    expect(after.slice(0, 3).every(({ id }) => !isJazz(id))).toBe(true);
    for (const { id, score, reasons } of after) {
      const was = before.find((one) => one.id === id)!.score;
      const buried = number(id) >= 10 ? Math.max(1, Math.floor(was / 4)) : was;
      expect(score).toBe(isJazz(id) ? buried : buried * 50);
      const shares = reasons.filter(({ source }) => source.startsWith("rule:"));
      const sources = shares.map(({ source }) => source).toSorted();
      const expected = [
        number(id) >= 10 && was > 1 ? "rule:less-late" : "",
        isJazz(id) ? "" : "rule:push-rock",
      ];
      expect(sources).toEqual(expected.filter((one) => one !== ""));
    }
    await it.change("DELETE", "/v1/rules/push-rock");
    await it.change("DELETE", "/v1/rules/less-late");
    expect(await it.items()).toEqual(before);
  });

  test("holds in its placements alone", async () => {
    const it = await shop();
    await it.change("PUT", "/v1/rules/r", {
      placements: ["for-you"],
      filter: 'item.id == "i1"',
      territory: ["XX"],
    });
    expect(await it.ids()).toContain("i1");
    expect(await it.ids({ placement: "for-you", userId: "eve" })).not.toContain("i1");
  });

  test("keeps territory, licence and ceiling, closed where nothing is stated", async () => {
    const it = await shop();
    const now = Date.now();
    await it.change("PUT", "/v1/rules/at", {
      filter: 'item.country == "AT"',
      territory: ["AT", "CH"],
    });
    expect((await it.ids()).every((id) => number(id) >= 6)).toBe(true);
    expect(await it.ids({ context: { region: "CH" } })).toHaveLength(12);
    expect(await it.ids({ context: { region: "FR" } })).toHaveLength(6);
    await it.change("DELETE", "/v1/rules/at");
    await it.change("PUT", "/v1/rules/was", { items: ["i1"], licence: { until: now - 1 } });
    await it.change("PUT", "/v1/rules/will", { items: ["i2"], licence: { from: now + 600_000 } });
    await it.change("PUT", "/v1/rules/is", {
      items: ["i4"],
      licence: { from: 1, until: now + 600_000 },
    });
    const shown = await it.ids();
    expect(shown).not.toContain("i1");
    expect(shown).not.toContain("i2");
    expect(shown).toContain("i4");
    await it.change("PUT", "/v1/rules/kids", { ceiling: { attribute: "explicit", max: 0 } });
    expect(await it.ids()).not.toContain("i3");
    await it.change("PUT", "/v1/rules/kids", { ceiling: { attribute: "explicit", max: 1 } });
    expect(await it.ids()).toContain("i3");
  });

  test("pins into a slot, with its label on the item, but never what a person dislikes", async () => {
    const it = await shop();
    await it.change("PUT", "/v1/rules/ad", {
      items: ["i9", "i8"],
      pin: { slot: 1 },
      label: "Sponsored",
    });
    const items = await it.items({ limit: 3 });
    expect(items.map(({ id }) => id).indexOf("i9")).toBe(1);
    expect(items[1]).toMatchObject({ label: "Sponsored" });
    expect(items[1]!.reasons).toContainEqual({ source: "rule:ad", share: 0 });
    expect(items[0]!.label).toBe(undefined);
    const { position } = (
      await it.call("POST", "/v1/batch", { batch: [play("eve", "i9", "dislike")] })
    ).body;
    const hers = await it.ids({ userId: "eve", limit: 3, after: position });
    expect(hers).not.toContain("i9");
    expect(hers[1]).toBe("i8");
  });
});

test("caps and MMR of a placement spread its list", async () => {
  const it = await shop();
  const sources = { popular: 1_048_576 };
  await it.change("PUT", "/v1/rules/jazz", { filter: 'item.genre == "jazz"', boost: 90 });
  await it.change("PUT", "/v1/placements/plain", { sources });
  expect((await it.ids({ placement: "plain", limit: 4 })).every(isJazz)).toBe(true);
  const caps = [{ attribute: "genre", max: 1, window: 2 }];
  await it.change("PUT", "/v1/placements/capped", { sources, diversity: { caps } });
  const capped = await it.ids({ placement: "capped" });
  expect(capped).toHaveLength(12);
  capped.forEach((id, i) => i > 0 && expect(isJazz(id)).not.toBe(isJazz(capped[i - 1]!)));
  await it.change("PUT", "/v1/placements/spread", { sources, diversity: { lambda: 100 } });
  const spread = await it.ids({ placement: "spread", limit: 4 });
  expect(spread[0]).toBe((await it.ids({ placement: "plain", limit: 1 }))[0]);
  expect(spread.every(isJazz)).toBe(false);
});

test("a takedown leaves every answer, pins and reasons too, until it is lifted", async () => {
  const it = await shop();
  await it.change("PUT", "/v1/rules/ad", { items: ["i0"], pin: { slot: 0 } });
  const { position } = (
    await it.call("POST", "/v1/batch", { batch: [play("eve", "i0"), play("eve", "i1")] })
  ).body;
  const asks = { placement: "up-next", userId: "eve", after: position };
  expect(JSON.stringify(await it.items(asks))).toContain('"because":"i0"');
  expect(JSON.stringify(await it.items())).toContain('"i0"');
  const down = await it.change("POST", "/v1/takedowns", { itemIds: ["i0", "x"], reason: "court" });
  for (const placement of ["trending", "for-you", "up-next"])
    expect(JSON.stringify(await it.items({ placement, userId: "eve" }))).not.toContain('"i0"');
  expect((await it.call("GET", "/v1/takedowns")).body["takedowns"]).toEqual([
    { itemId: "i0", reason: "court", version: down["version"] },
    { itemId: "x", reason: "court", version: down["version"] },
  ]);
  await it.change("DELETE", "/v1/takedowns/i0");
  expect((await it.ids())[0]).toBe("i0");
  expect((await it.call("DELETE", "/v1/takedowns/i0")).status).toBe(404);
});

test("decisions made under documents replay bit for bit, also after a restart", async () => {
  const it = await shop();
  await it.items();
  await it.change("PUT", "/v1/rules/a", { filter: 'item.genre == "rock"', boost: 3, label: "L" });
  await it.items({ filter: "item.year < 1999" });
  await it.change("PUT", "/v1/placements/trending", {
    sources: { popular: 900_000 },
    diversity: { lambda: 600, caps: [{ attribute: "genre", max: 2, window: 3 }] },
  });
  await it.items({ userId: "u3" });
  await it.change("POST", "/v1/takedowns", { itemIds: ["i5"], reason: "r" });
  await it.items({ userId: "u3" });
  await it.change("DELETE", "/v1/placements/trending");
  const last = await it.items();
  const { engine, log } = it.server.attune;
  await engine.settled();
  const replayed = await replayDecisions(log, foldLimits);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => "equal"));
  const { definitions } = engine.tenant(1);
  await it.server.close();
  const again = await served({ data: it.server.attune.config.data });
  expect(JSON.stringify(again.attune.engine.tenant(1).definitions)).toBe(
    JSON.stringify(definitions),
  );
  const reopened = new Shop(again, again.attune.engine.position());
  expect((await reopened.items()).map(({ id, score }) => [id, score])).toEqual(
    last.map(({ id, score }) => [id, score]),
  );
});

test("changes at once make a version each, and a tenant has a limit of documents", async () => {
  const it = await shop();
  const puts = Array.from({ length: documentsMax.rules }, (_each, i) =>
    it.call("PUT", `/v1/rules/r${i}`, { items: [`i${i}`], bury: 2 }),
  );
  const versions = (await Promise.all(puts)).map(({ body }) => body["version"] as number);
  expect(versions.toSorted((a, b) => a - b)).toEqual(puts.map((_put, i) => i + 1));
  const over = await it.call("PUT", "/v1/rules/more", { items: ["i1"], bury: 2 });
  expect(over.status).toBe(400);
  expect((await it.call("PUT", "/v1/rules/r0", { items: ["i1"], bury: 3 })).status).toBe(200);
});
