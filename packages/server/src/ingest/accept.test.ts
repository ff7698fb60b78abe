import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { purposes, type UserEvent } from "@attune/protocol";
import { door, limits, receivedAt, stranger } from "../../test/door.ts";
import { utf8Decode } from "../base/text.ts";
import { acceptAll, conclude, type Door } from "./accept.ts";
import type { Incoming } from "./dialect/dialect.ts";
import { changedMapping } from "./mapping-table.ts";
import { messageHash } from "./message-hash.ts";
import { subjectOf } from "./subject.ts";

function view(change: Partial<Incoming> = {}): Incoming {
  return {
    call: "track",
    name: "Product Viewed",
    messageId: "m1",
    userId: "u1",
    properties: { product_id: "p1" },
    traits: {},
    context: {},
    ...change,
  };
}

const identify = view({ call: "identify", name: "", anonymousId: "a1" });

function one(incoming: Incoming, change: Partial<Door> = {}) {
  const accepted = acceptAll([{ event: incoming }], door(change), receivedAt)[0]!;
  const payloads = accepted.records.map(
    ({ payload }) => JSON.parse(utf8Decode(payload)) as UserEvent,
  );
  return { ...accepted, payloads, first: accepted.records[0] };
}

const undeclared = (subject: string) => ({ ...stranger(subject), declared: [] });
const bits = (...names: string[]): number =>
  purposes.reduce((sum, purpose, i) => sum + (names.includes(purpose) ? 1 << i : 0), 0);
const says = (categoryPreferences: Record<string, unknown>) => ({
  consent: { categoryPreferences },
});

describe("who", () => {
  test("a user and a device of the same id are two subjects, and other keys make others", () => {
    const key = new Uint8Array(32).fill(7);
    const subjects = [
      subjectOf(key, "user", "42"),
      subjectOf(key, "anonymous", "42"),
      subjectOf(new Uint8Array(32), "user", "42"),
    ];
    expect(new Set(subjects).size).toBe(3);
    // Pinned: a changed subject would orphan every record in every log.
    expect(subjects[0]).toBe("a4e5b2b546d055dd3186843747ae336a");
  });

  test("no id at all is dropped and names the field", () => {
    const { verdict } = one(view({ userId: undefined }));
    expect(verdict).toMatchObject({ result: "drop", code: "event_invalid", field: "userId" });
  });

  test("a claimed user id of a signed tenant stays under its anonymous id", () => {
    const signed = { identity: "claimed", identityMode: "signed" } as const;
    expect(one(view(), signed).verdict).toMatchObject({ code: "identity_unproven" });
    const { first } = one(view({ anonymousId: "a1" }), signed);
    expect(first?.subject).toBe(subjectOf(door().key, "anonymous", "a1"));
    expect(one(identify, signed).records.map(({ kind }) => kind)).toEqual(["event"]);
  });

  test("a placeholder is taken with a warning and merges nothing", () => {
    const { verdict, records } = one(view({ ...identify, userId: "NULL" }));
    expect(verdict).toMatchObject({
      result: "warning",
      code: "illegal_distinct_id",
      field: "userId",
    });
    expect(records.map(({ kind }) => kind)).toEqual(["event"]);
  });

  test("identify with both ids merges once, under an id that the two subjects fix", () => {
    const { records, payloads } = one(identify);
    const from = subjectOf(door().key, "anonymous", "a1");
    const to = subjectOf(door().key, "user", "u1");
    expect(records.map(({ kind, subject }) => [kind, subject])).toEqual([
      ["event", to],
      ["merge", from],
    ]);
    expect(payloads[1]).toEqual({ from, to });
    const again = one({ ...identify, messageId: "m2" }, { source: "other" });
    expect(again.records[1]?.messageHash).toBe(records[1]?.messageHash);
    expect(again.records[1]?.source).toBe(records[1]?.source);
    const merged = one(identify, { standing: () => stranger(to) });
    expect(merged.records.map(({ kind }) => kind)).toEqual(["event"]);
  });

  test("an alias of the same id is a warning without effect", () => {
    const { verdict, payloads } = one(view({ call: "alias", name: "", previousId: "u1" }));
    expect(verdict).toMatchObject({ result: "warning", code: "alias_self" });
    expect(payloads).toMatchObject([{ type: "other", name: "alias" }]);
  });
});

describe("when", () => {
  test("the sender's skew is taken out of a live event", () => {
    const { first } = one(view({ originalAt: receivedAt - 90_000, sentAt: receivedAt - 60_000 }));
    expect(first?.at).toBe(receivedAt - 30_000);
  });

  test("an archived event keeps the time it had", () => {
    const times = { originalAt: Date.UTC(2020, 5, 1), sentAt: Date.UTC(2020, 5, 2) };
    expect(one(view(times), { clock: "archive" }).first?.at).toBe(times.originalAt);
  });

  test("futureSkewMsMax is the limit: at it the time stays, beyond it arrival counts", () => {
    const edge = receivedAt + limits.futureSkewMsMax;
    expect(one(view({ originalAt: edge })).first?.at).toBe(edge);
    const beyond = one(view({ originalAt: edge + 1 }));
    expect(beyond.first?.at).toBe(receivedAt);
    expect(beyond.verdict).toMatchObject({ result: "warning", code: "time_clamped" });
  });

  test("an event older than its person's erasure is dropped, a newer one is not", () => {
    const forgotten = {
      standing: (subject: string) => ({ ...stranger(subject), barredThrough: 50 }),
    };
    expect(one(view({ originalAt: 50 }), forgotten).verdict.code).toBe("erased_event_time");
    expect(one(view({ originalAt: 51 }), forgotten).verdict.result).toBe("ok");
  });
});

describe("what for", () => {
  test("nothing granted and nothing declared is dropped, and the verdict names the setting", () => {
    const { verdict, records } = one(view(), { standing: undeclared, policySetting: "policy X" });
    expect(verdict).toMatchObject({ result: "drop", code: "consent_denied" });
    expect(verdict.detail).toContain("policy X");
    expect(records).toEqual([]);
  });

  test("a declared basis covers analytics and personalization, whatever else it claims", () => {
    const declared = [...purposes];
    const { first } = one(view(), { standing: (subject) => ({ ...stranger(subject), declared }) });
    expect(first?.purposes).toBe(bits("analytics", "personalization"));
  });

  test("what the event states wins over what the person chose, and a no over a declared basis", () => {
    const choices = new Map([["mood", "granted"] as const, ["analytics", "withdrawn"] as const]);
    const standing = (subject: string) => ({ ...stranger(subject), choices });
    expect(one(view(), { standing }).first?.purposes).toBe(bits("personalization", "mood"));
    const stated = view({ context: says({ mood: false, ads: true, analytics: true }) });
    const all = bits("analytics", "personalization", "ads");
    expect(one(stated, { standing }).first?.purposes).toBe(all);
  });

  test("of two categories for one purpose the stricter wins, and an unmapped one says nothing", () => {
    const categories = { C1: "personalization", C2: "personalization" } as const;
    const context = says({ C1: false, C2: true, other: true, personalization: true });
    const accepted = one(view({ context }), { standing: undeclared, categories });
    expect(accepted.verdict.code).toBe("consent_denied");
  });

  test("a no is kept although nothing is granted", () => {
    const consent = { purpose: "personalization", choice: "withdrawn" } as const;
    const { first, payloads } = one(view({ call: "consent", consent }), { standing: undeclared });
    expect(first?.purposes).toBe(0);
    expect(payloads).toMatchObject([{ type: "consent", ...consent }]);
  });
});

describe("what", () => {
  test.each([
    ["Product Viewed", { product_id: "p" }, { type: "view", strength: 1 }],
    ["product_viewed", { sku: 77 }, { type: "view", item: "77" }],
    [
      "songPlayed",
      { track_id: "p", position: 59, duration: 200 },
      { type: "play", permille: 295, strength: 0 },
    ],
    ["play", { item: "p", permille: 300 }, { type: "play", strength: 1 }],
    ["play", { item: "p", percent: 80 }, { type: "play", permille: 800, strength: 2 }],
    ["play", { item: "p" }, { type: "play", strength: 1 }],
    ["Video Content Completed", { content_asset_id: "p" }, { type: "complete", strength: 3 }],
    ["SKIPPED", { item: "p" }, { type: "skip", strength: -1 }],
    ["like", { item: "p" }, { type: "like", strength: 4 }],
    ["Thumbs Down", { item: "p" }, { type: "dislike", strength: -4 }],
    ["rating", { item: "p", rating: 5 }, { type: "like", strength: 4 }],
    ["rating", { item: "p", rating: 3 }, { type: "like", strength: 1 }],
    ["rating", { item: "p", rating: 1 }, { type: "dislike", strength: -4 }],
    ["rating", { item: "p", rating: 9, ratingMax: 10 }, { type: "like", strength: 3 }],
    ["Products Searched", { query: "shoes" }, { type: "search", query: "shoes", strength: 0 }],
    ["seen", { decisionId: "d", slots: [2, 0, 2, -1] }, { type: "seen", slots: [0, 2] }],
    ["Subscription Started", { item: "p" }, { type: "other", name: "Subscription Started" }],
  ])("%s %j is %j", (name, properties, expected) => {
    expect(one(view({ name, properties })).payloads).toMatchObject([expected]);
  });

  test("an order is one interaction a product, with message ids of their own", () => {
    const products = [{ product_id: "a" }, { sku: "b" }, { product_id: "a" }, { price: 1 }, null];
    const order = one(view({ name: "Order Completed", properties: { products } }));
    expect(order.payloads).toMatchObject([{ item: "a" }, { item: "b" }]);
    expect(new Set(order.records.map((record) => record.messageHash)).size).toBe(2);
  });

  test("a tenant's own names and strengths act, and the defaults stay", () => {
    const mapping = changedMapping({ names: { "Song Adored": "like" }, strengths: { like: 9 } });
    expect(one(view({ name: "song_adored" }), { mapping }).payloads).toMatchObject([
      { strength: 9 },
    ]);
    expect(one(view(), { mapping }).payloads).toMatchObject([{ type: "view", strength: 1 }]);
  });

  test("an address is kept nowhere, and an unknown device is not counted", () => {
    const context = { ip: "203.0.113.9", device: { type: "ios" }, location: { region: "BE" } };
    const { payloads } = one(view({ context }));
    expect(JSON.stringify(payloads)).not.toContain("203.0");
    expect(payloads).toMatchObject([{ context: { device: "phone", region: "BE" } }]);
    const odd = one(view({ context: { device: "toaster-17" } }));
    expect(odd.payloads[0]).not.toHaveProperty("context");
  });

  test("attributes of the context count up to the limits: four by name, short texts, plain names", () => {
    const of = (attributes: unknown): unknown => {
      const { payloads } = one(view({ context: { attributes } as Incoming["context"] }));
      return (payloads[0] as { context?: unknown }).context;
    };
    expect(of({ weather: "rain" })).toEqual({ attributes: { weather: "rain" } });
    expect(of({ e: "5", d: "4", c: "3", b: "2", a: "1" })).toEqual({
      attributes: { a: "1", b: "2", c: "3", d: "4" },
    });
    const long = "x".repeat(64);
    expect(of({ a: long, b: `${long}x`, "c:d": "1", Big: "1", n: 7 })).toEqual({
      attributes: { a: long },
    });
    for (const nothing of [{}, [], "rain", { a: "" }, null]) expect(of(nothing)).toBe(undefined);
  });
});

test("events without an id get the same one again if they have a time, whatever their key order", () => {
  const nameless = view({
    messageId: undefined,
    originalAt: 5,
    properties: { item: "p", n: { a: 1, b: 2 } },
  });
  const turned = { ...nameless, properties: { n: { b: 2, a: 1 }, item: "p" } };
  expect(one(turned).first?.messageHash).toBe(one(nameless).first?.messageHash);
  expect(one({ ...nameless, originalAt: 6 }).first?.messageHash).not.toBe(
    one(nameless).first?.messageHash,
  );
  const timeless = view({ messageId: undefined });
  expect(one(timeless).first?.messageHash).not.toBe(one(timeless).first?.messageHash);
  expect(one(view()).first?.messageHash).toBe(messageHash("m1"));
});

test("who an event is of hangs on nobody beside it", () => {
  const id = fc.option(fc.constantFrom("1", "2", "guest"), { nil: undefined });
  const proof = fc.constantFrom("proven", "invalid", "expired", undefined);
  const call = fc.constantFrom("track", "identify");
  const event = fc.record({ userId: id, anonymousId: id, proof, call }).map(view);
  const identityMode = fc.constantFrom("open", "signed");
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), identityMode, (events, mode) => {
      const at = door({ identity: "claimed", identityMode: mode });
      const parsed = events.map((one) => ({ event: one }));
      const alone = parsed.flatMap((entry) => acceptAll([entry], at, receivedAt));
      expect(acceptAll(parsed, at, receivedAt)).toEqual(alone);
    }),
  );
});

test("duplicates of the log become verdicts of their events, in order", () => {
  const events = [view(), view({ userId: undefined }), identify, view({ messageId: "m9" })];
  const accepted = acceptAll(
    events.map((event) => ({ event })),
    door(),
    receivedAt,
  );
  const results = ["duplicate", "appended", "duplicate", "duplicate"] as const;
  const verdicts = conclude(accepted, { position: "e.1", seq: 1, results: [...results] });
  expect(verdicts.map(({ result }) => result)).toEqual(["duplicate", "drop", "ok", "duplicate"]);
});
