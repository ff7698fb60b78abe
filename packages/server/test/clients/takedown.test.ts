/** A takedown against devices on real sockets: once it is acknowledged, nothing that anybody gets holds the item. */
import { once } from "node:events";
import type { LiveDiff, LiveList } from "@attune/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Documents } from "../../src/engine/definitions/documents.ts";
import { subjectOf } from "../../src/ingest/subject.ts";
import { type LiveStage, openLiveStage, placement, Replica, seed } from "./live-stage.ts";

interface Publication {
  offset?: number;
  data: LiveList | LiveDiff;
}

interface Reply {
  id?: number;
  error?: { code: number };
  rpc?: object;
  subscribe?: {
    data?: LiveList;
    epoch: string;
    offset?: number;
    recovered?: boolean;
    publications?: Publication[];
  };
  push?: { channel: string; pub?: Publication };
}

let stage: LiveStage;
let documents: Documents;
beforeAll(async () => {
  stage = await openLiveStage();
  documents = new Documents(stage.attune.engine, Date.now);
  await seed(stage);
});
afterAll(() => stage.close());

/** A device with what it was sent, as text and as the list it has. */
class Device {
  readonly replica = new Replica();
  readonly texts: string[] = [];
  epoch = "";
  offset = 0;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #commands = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      for (const line of data.toString().split("\n")) this.#hear(line);
    });
  }

  static async open(user: string, since?: Device): Promise<Device> {
    const socket = new WebSocket(`ws://${stage.host}/connection/websocket`);
    const device = new Device(socket);
    await once(socket, "open");
    await device.say({ connect: { token: await stage.token(user) } });
    const recovery =
      since === undefined ? {} : { recover: true, epoch: since.epoch, offset: since.offset };
    const channel = `reco:${placement}#${user}`;
    const { subscribe } = await device.say({
      subscribe: { channel, data: { limit: 20 }, ...recovery },
    });
    const { data, epoch, offset = 0, publications = [] } = subscribe!;
    device.epoch = epoch;
    device.offset = offset;
    if (since !== undefined) device.replica.list = since.replica.list;
    if (data !== undefined) device.replica.take(data);
    for (const publication of publications) device.#take(publication);
    return device;
  }

  say(command: object): Promise<Reply> {
    const id = ++this.#commands;
    this.#socket.send(JSON.stringify({ id, ...command }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** What was sent before has arrived when the answer has. */
  async settle(): Promise<void> {
    await this.say({ rpc: { method: "nothing", data: {} } });
  }

  close(): void {
    this.#socket.terminate();
  }

  #hear(line: string): void {
    this.texts.push(line);
    const reply = JSON.parse(line) as Reply;
    if (reply.id !== undefined) {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    } else if (reply.push?.channel.startsWith("reco:") === true) this.#take(reply.push.pub!);
  }

  #take({ data, offset }: Publication): void {
    this.offset = offset ?? this.offset;
    this.replica.take(data);
  }
}

const people = ["ann", "ben", "cid", "dot"];
/** The item as a client would find it: in an order, as an id or as the event that speaks for another. */
const holds = (text: string, item: string): boolean => text.includes(`"${item}"`);

test("after its acknowledgement no answer, no push, no recovery and no list holds the item", async () => {
  const tenant = stage.attune.tenants[0]!;
  await stage.act("ann", "play", "a");
  for (const one of people) await stage.act(one, "play", "b");
  const [away, sleeping] = [await Device.open("dot"), await Device.open("ann")];
  const listening = await Promise.all(people.map((user) => Device.open(user)));
  away.close();
  sleeping.close();
  // Diffs that hold the item stand in the history when it is taken down.
  await stage.act("dot", "play", "c");
  await stage.act("dot", "play", "w");
  await Promise.all(listening.map((one) => one.settle()));
  expect(listening.every(({ replica }) => replica.items.includes("a"))).toBe(true);
  expect(listening[3]!.offset).toBeGreaterThan(away.offset);
  // The control: so far a device that was away gets what it missed, with the item in it.
  const control = await Device.open("dot", away);
  expect(control.texts.some((text) => holds(text, "a"))).toBe(true);
  expect(control.replica.items).toEqual(listening[3]!.replica.items);
  control.close();
  const asked = { placement, limit: 20, now: Date.now() };
  const subject = (user: string) => subjectOf(tenant.key, "user", user);
  const before = await stage.attune.engine.recommend(tenant.number, subject("ben"), asked);
  expect(holds(JSON.stringify(before), "a")).toBe(true);
  const heard = listening.map(({ texts }) => texts.length);
  listening[2]!.close();

  await documents.put(tenant.number, { kind: "takedown", itemIds: ["a"], reason: "court" });

  const still = listening.filter((_one, i) => i !== 2);
  await Promise.all(still.map((one) => one.settle()));
  for (const { replica } of still) {
    expect(replica.items).not.toContain("a");
    expect(replica.items.length).toBeGreaterThan(0);
  }
  for (const user of [...people, "crowd-0-0", "nobody"]) {
    const answer = await stage.attune.engine.recommend(tenant.number, subject(user), asked);
    expect(holds(JSON.stringify(answer), "a")).toBe(false);
  }
  const back = [
    await Device.open("dot", away),
    await Device.open("ann", sleeping),
    await Device.open("cid", listening[2]),
    await Device.open("eve"),
  ];
  await stage.act("ben", "like", "c");
  await stage.act("ann", "like", "b");
  await Promise.all(still.map((one) => one.settle()));
  const later = listening.flatMap(({ texts }, i) => (i === 2 ? [] : texts.slice(heard[i])));
  for (const text of [...later, ...back.flatMap(({ texts }) => texts)])
    expect(holds(text, "a")).toBe(false);

  await documents.liftTakedown(tenant.number, "a");
  expect(stage.fresh("ben", 20)).toContain("a");
  for (const one of [...still, ...back]) one.close();
});
