import { describe, expect, test } from "vitest";
import type { LiveDiff, LiveList } from "@attune/protocol";
import { LiveWorld } from "../../test/live-world.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import { jsonCodec } from "./frames.ts";
import type { Hub } from "./hub.ts";
import { applied } from "./live-list.ts";

const token = (userId: string) => ({
  tenant: 1,
  userId,
  expiresAtS: 10_000,
  tokenId: "t",
});

interface Line {
  id?: number;
  connect?: { subs: Record<string, { offset: number }> };
  subscribe?: { data: LiveList };
  refresh?: object;
  error?: { code: number };
  push?: { channel: string; pub: { offset: number; data: unknown }; unsubscribe?: object };
}

interface Wire {
  buffered: number;
  frames: Line[][];
  closed: number | undefined;
}

/** A client whose transport takes only as much as the test lets it. */
function client(world: LiveWorld, change: Partial<ConnectionParts> = {}) {
  const wire: Wire = { buffered: 0, frames: [], closed: undefined };
  const passOn: (() => void)[] = [];
  const ticks: (() => void)[] = [];
  const connection = new Connection(
    "c1",
    {
      codec: jsonCodec,
      channels: world.channels,
      hub: world.hub,
      limits: world.limits,
      verify: async (text) => token(text),
      track: async () => ({}),
      now: () => world.now,
      version: "test",
      room: { enter: () => true, leave: () => {}, of: () => [] },
      onFault: (error) => {
        throw error;
      },
      atEndOfTick: (work) => void ticks.push(work),
      ...change,
    },
    {
      buffered: () => wire.buffered,
      write: (text, done) => {
        wire.frames.push(text.split("\n").map((line) => JSON.parse(line) as Line));
        passOn.push(done);
      },
      close: ({ code }) => void (wire.closed = code),
    },
  );
  const settle = async (): Promise<void> => {
    await new Promise(setImmediate);
    for (const work of ticks.splice(0)) work();
  };
  return {
    connection,
    wire,
    settle,
    drain: () => {
      wire.buffered = 0;
      for (const done of passOn.splice(0)) done();
    },
    say: async (...commands: object[]) => {
      const text = commands.map((command) => JSON.stringify(command)).join("\n");
      connection.receive(Buffer.from(text), false);
      await settle();
    },
  };
}

const subscribe = { id: 2, subscribe: { channel: "reco:home#u", data: { limit: 3 } } };

describe("a connection", () => {
  test("says everything of one tick in one frame", async () => {
    const world = new LiveWorld();
    const { say, wire, settle } = client(world);
    await say({ id: 1, connect: { token: "u" } }, subscribe);
    expect(wire.frames.map((frame) => frame.length)).toEqual([2]);
    world.effect("u", { type: "session.started", at: 1 });
    world.person("u", { a: 1 });
    world.commit("event", "u");
    await settle();
    expect(wire.frames[1]!.map(({ push }) => push!.channel)).toEqual(["user:u", "reco:home#u"]);
  });

  test("behind a full buffer a live query's diffs become its list, events all stay, and it catches up", async () => {
    const world = new LiveWorld();
    const person = world.person("u", { a: 1 });
    const { say, wire, settle, drain } = client(world);
    await say({ id: 1, connect: { token: "u" } }, subscribe);
    let list: LiveList = wire.frames[0]![1]!.subscribe!.data;
    wire.buffered = world.limits.socketConflateBytes;
    for (let i = 1; i <= 3; i++) {
      person.scores[`n${i}`] = 10 ** (i + 1);
      world.commit("event", "u");
      world.effect("u", { type: "session.started", at: i });
      await settle();
    }
    expect(wire.frames).toHaveLength(1);
    drain();
    const pushes = wire.frames[1]!.map(({ push }) => push!);
    const own = pushes.filter(({ channel }) => channel === "user:u");
    expect(own.map(({ pub }) => pub.offset)).toEqual([1, 2, 3]);
    const lists = pushes.filter(({ channel }) => channel === "reco:home#u");
    expect(lists).toHaveLength(1);
    expect(lists[0]!.pub).toMatchObject({ offset: 3, data: { type: "recommendation.list", v: 4 } });
    list = lists[0]!.pub.data as LiveList;
    person.scores["late"] = 10 ** 9;
    world.commit("event", "u");
    await settle();
    list = applied(list, wire.frames[2]![0]!.push!.pub.data as LiveDiff);
    expect(list.items.map(({ id }) => id)).toEqual(["late", "n3", "n2"]);
  });

  test("that takes nothing is closed as slow and holds nothing more", async () => {
    const world = new LiveWorld({ socketQueueBytesMax: 70_000 });
    const { say, wire, settle } = client(world);
    await say({ id: 1, connect: { token: "u" } });
    wire.buffered = 69_000;
    for (let i = 0; i < 10; i++) world.effect("u", { type: "session.started", at: i });
    await settle();
    expect(wire.closed).toBe(3008);
    expect(wire.frames).toHaveLength(1);
  });

  test("that gained a gap is told: its channel is left with 2500, its own closes with 3010", async () => {
    for (const channel of ["user:u", "reco:home#u"]) {
      const world = new LiveWorld();
      world.person("u", { a: 1 });
      const { say, wire, settle, connection } = client(world);
      await say({ id: 1, connect: { token: "u" } }, subscribe);
      const { stream } = await world.channels.open(
        { tenant: 1, userId: "u" },
        channel,
        { limit: 3 },
        {},
      );
      // A publication that the stream counts and this socket never got.
      const open = world.hub.open(stream);
      world.hub.open = (name) =>
        name === stream ? { ...open, offset: 1 } : { epoch: "e", offset: 0 };
      for (let i = 0; i < 2; i++) {
        world.now += 5_000;
        connection.tick(world.now);
        await settle();
        if (i === 0) expect([wire.closed, wire.frames.length]).toEqual([undefined, 1]);
      }
      if (channel === "user:u") expect(wire.closed).toBe(3010);
      else
        expect(wire.frames.at(-1)![0]!.push).toEqual({
          channel,
          unsubscribe: { code: 2500, reason: "insufficient state" },
        });
    }
  });

  test("hands on nothing twice and nothing out of order while its subscription is being answered", async () => {
    const world = new LiveWorld();
    const { say, wire } = client(world);
    const hub: Hub = world.hub;
    const during = world.hub.subscribe.bind(world.hub);
    // The answer of a remote hub comes later than the first publications.
    hub.subscribe = (channel, subscriber, since) => {
      const answer = during(channel, subscriber, since);
      world.effect("u", { type: "session.started", at: 1 });
      return Promise.resolve(answer).then((given) => {
        world.effect("u", { type: "session.started", at: 2 });
        return given;
      });
    };
    await say({ id: 1, connect: { token: "u" } });
    const [reply, ...pushes] = wire.frames.flat();
    expect(reply!.connect!.subs["user:u"]!.offset).toBe(0);
    expect(pushes.map(({ push }) => push!.pub.offset)).toEqual([1, 2]);
  });

  test("whose token service is away may try again; a fault of ours is 100", async () => {
    const { say, wire } = client(new LiveWorld(), {
      verify: () => Promise.reject(new Error("away")),
      onFault: () => {},
    });
    await say({ id: 1, connect: { token: "u" } });
    expect(wire.frames[0]![0]!.error).toMatchObject({ code: 100, temporary: true });
  });

  test("keeps to its own person at a refresh, and takes a new expiry", async () => {
    const world = new LiveWorld();
    const { say, wire } = client(world);
    await say({ id: 1, connect: { token: "u" } }, { id: 2, refresh: { token: "u" } });
    expect(wire.frames[0]![1]!.refresh).toMatchObject({ expires: true, ttl: 9_000 });
    await say({ id: 3, refresh: { token: "other" } });
    expect(wire.closed).toBe(3500);
  });

  test("acknowledges upwards alone", async () => {
    const { say, connection } = client(new LiveWorld());
    const ack = (id: number, offset: number) => ({
      id,
      rpc: { method: "ack", data: { channel: "user:u", offset } },
    });
    await say({ id: 1, connect: { token: "u" } }, ack(2, 7), ack(3, 5));
    expect(connection.acked.get("user:u")).toBe(7);
  });

  test("allows as many commands as its limit and no more, until time has passed", async () => {
    const world = new LiveWorld({ commandsBurstMax: 3, commandsPerSMax: 2 });
    const { say, wire } = client(world);
    const calls = (...ids: number[]) => ids.map((id) => ({ id, rpc: { method: "x" } }));
    await say({ id: 1, connect: { token: "u" } }, ...calls(2, 3, 4, 5));
    world.now += 1_000;
    await say(...calls(6, 7, 8));
    const codes = wire.frames.flat().map(({ id, error }) => [id, error?.code]);
    expect(codes.slice(1)).toEqual([
      [2, 104],
      [3, 104],
      [4, 104],
      [5, 111],
      [6, 104],
      [7, 104],
      [8, 111],
    ]);
  });
});
