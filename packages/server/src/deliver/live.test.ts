import { describe, expect, test } from "vitest";
import type { LiveDiff, LiveList } from "@attune/protocol";
import { LiveWorld } from "../../test/live-world.ts";
import type { Publication } from "./hub.ts";
import type { LiveQuery } from "./live.ts";
import { applied } from "./live-list.ts";

const ask = (userId: string, limit = 3) => ({
  tenant: 1,
  subject: `s-${userId}`,
  placement: "home",
  limit,
  context: {},
});

/** A device on a live query: what it has from the diffs alone. */
async function device(world: LiveWorld, userId: string, onScreen: string[] = [], limit = 3) {
  const holder = {};
  const query = await world.live.open(ask(userId, limit), holder, onScreen);
  const seen = { list: query.list, heard: [] as Publication[], invalidations: 0 };
  world.hub.subscribe(query.channel, {
    onPublication: (publication) => {
      seen.heard.push(publication);
      seen.list = applied(seen.list, JSON.parse(publication.data) as LiveDiff);
    },
    onInvalidated: () => void (seen.invalidations += 1),
  });
  return { query, holder, seen };
}
const items = ({ items: entries }: LiveList): string[] => entries.map(({ id }) => id);

describe("a live query", () => {
  test("is another list in the turn of the person's own event, and a push only then", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50, c: 10 });
    const { seen, query } = await device(world, "u");
    expect(items(seen.list)).toEqual(["a", "b", "c"]);
    person.scores["d"] = 200;
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["d", "a", "b"]);
    expect(seen.list).toEqual(query.list);
    person.scores["a"] = 105;
    world.commit("event", "u");
    expect(seen.heard.length).toBe(1);
    expect(world.pushedMs).toEqual([7]);
  });

  test("logs a decision for each list that was shown, with its slots, and for no other", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50, c: 10 });
    const { seen } = await device(world, "u", ["b"]);
    expect(items(seen.list)).toEqual(["b", "a", "c"]);
    person.scores["z"] = 900;
    world.commit("event", "u");
    world.commit("event", "u");
    await device(world, "u");
    expect(world.decided.map(({ shown }) => shown.map(({ item }) => item))).toEqual([
      ["b", "a", "c"],
      ["b", "z", "a"],
    ]);
    expect(seen.list.decisionId).toBe("d2");
  });

  test("is not made again for a commit of decisions", async () => {
    const world = new LiveWorld();
    world.person("u", { a: 1 });
    await device(world, "u");
    world.asked.length = 0;
    world.commit("decision", "u");
    world.now += 10_000;
    world.live.turn();
    expect(world.asked).toEqual([]);
  });

  test("is not made again for a decision that shares a commit with another person's event", async () => {
    const world = new LiveWorld();
    for (const user of ["u", "v", "w"]) world.person(user, { a: 1 });
    for (const user of ["u", "v", "w"]) await device(world, user);
    world.asked.length = 0;
    world.commitOf(["event", "u"], ["decision", "v"], ["decision", "w"], ["event", "w"]);
    expect(world.asked).toEqual(["s-u", "s-w"]);
  });

  test("of two devices pins what either has on screen, until that one has left", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50, c: 10 });
    const { seen, query } = await device(world, "u", ["a"]);
    const other = await device(world, "u", ["b"]);
    person.scores = { a: 1, b: 2, c: 900 };
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["a", "b", "c"]);
    world.live.close(other.query, other.holder);
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["a", "c", "b"]);
    expect(query).toBe(other.query);
  });

  test("keeps what is on screen though it sank below the limit, and lets go of what may not be shown", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50, c: 10 });
    const { seen, query, holder } = await device(world, "u");
    world.live.setOnScreen(query, holder, ["a"]);
    person.scores = { a: 1, x: 40, y: 30, z: 20, q: 10 };
    world.commit("event", "u");
    expect(items(seen.list)[0]).toBe("a");
    delete person.scores["a"];
    world.commit("event", "u");
    expect(items(seen.list)).not.toContain("a");
  });

  test("falls back to the stranger's list whole when the permit goes, whatever is on screen", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, s3: 50 });
    const { seen } = await device(world, "u", ["a", "s3"]);
    const stranger = await device(world, "somebody");
    person.personal = false;
    world.commit("event", "u");
    expect(seen.list.items).toEqual(stranger.seen.list.items);
    expect(seen.list.personal).toBe(false);
    world.stranger["s4"] = 91;
    world.commit("event", "u", "somebody");
    expect(items(seen.list)).toEqual(["s4", "s1", "s2"]);
    expect(seen.list.items).toEqual(stranger.seen.list.items);
  });

  test("keeps what is on screen when a stranger becomes known", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { s2: 1, a: 100, b: 50 });
    person.personal = false;
    const { seen, query, holder } = await device(world, "u");
    world.live.setOnScreen(query, holder, ["s2"]);
    person.personal = true;
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["a", "s2", "b"]);
  });

  test("sleeps while nobody looks, and catches up by a diff when somebody comes back", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50 });
    const { seen, query, holder } = await device(world, "u");
    world.live.close(query, holder);
    world.asked.length = 0;
    person.scores["c"] = 900;
    world.commit("event", "u");
    expect(world.asked).toEqual([]);
    await world.live.open(ask("u"), holder, []);
    expect(items(seen.list)).toEqual(["c", "a", "b"]);
  });

  test("of another limit or context is another stream; the same one is shared", async () => {
    const world = new LiveWorld();
    const open = (change: object) => world.live.open({ ...ask("u"), ...change }, {}, []);
    const queries = new Set<LiveQuery>();
    for (const change of [
      {},
      {},
      { limit: 2 },
      { context: { place: "gym" } },
      { context: { attributes: { a: "b" } } },
    ])
      queries.add(await open(change));
    expect(queries.size).toBe(4);
    expect(new Set([...queries].map(({ channel }) => channel)).size).toBe(4);
  });

  test("beyond a person's limit takes the place of one that nobody looks at, or is refused", async () => {
    const world = new LiveWorld({ liveQueriesPerUserMax: 2 });
    const first = await device(world, "u", [], 1);
    const second = await device(world, "u", [], 2);
    const third = () => world.live.open(ask("u", 3), {}, []);
    await expect(third()).rejects.toMatchObject({ code: 106 });
    await world.live.open(ask("other", 3), {}, []);
    world.live.close(second.query, second.holder);
    await third();
    expect([first.seen.invalidations, second.seen.invalidations]).toEqual([0, 1]);
  });

  test("waits for a half folded commit", async () => {
    const world = new LiveWorld();
    world.engine.isWhole = false;
    await world.live.open(ask("u"), {}, []);
    expect(world.engine.isWhole).toBe(true);
    world.engine.isWhole = false;
    world.commit("event", "other");
    world.now += 5_000;
    world.asked.length = 0;
    world.live.turn();
    expect(world.asked).toEqual([]);
  });

  test("that cannot be made any more ends its stream and tells why", async () => {
    const world = new LiveWorld();
    const { seen, query } = await device(world, "u");
    Object.assign(query.ask, { placement: "gone" });
    world.commit("event", "u");
    expect(seen.invalidations).toBe(1);
    expect(world.failures).toHaveLength(1);
    expect(world.live.size).toBe(0);
  });
});

describe("what is taken down", () => {
  const takeDown = (world: LiveWorld, ...ids: string[]): void => {
    world.takedowns = Object.fromEntries(ids.map((id) => [id, {}]));
    world.commit("definition");
  };

  test("leaves the lists that hold it in the same turn, from the screen too, and others are not pushed", async () => {
    const world = new LiveWorld();
    world.person("u", { a: 100, b: 50, c: 10, d: 5 });
    world.person("v", { b: 50, c: 10 });
    const [u, v] = [await device(world, "u", ["a"]), await device(world, "v")];
    const shown = (): string[] => world.decided.at(-1)!.shown.map(({ item }) => item);
    world.asked.length = 0;
    takeDown(world, "a");
    // Cut, not ranked: however many lists there are, they are without it in this turn.
    expect(world.asked).toEqual([]);
    expect([items(u.seen.list), shown()]).toEqual([
      ["b", "c"],
      ["b", "c"],
    ]);
    expect(u.seen.list).toEqual(u.query.list);
    world.live.turn();
    expect([items(u.seen.list), shown()]).toEqual([
      ["b", "c", "d"],
      ["b", "c", "d"],
    ]);
    expect(v.seen.heard).toEqual([]);
    world.commit("definition");
    expect(u.seen.heard).toHaveLength(2);
    takeDown(world);
    world.now += 1_000;
    world.live.turn();
    expect(items(u.seen.list)[0]).toBe("a");
  });

  test("leaves a hole that something unseen fills: what else is on screen keeps its slot", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50, c: 10, d: 5, e: 4 });
    const { seen } = await device(world, "u", ["a", "b"], 4);
    takeDown(world, "a");
    expect(items(seen.list)).toEqual(["c", "b", "d"]);
    person.scores["e"] = 900;
    world.live.turn();
    expect(items(seen.list)[1]).toBe("b");
    expect(items(seen.list)).toHaveLength(4);
  });

  test("is named by no reason of the list either", async () => {
    const world = new LiveWorld();
    world.person("u", { b: 50 });
    world.because = "a";
    const { seen } = await device(world, "u");
    expect(JSON.stringify(seen.list)).toContain('"because":"a"');
    takeDown(world, "a");
    expect(seen.list.items).toEqual([
      { id: "b", score: 50, reasons: [{ source: "taste", share: 50 }] },
    ]);
  });

  test("cannot be recovered, and a list that nobody looks at ends", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 100, b: 50, c: 10 });
    world.person("w", { a: 1 });
    const [u, w] = [await device(world, "u"), await device(world, "w")];
    const { epoch } = world.hub.open(u.query.channel);
    person.scores["d"] = 900;
    world.commit("event", "u");
    world.live.close(w.query, w.holder);
    takeDown(world, "a");
    const since = (offset: number) =>
      world.hub.history(u.query.channel, { since: { epoch, offset } })?.publications;
    expect(since(0)).toBe(undefined);
    expect(
      since(1)!
        .map(({ data }) => data)
        .join(""),
    ).not.toContain('"a"');
    expect(w.seen.invalidations).toBe(1);
    expect(world.hub.isOpen(w.query.channel)).toBe(false);
    expect(items((await device(world, "w")).seen.list)).toEqual([]);
  });
});

test("the end of a licence is seen without any event, once", async () => {
  const world = new LiveWorld();
  await device(world, "u");
  world.asked.length = 0;
  world.border = world.now + 5_000;
  world.now += 4_999;
  world.live.turn();
  expect(world.asked).toEqual([]);
  world.now += 1;
  world.live.turn();
  world.now += 2_000;
  world.live.turn();
  expect(world.asked).toEqual(["s-u"]);
});

describe("a placement's stability", () => {
  test("may let go of what is on screen, and say how much more score moves the rest", async () => {
    const world = new LiveWorld();
    world.stability = { keepOnScreen: false, gainPermille: 500 };
    const person = world.person("u", { a: 100, b: 50, c: 40 });
    const { seen } = await device(world, "u", ["a"]);
    person.scores = { a: 1, b: 50, c: 74 };
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["b", "c", "a"]);
    person.scores["c"] = 76;
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["c", "b", "a"]);
  });

  test("leaves a list that was arranged by more than score as it was arranged", async () => {
    const world = new LiveWorld();
    world.isByScore = false;
    const person = world.person("u", { a: 100, b: 50, c: 49 });
    const { seen, query, holder } = await device(world, "u");
    world.live.setOnScreen(query, holder, ["a"]);
    person.scores = { a: 1, b: 50, c: 51 };
    world.commit("event", "u");
    expect(items(seen.list)).toEqual(["a", "c", "b"]);
  });
});

describe("other people's events", () => {
  test("are taken in once in liveRefreshMs, and only by lists that they may have moved", async () => {
    const world = new LiveWorld({ liveRefreshMs: 1_000 });
    const { seen } = await device(world, "u");
    world.asked.length = 0;
    world.now += 1_000;
    world.live.turn();
    expect(world.asked).toEqual([]);
    world.stranger["new"] = 999;
    world.commit("event", "other");
    world.live.turn();
    world.live.turn();
    expect(world.asked).toEqual(["s-u"]);
    expect(items(seen.list)[0]).toBe("new");
    world.commit("event", "other");
    world.now += 999;
    world.live.turn();
    expect(world.asked).toHaveLength(1);
    world.now += 1;
    world.live.turn();
    expect(world.asked).toHaveLength(2);
  });

  test("take no more of a turn than its budget, and every list gets its turn", async () => {
    const world = new LiveWorld({ liveRefreshBudgetMs: 5 });
    for (let i = 0; i < 10; i++) await device(world, `u${i}`);
    world.commit("event", "other");
    world.now += 1_000;
    world.previewMs = 2;
    world.asked.length = 0;
    world.live.turn();
    expect(world.asked).toHaveLength(3);
    for (let i = 0; i < 3; i++) world.live.turn();
    expect(new Set(world.asked).size).toBe(10);
    expect(world.asked).toHaveLength(10);
  });

  test("of another tenant move nothing; the clock moves everybody", async () => {
    const world = new LiveWorld();
    await device(world, "u");
    world.now += 1_000;
    world.asked.length = 0;
    world.commit("clock");
    world.live.turn();
    expect(world.asked).toEqual(["s-u"]);
  });
});

describe("a person's channels", () => {
  const open = (world: LiveWorld, name: string, data?: unknown) =>
    world.channels.open({ tenant: 1, userId: "u" }, name, data, {});

  test("effects become publications under the id they have outside; values have a key", async () => {
    const world = new LiveWorld();
    const { stream, present } = await open(world, "user:u");
    world.effect("u", { type: "session.started", at: 1 });
    expect(world.hub.isOpen(stream)).toBe(false);
    const heard: Publication[] = [];
    world.hub.subscribe(stream, { onPublication: (p) => heard.push(p), onInvalidated: () => {} });
    world.effect("u", { type: "session.started", at: 7 });
    world.effect("u", { type: "consent.changed", at: 8, purpose: "mood" });
    world.effect("other", { type: "session.started", at: 9 });
    expect(heard.map(({ tags, key, time }) => ({ tags, key, time }))).toEqual([
      { tags: { type: "session.started", id: "out-0:1:0" }, key: undefined, time: 7 },
      {
        tags: { type: "consent.changed", key: "consent.changed:mood", id: "out-0:1:0" },
        key: "consent.changed:mood",
        time: 8,
      },
    ]);
    expect(JSON.parse(await present())).toEqual({
      values: { "consent.changed:mood": { type: "consent.changed", at: 8, purpose: "mood" } },
    });
  });

  test("a watched list is told of on the person's own channel, as long as somebody watches", async () => {
    const world = new LiveWorld();
    const me = { tenant: 1, userId: "u" };
    const person = world.person("u", { a: 1 });
    const { stream } = await open(world, "user:u");
    const heard: Publication[] = [];
    world.hub.subscribe(stream, { onPublication: (p) => heard.push(p), onInvalidated: () => {} });
    const [phone, laptop] = [{}, {}];
    const stops = [
      await world.channels.watch(me, ["home", "home"], phone),
      await world.channels.watch(me, ["home"], laptop),
    ];
    person.scores["b"] = 9;
    world.commit("event", "u");
    stops[0]!();
    stops[0]!();
    person.scores["c"] = 99;
    world.commit("event", "u");
    stops[1]!();
    person.scores["d"] = 999;
    world.commit("event", "u");
    expect(heard.map(({ key, version, tags }) => [key, version, tags["type"]])).toEqual([
      ["reco:home", 2, "recommendation.changed"],
      ["reco:home", 3, "recommendation.changed"],
    ]);
    expect(JSON.parse(heard[1]!.data)).toMatchObject({ placement: "home", v: 3, decisionId: "d3" });
    expect(world.live.size).toBe(0);
    await expect(world.channels.watch(me, ["home", "none"], phone)).rejects.toMatchObject({
      code: 102,
    });
    for (const watch of ["home", [1], Array(9).fill("home")])
      await expect(world.channels.watch(me, watch, phone)).rejects.toMatchObject({ code: 107 });
    expect(world.live.size).toBe(0);
  });

  test("all end with an erasure, and with a merge into another person", async () => {
    for (const end of ["erased", "merged"]) {
      const world = new LiveWorld();
      const names = ["user:u", "reco:home#u"];
      let invalidations = 0;
      for (const name of names) {
        const { stream } = await open(world, name);
        const onInvalidated = (): void => void (invalidations += 1);
        world.hub.subscribe(stream, { onPublication: () => {}, onInvalidated });
      }
      if (end === "erased") world.effect("u", { type: "subject.erased", at: 1 });
      else world.commit("merge", "u");
      expect(invalidations).toBe(2);
      expect(world.live.size).toBe(0);
    }
  });

  test.each([
    ["user:other", undefined, 103],
    ["reco:home#other", undefined, 103],
    ["reco:none#u", undefined, 102],
    ["segment:all", undefined, 102],
    ["reco:home", undefined, 102],
    ["reco:home#u", { limit: 0 }, 107],
    ["reco:home#u", { limit: 1.5 }, 107],
    ["reco:home#u", [], 107],
    ["reco:home#u", { context: { x: "y" } }, 107],
    ["reco:home#u", { context: { place: "x".repeat(65) } }, 107],
    ["reco:home#u", { context: { attributes: { weather: 1 } } }, 107],
    ["reco:home#u", { context: { attributes: { "a:b": "x" } } }, 107],
    ["reco:home#u", { context: { attributes: { a: "1", b: "2", c: "3", d: "4", e: "5" } } }, 107],
    ["reco:home#u", { onScreen: Array(201).fill("i") }, 107],
    ["reco:home#u", { onScreen: [""] }, 107],
  ])("%s with %j is refused with %i", async (name, data, code) => {
    await expect(open(new LiveWorld(), name, data)).rejects.toMatchObject({ code });
  });

  test("takes what is just inside the limits", async () => {
    const text = "x".repeat(64);
    const attributes = { a: text, b: "2", c: "3", d: "4" };
    const context = { place: text, attributes };
    const data = { limit: 200, context, onScreen: Array(200).fill("i") };
    await open(new LiveWorld(), "reco:home#u", data);
  });
});
