/**
 * Connections cut at random points, over both transports and switching between them: whoever comes back with the
 * last cursor has everything once, in order, and every gap is announced.
 */
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Prng } from "../../src/base/prng.ts";
import { type LiveStage, openLiveStage, placement, Replica, seed } from "./live-stage.ts";

const cuts = process.env["ATTUNE_LONG"] === "1" ? 1_000 : 60;
const user = "wanderer";
const channels = [`user:${user}`, `reco:${placement}#${user}`] as const;
const ask = { limit: 5 };

let stage: LiveStage;
beforeAll(async () => {
  stage = await openLiveStage();
  await seed(stage);
});
afterAll(() => stage.close());

interface Place {
  epoch: string;
  offset: number;
}
interface Pub {
  offset: number;
  data: unknown;
}
interface State extends Place {
  publications?: Pub[];
  recovered?: boolean;
  was_recovering?: boolean;
  data?: unknown;
}

/** What a device that wanders between transports has seen. */
class Device {
  readonly places = new Map<string, Place>();
  readonly seen = new Map<string, number[]>(channels.map((channel) => [channel, []]));
  readonly replica = new Replica();
  received = 0;
  resets = 0;

  stand(channel: string, state: State): void {
    if (state.was_recovering === true && state.recovered !== true) this.resets += 1;
    this.places.set(channel, { epoch: state.epoch, offset: state.offset });
    if (channel === channels[1] && state.data !== undefined) this.replica.take(state.data);
    for (const pub of state.publications ?? []) this.take(channel, pub);
  }

  take(channel: string, { offset, data }: Pub): void {
    this.received += 1;
    this.places.set(channel, { epoch: this.places.get(channel)!.epoch, offset });
    this.seen.get(channel)!.push(offset);
    if (channel === channels[1]) this.replica.take(data);
  }
}

/** Listens over a WebSocket until `isEnough`, then tears the socket. */
async function overWebSocket(device: Device, isEnough: () => boolean): Promise<void> {
  const socket = new WebSocket(`ws://${stage.host}/connection/websocket`);
  await once(socket, "open");
  const since = (channel: string) => {
    const place = device.places.get(channel);
    return place === undefined ? {} : { recover: true, ...place };
  };
  const token = await stage.token(user);
  const subs = { [channels[0]]: since(channels[0]) };
  const subscribe = { channel: channels[1], data: ask, ...since(channels[1]) };
  const commands = [
    { id: 1, connect: { token, subs } },
    { id: 2, subscribe },
  ];
  socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
  const gone = once(socket, "close");
  socket.on("message", (frame: Buffer) => {
    for (const line of frame.toString().split("\n")) {
      const {
        connect,
        subscribe: given,
        push,
      } = JSON.parse(line) as {
        connect?: { subs: Record<string, State> };
        subscribe?: State;
        push?: { channel: string; pub: Pub };
      };
      if (connect !== undefined) device.stand(channels[0], connect.subs[channels[0]]!);
      if (given !== undefined) device.stand(channels[1], given);
      if (push !== undefined) device.take(push.channel, push.pub);
      // Torn in the middle of a frame: the rest of it has not been seen.
      if (isEnough()) return socket.terminate();
    }
  });
  await gone;
}

/** The same over server-sent events, both channels under one cursor. */
async function overSse(device: Device, isEnough: () => boolean): Promise<void> {
  const query = new URLSearchParams({ token: await stage.token(user), data: JSON.stringify(ask) });
  for (const channel of channels) query.append("channel", channel);
  const places = channels.map((channel) => device.places.get(channel));
  if (places.every((place) => place !== undefined))
    query.set("lastEventId", places.map(({ epoch, offset }) => `${epoch}:${offset}`).join(","));
  const abort = new AbortController();
  const address = `http://${stage.host}/connection/uni_sse?${query.toString()}`;
  const answer = await fetch(address, { signal: abort.signal });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!isEnough()) {
    text += (await reader.read()).value;
    const events = text.split("\n\n");
    text = events.pop()!;
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined || isEnough()) continue;
      const message = JSON.parse(data) as {
        channel: string;
        pub?: Pub;
        subscribe?: State;
        reset?: State;
      };
      const { channel, pub, subscribe, reset } = message;
      if (reset !== undefined) device.resets += 1;
      const state = subscribe ?? reset;
      if (state !== undefined) device.stand(channel, state);
      if (pub !== undefined) device.take(channel, pub);
    }
  }
  abort.abort();
}

test(`${cuts} cuts at random points: nothing lost, nothing twice, no gap`, async () => {
  const chance = new Prng(Number(process.env["ATTUNE_SEED"]));
  const device = new Device();
  let isOver = false;
  const items = ["a", "b", "c", "d", "w", "x", "y", "z"];
  const writer = (async () => {
    for (let i = 0; !isOver; i++) {
      await stage.act(user, "play", items[chance.below(items.length)]!);
      await stage.consent(user, i % 2 === 0 ? "granted" : "withdrawn");
    }
    await stage.consent(user, "granted");
  })();
  // The first stay sees where everything stands, before anything can be missed.
  await overWebSocket(device, () => device.places.size === 2);
  for (let cut = 0; cut < cuts; cut++) {
    const enough = device.received + chance.below(4);
    const isEnough = (): boolean => device.received >= enough;
    await (chance.below(2) === 0 ? overWebSocket(device, isEnough) : overSse(device, isEnough));
  }
  isOver = true;
  await writer;
  const expected = await tops();
  const isThere = (): boolean =>
    channels.every((channel) => device.places.get(channel)!.offset >= expected.get(channel)!);
  if (!isThere()) await overWebSocket(device, isThere);
  expect(device.resets).toBe(0);
  for (const channel of channels) {
    const offsets = device.seen.get(channel)!;
    const first = expected.get(channel)! - offsets.length + 1;
    expect(offsets).toEqual(offsets.map((_, i) => first + i));
    expect(offsets.length).toBeGreaterThan(cuts / 4);
  }
  expect(device.replica.items).toEqual(await listNow());
});

async function history(channel: string): Promise<State & { publications: Pub[] }> {
  const query = new URLSearchParams({ token: await stage.token(user), channel, limit: "0" });
  if (channel === channels[1]) query.set("data", JSON.stringify(ask));
  const answer = await fetch(`http://${stage.host}/v1/live/history?${query.toString()}`);
  return (await answer.json()) as State & { publications: Pub[] };
}

async function tops(): Promise<Map<string, number>> {
  const entries = channels.map(
    async (channel) => [channel, (await history(channel)).offset] as const,
  );
  return new Map(await Promise.all(entries));
}

async function listNow(): Promise<string[]> {
  const replica = new Replica();
  const fresh = new Device();
  await overWebSocket(fresh, () => fresh.places.size === 2);
  replica.list = fresh.replica.list;
  return replica.items;
}
