/** The WebSocket door from outside, over bare sockets: frames, codes, limits, time. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Centrifuge } from "centrifuge";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type LiveStage, openLiveStage, placement, seed, waiter } from "./live-stage.ts";

/** A line from the server, as far as these tests look at it. */
interface Line {
  id?: number;
  connect?: { subs: Record<string, unknown> };
  subscribe?: { data: { items: unknown[] } };
  error?: { code: number };
}

let stage: LiveStage;
beforeAll(async () => {
  stage = await openLiveStage();
  await seed(stage);
});
afterAll(() => stage.close());

describe("the socket", () => {
  let raw: WebSocket;
  const lines = waiter<Line>();
  beforeEach(() => {
    lines.waiting.length = 0;
  });
  afterEach(() => raw.terminate());

  async function bare(path = "/connection/websocket", options = {}): Promise<void> {
    raw = new WebSocket(`ws://${stage.host}${path}`, options);
    raw.on("message", (data: Buffer) => {
      for (const line of data.toString().split("\n")) lines.put(JSON.parse(line) as Line);
    });
    await once(raw, "open");
  }
  const closed = async (): Promise<number> => (await once(raw, "close"))[0] as number;
  const say = (...commands: object[]): void =>
    raw.send(commands.map((command) => JSON.stringify(command)).join("\n"));

  test("commands in the first frame wait for the token and are answered in order", async () => {
    await bare();
    const token = await stage.token("eager");
    say(
      { id: 1, connect: { token } },
      { id: 2, subscribe: { channel: `reco:${placement}#eager`, data: { limit: 3 } } },
      { id: 3, rpc: { method: "ack", data: { channel: "user:eager", offset: 0 } } },
      { id: 4, subscribe: { channel: `reco:${placement}#eager` } },
    );
    const replies: Line[] = [];
    for (let i = 0; i < 4; i++) replies.push(await lines.next());
    expect(replies.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(replies[0]!.connect!.subs["user:eager"]).toMatchObject({ recoverable: true, offset: 0 });
    expect(replies[1]!.subscribe!.data.items.length).toBe(3);
    expect(replies[3]!.error).toMatchObject({ code: 105 });
  });

  test("a command before connect, and a frame that is none, are 3501", async () => {
    await bare();
    say({ id: 1, rpc: { method: "ack" } });
    expect(await closed()).toBe(3501);
    for (const frame of ["nonsense", "[]", '{"id":-1}', '{"id":1,"connect":3}', "\n"]) {
      await bare();
      raw.send(frame);
      expect(await closed()).toBe(3501);
    }
  });

  test("a frame over the limit is 1009", async () => {
    await bare();
    raw.send("x".repeat(65_537));
    expect(await closed()).toBe(1009);
  });

  test("a flag that asks for it gets 112 where nothing can be recovered", async () => {
    await bare();
    const channel = `reco:${placement}#flagged`;
    const lost = { channel, recover: true, epoch: "gone", offset: 3, flag: 3 };
    say({ id: 1, connect: { token: await stage.token("flagged") } }, { id: 2, subscribe: lost });
    await lines.next();
    expect((await lines.next()).error).toMatchObject({ code: 112 });
  });

  test("too many commands are refused for now, and then for good", async () => {
    await bare();
    const calls = Array.from({ length: 400 }, (_, i) => ({ id: i + 2, rpc: { method: "x" } }));
    say({ id: 1, connect: { token: await stage.token("flood") } }, ...calls);
    expect(await closed()).toBe(3013);
    const codes = new Set(lines.waiting.map(({ error }) => error?.code));
    expect(codes).toContain(104);
    expect(codes).toContain(111);
  });

  test("a foreign page is refused at the upgrade, a page of this host is not", async () => {
    await expect(bare(undefined, { origin: "https://evil.example" })).rejects.toThrow("403");
    await bare(undefined, { origin: `http://${stage.host}` });
  });

  test("another encoding is refused clearly, and this one named back", async () => {
    const protobuf = new WebSocket(`ws://${stage.host}/connection/websocket`, [
      "centrifuge-protobuf",
    ]);
    expect(String((await once(protobuf, "error"))[0])).toContain("400");
    await expect(bare("/connection/websocket?format=protobuf")).rejects.toThrow("400");
    raw = new WebSocket(`ws://${stage.host}/connection/websocket`, ["centrifuge-json"]);
    await once(raw, "open");
    expect(raw.protocol).toBe("centrifuge-json");
  });

  test.each([
    ["sockets", { socketsMax: 0 }],
    ["sockets of an address", { socketsPerAddressMax: 0 }],
    ["handshakes a second", { handshakesPerSMax: 0 }],
  ])(
    "too many %s are refused before the upgrade, with the time to come back",
    async (_of, limits) => {
      const full = await openLiveStage({ limits });
      const client = new WebSocket(`ws://${full.host}/connection/websocket`);
      const [, answer] = (await once(client, "unexpected-response")) as [unknown, IncomingMessage];
      expect(answer.statusCode).toBe(503);
      expect(answer.headers["retry-after"]).toMatch(/^[1-5]$/);
      answer.destroy();
      await full.close();
    },
  );

  test("another path is not ours", async () => {
    await expect(bare("/elsewhere")).rejects.toThrow("404");
  });
});

describe("a slow consumer", () => {
  test("is let go with 3008 or cut off, and costs the others nothing", async () => {
    const huge = "x".repeat(524_288);
    const crowded = await openLiveStage({ track: async () => huge });
    try {
      await seed(crowded);
      const raw = new WebSocket(`ws://${crowded.host}/connection/websocket`);
      await once(raw, "open");
      raw.send(JSON.stringify({ id: 1, connect: { token: await crowded.token("slow") } }));
      await once(raw, "message");
      raw.pause();
      const good = new Centrifuge(`ws://${crowded.host}/connection/websocket`, {
        websocket: WebSocket,
        token: await crowded.token("good"),
      });
      const heard = waiter<unknown>();
      good.on("publication", heard.put);
      good.connect();
      await good.ready();
      for (let id = 2; crowded.figures().slow === 0; id++) {
        raw.send(JSON.stringify({ id, rpc: { method: "track", data: {} } }));
        await good.rpc("ack", { channel: "user:good", offset: 0 }).catch(() => crowded.wait(1_000));
        expect(id).toBeLessThan(190);
      }
      await crowded.act("good", "play", "w");
      await heard.next();
      raw.resume();
      expect([3008, 1006]).toContain((await once(raw, "close"))[0]);
      expect(crowded.figures().slow).toBe(1);
      good.disconnect();
    } finally {
      await crowded.close();
    }
  });
});

describe("time", () => {
  let clocked: LiveStage;
  beforeAll(async () => {
    clocked = await openLiveStage({
      limits: { devicesPerUserMax: 2, channelsPerSocketMax: 2, tickMs: 5 },
    });
  });
  afterAll(() => clocked.close());

  async function silent(first?: object[]): Promise<{ raw: WebSocket; frames: string[] }> {
    const raw = new WebSocket(`ws://${clocked.host}/connection/websocket`);
    const frames: string[] = [];
    raw.on("message", (data: Buffer) => frames.push(data.toString()));
    await once(raw, "open");
    if (first !== undefined) {
      raw.send(first.map((command) => JSON.stringify(command)).join("\n"));
      await once(raw, "message");
    }
    return { raw, frames };
  }
  const code = async (raw: WebSocket): Promise<number> => (await once(raw, "close"))[0] as number;

  test("who never connects is stale, who never pongs is dropped, who never refreshes expires", async () => {
    const { raw: stale } = await silent();
    const { raw: mute, frames } = await silent([
      { id: 1, connect: { token: await clocked.token("mute") } },
    ]);
    clocked.wait(10_000);
    expect(await code(stale)).toBe(3502);
    clocked.wait(15_000);
    await once(mute, "message");
    expect(frames.at(-1)).toBe("{}");
    clocked.wait(8_000);
    expect(await code(mute)).toBe(3012);
    const { raw: old } = await silent([
      { id: 1, connect: { token: await clocked.token("old", 10) } },
    ]);
    clocked.wait(35_000);
    expect(await code(old)).toBe(3005);
  });

  test("a third device is one too many, and so is a third channel", async () => {
    const token = await clocked.token("crowded");
    const first = await silent([{ id: 1, connect: { token } }]);
    const second = await silent([{ id: 1, connect: { token } }]);
    const third = await silent();
    third.raw.send(JSON.stringify({ id: 1, connect: { token } }));
    expect(await code(third.raw)).toBe(3504);
    const channels = ["for-you", "trending"].map((name) => `reco:${name}#crowded`);
    const subscribes = channels.map((channel, i) => ({ id: i + 2, subscribe: { channel } }));
    second.raw.send(subscribes.map((command) => JSON.stringify(command)).join("\n"));
    expect(await code(second.raw)).toBe(3505);
    first.raw.terminate();
  });
});
