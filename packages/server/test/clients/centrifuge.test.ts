/** The unmodified `centrifuge` client, JSON, over real sockets against a real engine. */
import {
  Centrifuge,
  type ConnectedContext,
  type DisconnectedContext,
  type ErrorContext,
  type Options,
  type PublicationContext,
  type ServerPublicationContext,
  type ServerSubscribedContext,
  type SubscribedContext,
  type Subscription,
  UnauthorizedError,
  type UnsubscribedContext,
} from "centrifuge";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { LiveList } from "@attune/protocol";
import { type LiveStage, openLiveStage, placement, Replica, seed, waiter } from "./live-stage.ts";

let stage: LiveStage;
const clients: Centrifuge[] = [];
/** Sockets under the clients, to be cut. */
const sockets: WebSocket[] = [];

class Socket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    sockets.push(this);
  }
}

beforeAll(async () => {
  stage = await openLiveStage();
  await seed(stage);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
  sockets.length = 0;
});
afterAll(() => stage.close());

function device(userId: string, options: Partial<Options> = {}): Centrifuge {
  const client = new Centrifuge(`ws://${stage.host}/connection/websocket`, {
    websocket: Socket,
    getToken: () => stage.token(userId),
    minReconnectDelay: 1,
    maxReconnectDelay: 20,
    ...options,
  });
  clients.push(client);
  return client;
}

interface Happenings {
  connected: ConnectedContext;
  connecting: DisconnectedContext;
  disconnected: DisconnectedContext;
  error: ErrorContext;
  subscribed: ServerSubscribedContext;
}
const told = <E extends keyof Happenings>(client: Centrifuge, event: E): Promise<Happenings[E]> =>
  new Promise((resolve) => client.once(event as "connected", resolve as () => void));

function live(client: Centrifuge, userId: string, data: object = { limit: 5 }) {
  const subscription: Subscription = client.newSubscription(`reco:${placement}#${userId}`, {
    data,
  });
  const replica = new Replica();
  const pushed = waiter<PublicationContext>();
  const subscribed = waiter<SubscribedContext>();
  subscription.on("subscribed", (context) => {
    if (context.data !== undefined) replica.take(context.data);
    subscribed.put(context);
  });
  subscription.on("publication", (publication) => {
    replica.take(publication.data);
    pushed.put(publication);
  });
  subscription.subscribe();
  return { subscription, replica, pushed, subscribed };
}

describe("the user's channel", () => {
  test("is subscribed by the server at connect and tells what the person's acts caused", async () => {
    const client = device("news");
    const heard = waiter<ServerPublicationContext>();
    client.on("publication", heard.put);
    client.connect();
    const subscribed = await told(client, "subscribed");
    expect(subscribed).toMatchObject({
      channel: "user:news",
      recoverable: true,
      positioned: true,
      data: { values: {} },
    });
    await stage.act("news", "play", "a");
    const { channel, data, tags, offset } = await heard.next();
    expect({ channel, type: data.type, offset }).toEqual({
      channel: "user:news",
      type: "session.started",
      offset: 1,
    });
    expect(tags!.type).toBe("session.started");
    expect(tags!.id).toMatch(/^x/);
  });

  test("tells of changed lists when asked, also of those that changed while it was away", async () => {
    const client = device("watch", { data: { watch: [placement] } });
    const heard = waiter<ServerPublicationContext>();
    client.on("publication", heard.put);
    client.connect();
    await told(client, "subscribed");
    await cut(client);
    await stage.act("watch", "play", "a");
    client.connect();
    const types = [(await heard.next()).data.type, (await heard.next()).data.type];
    expect(types).toEqual(["session.started", "recommendation.changed"]);
  });

  test("has no acts of others", async () => {
    const client = device("quiet");
    const heard: unknown[] = [];
    client.on("publication", (publication) => heard.push(publication));
    client.connect();
    await told(client, "connected");
    await stage.act("loud", "play", "a");
    await client.rpc("ack", { channel: "user:quiet", offset: 0 });
    expect(heard).toEqual([]);
  });

  test("presence names the person's own devices and nobody else's", async () => {
    const [phone, laptop] = [device("pair"), device("pair")];
    phone.connect();
    laptop.connect();
    await Promise.all([told(phone, "connected"), told(laptop, "connected")]);
    const { clients: here } = await phone.presence("user:pair");
    expect(Object.values(here).map(({ user }) => user)).toEqual(["pair", "pair"]);
    expect(await phone.presenceStats("user:pair")).toMatchObject({ numClients: 2, numUsers: 1 });
    await expect(phone.presence("user:other")).rejects.toMatchObject({ code: 103 });
  });
});

describe("a live query", () => {
  test("gives the whole list at first, then diffs in the turn of the person's event", async () => {
    const { replica, pushed, subscribed } = live(connected("listener"), "listener");
    const first = await subscribed.next();
    expect((first.data as LiveList).v).toBe(1);
    expect(replica.items).toEqual(stage.fresh("listener", 5));
    await stage.act("listener", "play", "w");
    const { data, tags } = await pushed.next();
    expect(data.from).toBe(1);
    expect(tags).toMatchObject({
      type: "recommendation.changed",
      key: `reco:${placement}`,
      v: "2",
      id: data.decisionId,
    });
    expect(replica.items).toEqual(stage.fresh("listener", 5));
    expect(replica.items).not.toContain("w");
  });

  test("of two devices: both get the same list, and the same diff once each", async () => {
    const phone = live(connected("two"), "two");
    const laptop = live(connected("two"), "two");
    await Promise.all([phone.subscribed.next(), laptop.subscribed.next()]);
    await stage.act("two", "play", "x");
    const [a, b] = await Promise.all([phone.pushed.next(), laptop.pushed.next()]);
    expect(a).toEqual(b);
    expect(phone.replica.list).toEqual(laptop.replica.list);
    expect([phone.pushed.waiting, laptop.pushed.waiting]).toEqual([[], []]);
  });

  test("keeps what is on screen in its slot", async () => {
    const client = connected("screen");
    const { replica, pushed, subscribed } = live(client, "screen");
    await subscribed.next();
    const seen = replica.items.slice(0, 2);
    const channel = `reco:${placement}#screen`;
    expect((await client.rpc("onScreen", { channel, items: seen })).data).toEqual({});
    const played = replica.items.at(-1)!;
    await stage.act("screen", "play", played);
    await pushed.next();
    expect(replica.items.slice(0, 2)).toEqual(seen);
    expect(replica.items).not.toContain(played);
  });

  test("becomes the stranger's within the turn in which consent is withdrawn", async () => {
    const { replica, pushed, subscribed } = live(connected("objector"), "objector");
    await subscribed.next();
    await stage.act("objector", "play", "w");
    await pushed.next();
    expect(replica.list!.personal).toBe(true);
    await stage.consent("objector", "withdrawn");
    await pushed.next();
    expect(replica.list!.personal).toBe(false);
    expect(replica.items).toEqual(stage.fresh("nobody-knows-me", 5));
    expect(JSON.stringify(replica.list!.items)).not.toContain("because");
  });

  test("of somebody else, and one that is none, are refused", async () => {
    const client = connected("nosy");
    const refused = async (channel: string, data?: object) => {
      const subscription = client.newSubscription(channel, data === undefined ? {} : { data });
      const left = new Promise<UnsubscribedContext>((resolve) =>
        subscription.once("unsubscribed", resolve),
      );
      subscription.subscribe();
      return (await left).code;
    };
    expect(await refused(`reco:${placement}#listener`)).toBe(103);
    expect(await refused("user:listener")).toBe(103);
    expect(await refused("reco:no-such-placement#nosy")).toBe(102);
    expect(await refused("item:a")).toBe(102);
    expect(await refused(`reco:${placement}#nosy`, { limit: 201 })).toBe(107);
    expect(await refused(`reco:trending#nosy`, { context: { colour: "red" } })).toBe(107);
  });

  test("another person's event counts within a second, without any of one's own", async () => {
    const client = connected("watcher");
    const { replica, pushed, subscribed } = live(client, "watcher");
    await subscribed.next();
    const before = performance.now();
    for (let i = 0; i < 4; i++) await stage.act(`fan-${i}`, "play", "brand-new");
    while (!replica.items.includes("brand-new")) await pushed.next();
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

function connected(userId: string): Centrifuge {
  const client = device(userId);
  client.connect();
  return client;
}

/** Kills the socket and keeps the client from coming back before the test has done its worst. */
async function cut(client: Centrifuge): Promise<void> {
  const gone = told(client, "connecting");
  for (const socket of sockets.splice(0)) socket.terminate();
  await gone;
  client.disconnect();
}

describe("recovery", () => {
  test("after killed sockets nothing is lost and nothing comes twice", async () => {
    const user = "cut";
    const client = device(user);
    const { replica, subscribed, pushed } = live(client, user);
    const offsets: number[] = [];
    const arrived = waiter<number>();
    client.on("publication", ({ offset }) => {
      offsets.push(offset!);
      arrived.put(offset!);
    });
    client.connect();
    await subscribed.next();
    await stage.consent(user, "granted");
    await arrived.next();
    await stage.act(user, "play", "a");
    await pushed.next();
    for (const item of ["b", "w", "x"]) {
      await cut(client);
      await stage.act(user, "play", item);
      await stage.consent(user, item === "w" ? "granted" : "withdrawn");
      client.connect();
      const back = await subscribed.next();
      expect(back).toMatchObject({ wasRecovering: true, recovered: true });
    }
    // Everything of the last return is delivered once a command behind it is answered.
    await client.rpc("ack", { channel: `user:${user}`, offset: 0 });
    expect(offsets).toEqual(offsets.map((_, i) => i + 1));
    expect(offsets.length).toBeGreaterThanOrEqual(5);
    expect(replica.items).toEqual(stage.fresh(user, 5));
  });

  test("what cannot be recovered is announced, with how things stand", async () => {
    const user = "lost";
    const client = device(user);
    const { replica, subscribed } = live(client, user);
    client.connect();
    await subscribed.next();
    await stage.act(user, "play", "a");
    await cut(client);
    await stage.forget(user);
    client.connect();
    const back = await subscribed.next();
    expect(back).toMatchObject({ wasRecovering: true, recovered: false });
    expect(back.data.type).toBe("recommendation.list");
    expect(replica.list!.personal).toBe(false);
  });

  test("an erasure reaches connected devices: new epoch, the stranger's list", async () => {
    const user = "erased";
    const client = device(user);
    const { replica, subscribed, pushed } = live(client, user);
    client.connect();
    const before = await subscribed.next();
    await stage.act(user, "play", "w");
    await pushed.next();
    const left = told(client, "connecting");
    await stage.forget(user);
    expect((await left).code).toBe(3014);
    const after = await subscribed.next();
    expect(after.recovered).toBe(false);
    expect(after.streamPosition!.epoch).not.toBe(before.streamPosition!.epoch);
    expect(replica.items).toEqual(stage.fresh("nobody-knows-me", 5));
  });

  test("a restart's drain closes with 3001, which comes back", async () => {
    const other = await openLiveStage();
    const client = new Centrifuge(`ws://${other.host}/connection/websocket`, {
      websocket: Socket,
      token: await other.token("d"),
    });
    clients.push(client);
    client.connect();
    await told(client, "connected");
    const left = told(client, "connecting");
    await other.close();
    expect((await left).code).toBe(3001);
  });
});

describe("tokens", () => {
  test("an expired one makes the client fetch another and connect", async () => {
    const stale = await stage.token("late", 10);
    stage.wait(11_000);
    let fetched = 0;
    const client = device("late", {
      token: stale,
      getToken: () => {
        fetched += 1;
        return stage.token("late");
      },
    });
    const refused = told(client, "error");
    client.connect();
    expect((await refused).error.code).toBe(109);
    await told(client, "connected");
    expect(fetched).toBe(1);
  });

  test("a short one is refreshed while connected, without a new connection", async () => {
    const asked = waiter<void>();
    const client = device("short", {
      token: await stage.token("short", 1),
      getToken: () => {
        asked.put();
        return stage.token("short");
      },
    });
    let connects = 0;
    client.on("connected", () => (connects += 1));
    client.connect();
    await told(client, "connected");
    await asked.next();
    stage.wait(30_000);
    expect((await client.rpc("ack", { channel: "user:short", offset: 0 })).data).toEqual({});
    expect(connects).toBe(1);
  });

  test("a forged one ends the connection for good", async () => {
    const token = await stage.token("mallory");
    const client = device("mallory", { token: `${token.slice(0, -4)}AAAA` });
    const left = told(client, "disconnected");
    client.connect();
    expect((await left).code).toBe(3500);
  });

  test("without a token nobody gets in", async () => {
    const client = device("none", { getToken: null, token: "" });
    const left = told(client, "disconnected");
    client.connect();
    expect((await left).code).toBe(3500);
  });

  test("a token that cannot be had ends it on the client's side", async () => {
    const getToken = () => Promise.reject(new UnauthorizedError("no"));
    const client = device("gone", { getToken });
    const left = told(client, "disconnected");
    client.connect();
    expect((await left).code).toBe(1);
  });
});

describe("rpc", () => {
  test("track takes events in, and the list answers on the same socket", async () => {
    const client = connected("tracker");
    const { replica, pushed, subscribed } = live(client, "tracker");
    await subscribed.next();
    const events = [{ event: "play", itemId: "y" }];
    const { data } = await client.rpc("track", { events });
    expect(data).toEqual({ accepted: 1 });
    await pushed.next();
    expect(replica.items).toEqual(stage.fresh("tracker", 5));
  });

  test("an unknown method is 104, and publishing is 103", async () => {
    const client = connected("caller");
    await told(client, "connected");
    await expect(client.rpc("no-such", {})).rejects.toMatchObject({ code: 104 });
    await expect(client.publish("user:caller", {})).rejects.toMatchObject({ code: 103 });
    await expect(client.history("user:other", { limit: 1 })).rejects.toMatchObject({ code: 103 });
  });

  test("history gives what a channel had", async () => {
    const client = connected("reader");
    await told(client, "connected");
    await stage.act("reader", "play", "a");
    const { publications, offset } = await client.history("user:reader", { limit: 10 });
    expect(offset).toBe(1);
    expect(publications.map(({ data }) => data.type)).toEqual(["session.started"]);
    expect((await client.history("user:reader", { limit: 0 })).publications).toEqual([]);
  });
});
