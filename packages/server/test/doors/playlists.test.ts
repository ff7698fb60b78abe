import { describe, expect, test } from "vitest";
import { Replay } from "../../src/engine/verify.ts";
import { engineRecord } from "../../src/engine/payload.ts";
import { replayDecisions } from "../../src/engine/replay-decisions.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import type { Server } from "../../src/doors.ts";
import { subjectOf } from "../../src/ingest/subject.ts";
import { ask, type Reply, served } from "./served.ts";

interface Entry {
  id: string;
  pinned?: boolean;
  item?: Record<string, unknown>;
  reasons?: { source: string; because?: string }[];
}

/** A catalogue of two genres and a crowd that keeps to one of them each. */
async function withCrowd(): Promise<Server & { data: string }> {
  const server = await served();
  const { secretKey, serverKey } = server.keys!;
  const genres = ["rock", "jazz"];
  const items = genres.flatMap((genre) =>
    Array.from({ length: 12 }, (_, i) => ({ id: `${genre}${i}`, genre })),
  );
  expect((await ask(server, secretKey, "PUT", "/v1/items", items)).status).toBe(200);
  const batch = Array.from({ length: 240 }, (_, i) => {
    const user = i % 24;
    return {
      type: "track",
      event: "Track Played",
      userId: `u${user}`,
      messageId: `m${i}`,
      properties: { track_id: `${genres[user % 2]}${(user + Math.floor(i / 24)) % 12}` },
    };
  });
  expect((await ask(server, serverKey, "POST", "/v1/batch", { batch })).status).toBe(200);
  await server.attune.engine.settled();
  return server;
}

async function tokenOf(server: Server, userId: string): Promise<string> {
  const { secretKey } = server.keys!;
  const { body } = await ask(server, secretKey, "POST", "/v1/tokens", { userId, ttlS: 60 });
  return String(body["token"]);
}

const entriesOf = ({ body }: Reply): Entry[] => body["items"] as Entry[];
const idsOf = (reply: Reply): string[] => entriesOf(reply).map(({ id }) => id);
const put = (server: Server, token: string, id: string, body: unknown): Promise<Reply> =>
  ask(server, token, "PUT", `/v1/playlists/${id}`, body);
const tracks = (...items: string[]) => items.map((item) => ({ item }));

/** Records of the log that hold a text. */
async function payloadsWith({ attune }: Server, text: string): Promise<number> {
  await attune.engine.settled();
  let found = 0;
  for await (const { records } of attune.log.read(0)) {
    for (const { payload } of records) found += Number(Buffer.from(payload).includes(text));
  }
  return found;
}

describe("a playlist", () => {
  test("is written, read, replaced and taken away by its person, in the order given", async () => {
    const server = await withCrowd();
    const token = await tokenOf(server, "mia");
    const written = await put(server, token, "road", { title: "Road", tracks: tracks("b", "a") });
    expect(written).toMatchObject({ status: 200, body: { id: "road", title: "Road" } });
    const read = await ask(server, token, "GET", "/v1/playlists/road");
    expect(read.body).toEqual({
      id: "road",
      title: "Road",
      tracks: [
        { item: "b", place: 0 },
        { item: "a", place: 1 },
      ],
      items: [
        { id: "b", pinned: true },
        { id: "a", pinned: true },
      ],
    });
    await put(server, token, "road", { tracks: [{ item: "c", place: 9 }, ...tracks("rock1")] });
    const again = await ask(server, token, "GET", "/v1/playlists/road");
    expect(idsOf(again)).toEqual(["c", "rock1"]);
    expect(entriesOf(again)[1]!.item).toEqual({ genre: "rock" });
    const all = await ask(server, token, "GET", "/v1/playlists");
    expect(all.body["playlists"]).toMatchObject([{ id: "road", title: "" }]);
    expect((await ask(server, token, "DELETE", "/v1/playlists/road")).status).toBe(200);
    expect((await ask(server, token, "GET", "/v1/playlists/road")).status).toBe(404);
    expect((await ask(server, token, "DELETE", "/v1/playlists/road")).status).toBe(404);
  });

  test("is its person's: no other token reads it, a key says whose, a public key nothing", async () => {
    const server = await withCrowd();
    const [mia, tom] = [await tokenOf(server, "mia"), await tokenOf(server, "tom")];
    const { secretKey, serverKey, writeKey } = server.keys!;
    await put(server, mia, "road", { tracks: tracks("a") });
    const path = "/v1/playlists/road?userId=mia";
    expect((await ask(server, tom, "GET", path)).status).toBe(403);
    expect((await ask(server, tom, "GET", "/v1/playlists/road")).status).toBe(404);
    expect((await ask(server, writeKey, "GET", path)).status).toBe(403);
    expect((await ask(server, undefined, "GET", path)).status).toBe(401);
    expect(idsOf(await ask(server, secretKey, "GET", path))).toEqual(["a"]);
    expect(idsOf(await ask(server, serverKey, "GET", path))).toEqual(["a"]);
    const body = { tracks: tracks("b") };
    expect((await ask(server, serverKey, "PUT", path, body)).status).toBe(403);
    expect((await ask(server, secretKey, "PUT", path, body)).status).toBe(200);
    const unnamed = await ask(server, secretKey, "PUT", "/v1/playlists/road", body);
    expect(JSON.stringify(unnamed.body)).toContain("userId: say whose");
    expect(idsOf(await ask(server, mia, "GET", "/v1/playlists/road"))).toEqual(["b"]);
  });

  test("that evolves keeps its tracks in their places and is filled from its placement", async () => {
    const server = await withCrowd();
    const token = await tokenOf(server, "mia");
    const pinned = [
      { item: "jazz3", place: 1 },
      { item: "jazz7", place: 4 },
    ];
    await put(server, token, "mix", { tracks: pinned, evolving: { size: 8 } });
    const read = (): Promise<Reply> => ask(server, token, "GET", "/v1/playlists/mix");
    const first = await read();
    expect(idsOf(first)).toHaveLength(8);
    const places = (reply: Reply) => [1, 4].map((place) => idsOf(reply)[place]);
    expect(places(first)).toEqual(["jazz3", "jazz7"]);
    const filled = entriesOf(first).filter((entry) => entry.pinned === false);
    expect(filled).toHaveLength(6);
    for (const { id, reasons } of filled) {
      expect(id).toMatch(/^jazz/);
      expect(reasons!.map(({ because }) => because)).toEqual(
        expect.arrayContaining([expect.stringMatching(/^jazz[37]$/)]),
      );
    }
    // What the person refuses leaves at once; what is pinned stays where it is.
    const refused = filled[0]!.id;
    const event = { type: "track", event: "Track Disliked", properties: { track_id: refused } };
    const batch = [{ ...event, userId: "mia", messageId: "no" }];
    await ask(server, server.keys!.serverKey, "POST", "/v1/batch", { batch });
    const second = await read();
    expect(idsOf(second)).not.toContain(refused);
    expect(places(second)).toEqual(["jazz3", "jazz7"]);
    expect(idsOf(second)).toHaveLength(8);
    // What was filled in was decided, and comes out again.
    const { engine, log } = server.attune;
    await engine.settled();
    const replays = await replayDecisions(log, foldLimits);
    expect(replays.map(({ outcome }) => outcome)).toEqual(["equal", "equal"]);
    expect(replays[0]!.decision.request).toMatchObject({ playlist: "mix", limit: 6 });
  });

  test("shows nothing that was taken down, neither pinned nor filled in", async () => {
    const server = await withCrowd();
    const token = await tokenOf(server, "mia");
    const body = { tracks: tracks("jazz3", "jazz4"), evolving: { size: 8 } };
    await put(server, token, "mix", body);
    const read = (): Promise<Reply> => ask(server, token, "GET", "/v1/playlists/mix");
    const before = idsOf(await read());
    const itemIds = ["jazz4", before[2]!];
    const { engine, tenants } = server.attune;
    const document = { kind: "takedown", itemIds, reason: "rights" } as const;
    const at = { tenant: tenants[0]!.number, at: Date.now(), id: "takedown" };
    await engine.append([engineRecord("definition", document, at)]);
    await engine.settled();
    const after = idsOf(await read());
    for (const item of itemIds) expect(after).not.toContain(item);
    expect(after[0]).toBe("jazz3");
    expect(after).toHaveLength(8);
  });

  test("is what a recommendation can go on from, and one that is not there is refused by name", async () => {
    const server = await withCrowd();
    const token = await tokenOf(server, "mia");
    await put(server, token, "road", { tracks: tracks("rock1", "rock2", "rock3") });
    const asked = { placement: "continue-playlist", limit: 5 };
    const answer = (more: object): Promise<Reply> =>
      ask(server, token, "POST", "/v1/recommendations", { ...asked, ...more });
    const ids = idsOf(await answer({ playlist: "road" }));
    expect(ids).toHaveLength(5);
    for (const id of ids) expect(id).toMatch(/^rock(?![123]$)/);
    const link = "/v1/recommendations?placement=continue-playlist&limit=5&playlist=road";
    expect(idsOf(await ask(server, token, "GET", link))).toEqual(ids);
    const missing = await answer({ playlist: "nope" });
    expect(missing.status).toBe(400);
    expect(JSON.stringify(missing.body)).toContain("playlist: this person has none");
    const about = await answer({ placement: "similar-items", items: ["jazz1"] });
    expect(idsOf(about)[0]).toMatch(/^jazz/);
    const aboutLink = "/v1/recommendations?placement=similar-items&limit=5&items=jazz1";
    expect(idsOf(await ask(server, token, "GET", aboutLink))).toEqual(idsOf(about));
    const many = await answer({ items: Array.from({ length: 65 }, (_, i) => `i${i}`) });
    expect(many.status).toBe(400);
    expect(JSON.stringify(many.body)).toContain("items");
  });

  test("too many, too long or contradictory is refused, and the field named", async () => {
    const server = await withCrowd();
    const token = await tokenOf(server, "mia");
    const refusal = async (body: unknown): Promise<string> => {
      const { status, body: said } = await put(server, token, "x", body);
      expect(status).toBe(400);
      return JSON.stringify(said);
    };
    expect(await refusal({ tracks: tracks("a", "a") })).toContain("tracks[1].item");
    const twice = [
      { item: "a", place: 3 },
      { item: "b", place: 3 },
    ];
    expect(await refusal({ tracks: twice })).toContain("tracks[1].place");
    const beyond = { tracks: [{ item: "a", place: 5 }], evolving: { size: 5 } };
    expect(await refusal(beyond)).toContain("evolving.size");
    const nowhere = { tracks: [], evolving: { size: 5, placement: "nowhere" } };
    expect(await refusal(nowhere)).toContain("evolving.placement");
    const items = (count: number) => Array.from({ length: count }, (_, i) => `i${i}`);
    expect(await refusal({ tracks: tracks(...items(101)) })).toContain("tracks");
    expect((await put(server, token, "x", { tracks: tracks(...items(100)) })).status).toBe(200);
    for (let i = 1; i < 32; i++) await put(server, token, `p${i}`, { tracks: [] });
    const more = await put(server, token, "p32", { tracks: [] });
    expect(more).toMatchObject({ status: 400 });
    expect(JSON.stringify(more.body)).toContain("at most 32 playlists");
    // One that is there already can still be written.
    expect((await put(server, token, "p31", { tracks: tracks("a") })).status).toBe(200);
  });

  test("survives a restart, is exported, and goes with its person without a trace", async () => {
    const server = await withCrowd();
    const token = await tokenOf(server, "mia");
    await put(server, token, "secret-list", { title: "My secret", tracks: tracks("rock1") });
    const exported = await ask(server, token, "GET", "/v1/users/me/export");
    expect(JSON.stringify(exported.body)).toContain("My secret");
    await server.close();
    const again = await served({ data: server.data });
    const fresh = await tokenOf(again, "mia");
    expect(await payloadsWith(again, "My secret")).toBe(1);
    expect(idsOf(await ask(again, fresh, "GET", "/v1/playlists/secret-list"))).toEqual(["rock1"]);
    expect((await ask(again, fresh, "DELETE", "/v1/users/me")).status).toBe(202);
    expect((await ask(again, fresh, "GET", "/v1/playlists/secret-list")).status).toBe(404);
    const { engine, log, tenants } = again.attune;
    await engine.checkpoint();
    expect(await payloadsWith(again, "My secret")).toBe(0);
    const replay = new Replay(log, foldLimits);
    await replay.run(engine.seq);
    const subject = subjectOf(tenants[0]!.key, "user", "mia");
    expect(replay.state(tenants[0]!.number, subject)?.playlists.size ?? 0).toBe(0);
    // A new one under the same name is a new person's.
    expect((await put(again, fresh, "secret-list", { tracks: tracks("b") })).status).toBe(200);
    expect(idsOf(await ask(again, fresh, "GET", "/v1/playlists/secret-list"))).toEqual(["b"]);
  });
});
