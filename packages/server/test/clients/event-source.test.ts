/** The unmodified `eventsource` client over real sockets against a real engine. */
import { once } from "node:events";
import {
  Centrifuge,
  type ServerPublicationContext,
  type ServerSubscribedContext,
} from "centrifuge";
import { EventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { LiveList } from "@attune/protocol";
import { type LiveStage, openLiveStage, placement, Replica, seed, waiter } from "./live-stage.ts";

let stage: LiveStage;
const sources: EventSource[] = [];

beforeAll(async () => {
  stage = await openLiveStage({ limits: { tickMs: 5 } });
  await seed(stage);
});
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});
afterAll(() => stage.close());

interface State {
  epoch: string;
  offset: number;
  data: LiveList;
}

/** A message as far as these tests look at it. */
interface Heard {
  id: string;
  data: {
    channel: string;
    pub: { offset: number; data: unknown };
    subscribe: State;
    reset: State;
    disconnect: { code: number };
  };
}

interface Polled extends State {
  publications: { offset: number; data: unknown }[];
  reset: State;
}

async function url(userId: string, channels: string[], more: Record<string, string> = {}) {
  const query = new URLSearchParams({ token: await stage.token(userId), ...more });
  for (const channel of channels) query.append("channel", channel);
  return `http://${stage.host}/connection/uni_sse?${query.toString()}`;
}

function listen(address: string) {
  const source = new EventSource(address);
  sources.push(source);
  const heard = waiter<Heard>();
  source.addEventListener("message", ({ lastEventId: id, data }) =>
    heard.put({ id, data: JSON.parse(data as string) as Heard["data"] }),
  );
  return { source, heard };
}

const liveMe = `reco:${placement}#me`;
const asked = { data: JSON.stringify({ limit: 5 }) };

describe("an EventSource", () => {
  test("gets how things stand, then publications, each with a cursor as its id", async () => {
    const { heard } = listen(await url("reader", ["user:me"]));
    const first = await heard.next();
    expect(first.data).toMatchObject({
      channel: "user:reader",
      subscribe: { recoverable: true, offset: 0, data: { values: {} } },
    });
    const { epoch } = first.data.subscribe;
    await stage.act("reader", "play", "a");
    const { id, data } = await heard.next();
    expect(id).toBe(`${epoch}:1`);
    expect(data).toMatchObject({
      channel: "user:reader",
      pub: { offset: 1, tags: { type: "session.started" }, data: { type: "session.started" } },
    });
  });

  test("gets a live query as a list and its diffs, two channels under one cursor", async () => {
    const { heard } = listen(await url("both", [liveMe, "user:me"], asked));
    const replica = new Replica();
    replica.take((await heard.next()).data.subscribe.data);
    await heard.next();
    await stage.act("both", "play", "w");
    const [one, two] = [await heard.next(), await heard.next()];
    const isList = ({ data }: Heard) => data.channel.startsWith("reco:");
    replica.take([one, two].find(isList)!.data.pub.data);
    expect(replica.items).toEqual(stage.fresh("both", 5));
    expect(two.id.split(",").map((part) => part.split(":")[1])).toEqual(["1", "1"]);
  });

  test("resumes by Last-Event-ID after its socket was cut: nothing lost, nothing twice", async () => {
    const { source, heard } = listen(await url("cut", ["user:me"]));
    await heard.next();
    await stage.act("cut", "play", "a");
    const before = await heard.next();
    const gone = new Promise((resolve) =>
      source.addEventListener("error", resolve, { once: true }),
    );
    stage.app.server.closeAllConnections();
    await gone;
    await stage.consent("cut", "granted");
    await stage.consent("cut", "withdrawn");
    const after = [await heard.next(), await heard.next()];
    const offsets = [before, ...after].map(({ data }) => data.pub.offset);
    expect(offsets).toEqual([1, 2, 3]);
  });

  test("goes on where a WebSocket stopped, and the other way round", async () => {
    const client = new Centrifuge(`ws://${stage.host}/connection/websocket`, {
      websocket: WebSocket,
      token: await stage.token("mover"),
    });
    client.connect();
    const subscribed = await new Promise<ServerSubscribedContext>((resolve) =>
      client.once("subscribed", resolve),
    );
    const seen = new Promise<ServerPublicationContext>((resolve) =>
      client.once("publication", resolve),
    );
    await stage.act("mover", "play", "a");
    const { offset } = await seen;
    client.disconnect();
    await stage.consent("mover", "granted");
    const cursor = `${subscribed.streamPosition!.epoch}:${offset}`;
    const { heard } = listen(await url("mover", ["user:me"], { lastEventId: cursor }));
    const missed = await heard.next();
    expect(missed.data.pub).toMatchObject({ offset: 2, data: { type: "consent.changed" } });
    sources.splice(0).forEach((source) => source.close());
    await stage.consent("mover", "withdrawn");

    const [epoch, at] = missed.id.split(":");
    const raw = new WebSocket(`ws://${stage.host}/connection/websocket`);
    await once(raw, "open");
    const subs = { "user:mover": { recover: true, epoch, offset: Number(at) } };
    raw.send(JSON.stringify({ id: 1, connect: { token: await stage.token("mover"), subs } }));
    const [frame] = (await once(raw, "message")) as [Buffer];
    const reply = JSON.parse(frame.toString()) as { connect: { subs: Record<string, Polled> } };
    const sub = reply.connect.subs["user:mover"]!;
    expect(sub).toMatchObject({ was_recovering: true, recovered: true, offset: 2 });
    expect(sub.publications.map((pub) => pub.offset)).toEqual([3]);
    raw.terminate();
  });

  test("is told of a gap, with how things stand and a new cursor", async () => {
    for (const lastEventId of ["gone:7", "no cursor at all"]) {
      const { heard } = listen(await url("gap", [liveMe], { ...asked, lastEventId }));
      const { id, data } = await heard.next();
      expect(data).toMatchObject({ channel: `reco:${placement}#gap`, reset: { offset: 0 } });
      expect(data.reset.data.items.length).toBe(5);
      expect(id).toBe(`${data.reset.epoch}:0`);
    }
  });

  test("is told that its token expired, and its return with that token is ended by a 204", async () => {
    const token = await stage.token("late", 10);
    const address = `http://${stage.host}/connection/uni_sse?token=${token}`;
    const { source, heard } = listen(address);
    await heard.next();
    stage.wait(11_000);
    expect((await heard.next()).data).toEqual({
      disconnect: { code: 3005, reason: "connection expired" },
    });
    const again = await fetch(address);
    expect([again.status, await again.text()]).toEqual([204, ""]);
    source.close();
  });

  test("is told of an erasure and gets the new epoch when it comes back", async () => {
    const { heard } = listen(await url("erased", ["user:me"]));
    const first = await heard.next();
    await stage.act("erased", "play", "a");
    await heard.next();
    await stage.forget("erased");
    expect((await heard.next()).data.disconnect.code).toBe(3014);
    const { reset } = (await heard.next()).data;
    expect(reset.offset).toBe(0);
    expect(reset.epoch).not.toBe(first.data.subscribe.epoch);
  });
});

describe("the answer", () => {
  test("may not be cached nor buffered, and a cookie does as well as a token", async () => {
    const abort = new AbortController();
    const answer = await fetch(`http://${stage.host}/connection/uni_sse`, {
      headers: { Cookie: `other=1; attune_token=${await stage.token("cookie")}` },
      signal: abort.signal,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    const { value } = await answer.body!.getReader().read();
    expect(Buffer.from(value!).toString()).toMatch(/^retry: [1-4]\d{3}\n\n/);
    abort.abort();
  });

  test("to an overload is a 200 that says when to come back", async () => {
    const full = await openLiveStage({ limits: { socketsMax: 0 } });
    const query = new URLSearchParams({ token: await full.token("x") });
    const answer = await fetch(`http://${full.host}/connection/uni_sse?${query.toString()}`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/^retry: \d{4}\n\n$/);
    await full.close();
  });

  test("to one device more than a person may have is to come back later", async () => {
    const one = await openLiveStage({ limits: { devicesPerUserMax: 1 } });
    const query = new URLSearchParams({ token: await one.token("x") });
    const address = `http://${one.host}/connection/uni_sse?${query.toString()}`;
    const abort = new AbortController();
    await fetch(address, { signal: abort.signal });
    expect(await (await fetch(address)).text()).toMatch(/^retry: \d{4}\n\n$/);
    abort.abort();
    await one.close();
  });

  test("may be read by pages of allowed origins alone", async () => {
    const own = await openLiveStage({ origins: ["https://shop.example"] });
    const address = `http://${own.host}/v1/live/history?token=${await own.token("x")}`;
    const allowed = async (origin: string) =>
      (await fetch(address, { headers: { origin } })).headers.get("access-control-allow-origin");
    expect(await allowed("https://shop.example")).toBe("https://shop.example");
    expect(await allowed("https://evil.example")).toBeNull();
    await own.close();
  });

  test("leaves no token in the log", async () => {
    const written: string[] = [];
    const stream = { write: (line: string) => void written.push(line) };
    const logged = await openLiveStage({}, { logger: { level: "info", stream } });
    const token = await logged.token("x");
    await fetch(`http://${logged.host}/v1/live/history?token=${token}`);
    expect(written.join("")).toContain("/v1/live/history");
    expect(written.join("")).not.toContain(token);
    await logged.close();
  });

  test("to a forged token, a foreign channel and nonsense is a refusal, never a stream", async () => {
    const status = async (address: string) => (await fetch(address)).ok;
    expect(await status(`http://${stage.host}/connection/uni_sse?token=x`)).toBe(false);
    expect(await status(`http://${stage.host}/connection/uni_sse`)).toBe(false);
    expect(await status(await url("me", ["user:other"]))).toBe(false);
    expect(await status(await url("me", ["reco:none#me"]))).toBe(false);
    expect(await status(await url("me", [liveMe], { data: "{" }))).toBe(false);
    expect(stage.figures().sseStreams).toBe(0);
  });

  test("beats while nothing happens", async () => {
    const abort = new AbortController();
    const answer = await fetch(await url("idle", ["user:me"]), { signal: abort.signal });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    stage.wait(15_000);
    let text = "";
    while (!text.endsWith(":\n\n")) text += (await reader.read()).value;
    abort.abort();
  });
});

describe("history over HTTP", () => {
  async function history(userId: string, query: Record<string, string>): Promise<Polled> {
    const address = `http://${stage.host}/v1/live/history?${new URLSearchParams(query).toString()}`;
    const authorization = `Bearer ${await stage.token(userId)}`;
    return (await fetch(address, { headers: { authorization } })).json() as Promise<Polled>;
  }

  test("gives what came since a cursor, or how things stand where that is lost", async () => {
    const first = await history("poll", { channel: "user:me" });
    expect(first).toMatchObject({ channel: "user:poll", offset: 0, publications: [] });
    await stage.act("poll", "play", "a");
    const since = `${first.epoch}:0`;
    const next = await history("poll", { channel: "user:me", since });
    expect(next.offset).toBe(1);
    expect(next.publications).toMatchObject([{ offset: 1, data: { type: "session.started" } }]);
    const lost = await history("poll", { channel: "user:me", since: "gone:3" });
    expect(lost.reset).toMatchObject({ offset: 1, epoch: first.epoch });
  });

  test("polls a live query: the list of a reset, then its diffs", async () => {
    const query = { channel: liveMe, ...asked };
    const { reset } = await history("lister", { ...query, since: "none:0" });
    const replica = new Replica();
    replica.take(reset.data);
    await stage.act("lister", "play", "w");
    const { publications } = await history("lister", { ...query, since: `${reset.epoch}:0` });
    for (const { data } of publications) replica.take(data);
    expect(replica.items).toEqual(stage.fresh("lister", 5));
  });
});
