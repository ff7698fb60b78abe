/** The write door over HTTP, asked directly: what it takes, what it refuses, and what each answer says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basic, given, openStage, type Result, type Stage } from "./harness.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

interface Capture {
  requests: {
    method: "GET" | "POST";
    url: string;
    headers: Record<string, string>;
    body?: { truncated?: string };
  }[];
}

let lastId = 0;
const event = (change: object = {}) => ({
  type: "track",
  event: "Song Played",
  userId: "u1",
  messageId: `m${++lastId}`,
  properties: { track_id: "t1" },
  ...change,
});
const batch = (...events: unknown[]) => ({ batch: events, sentAt: new Date().toISOString() });

describe("a batch", () => {
  test("is answered after it is durable, with counts and a position", async () => {
    const answer = await stage.post("/v1/batch", batch(event(), event()));
    expect(answer.statusCode).toBe(200);
    const { position, ...rest } = answer.json();
    expect(rest).toEqual({ success: true, accepted: 2, duplicates: 0, results: [] });
    expect(position).toBe(`${stage.attune.log.epoch}.${stage.attune.log.head()}`);
  });

  test("sent again is told duplicate, each event by its place and id", async () => {
    const first = event();
    const twice = batch(first, event());
    await stage.post("/v1/batch", twice);
    const before = stage.attune.log.head();
    const { accepted, duplicates, results, position } = (
      await stage.post("/v1/batch", twice)
    ).json();
    expect([accepted, duplicates]).toEqual([0, 2]);
    expect(results).toMatchObject([
      { index: 0, result: "duplicate", messageId: first.messageId },
      { index: 1, result: "duplicate" },
    ]);
    expect(Number(position.split(".")[1])).toBeGreaterThanOrEqual(before);
  });

  test("with one bad event of each kind keeps every good neighbour and says how to mend", async () => {
    const good = [event(), event(), event(), event(), event(), event()];
    const deep = `${'{"a":'.repeat(40)}1${"}".repeat(40)}`;
    const texts = [
      JSON.stringify(good[0]),
      `{"type":"track", nonsense`.replace("{", "{") + "}",
      JSON.stringify(good[1]),
      JSON.stringify(
        event({ properties: { s: Array.from({ length: 8 }, () => "x".repeat(8_000)) } }),
      ),
      JSON.stringify(good[2]),
      JSON.stringify(event({ userId: undefined })),
      JSON.stringify(good[3]),
      `{"type":"track","event":"e","userId":"u","properties":${deep}}`,
      JSON.stringify(good[4]),
      `{"type":"track","event":"e","userId":"u","properties":{"__proto__":{"x":1}}}`,
      JSON.stringify(good[5]),
      "null",
    ];
    const answer = await stage.post("/v1/batch", `{"batch":[${texts.join(",")}]}`);
    expect(answer.statusCode).toBe(200);
    const { accepted, results } = answer.json();
    expect(accepted).toBe(good.length);
    expect(results.map((one: Result) => [one.index, one.reason])).toEqual([
      [1, "json_invalid"],
      [3, "event_too_large"],
      [5, "event_invalid"],
      [7, "event_too_large"],
      [9, "event_invalid"],
      [11, "json_invalid"],
    ]);
    for (const one of results) {
      expect(one).toMatchObject({
        result: "drop",
        fix: expect.any(String),
        detail: expect.any(String),
      });
      expect(one.deadLetter).toMatch(/^dl_[0-9A-Za-z]{22}$/);
    }
    const ids = new Set((await stage.stored()).map(({ messageHash }) => messageHash));
    expect(good.length).toBeLessThanOrEqual(ids.size);
  });

  test("batchEventsMax is the limit: those beyond it are dropped one by one", async () => {
    const small = await openStage({ settings: { batchEventsMax: "3" } });
    const five = batch(event(), event(), event(), event(), event());
    const { accepted, results } = (await small.post("/v1/batch", five)).json();
    expect(accepted).toBe(3);
    expect(results.map((one: Result) => [one.index, one.reason])).toEqual([
      [3, "batch_too_long"],
      [4, "batch_too_long"],
    ]);
    const many = `{"batch":[${"1,".repeat(5_000)}1]}`;
    expect((await small.post("/v1/batch", many)).statusCode).toBe(400);
    await small.close();
  });

  test.each([
    ["no JSON", "nonsense"],
    ["nothing", ""],
    ["cut short", `{"batch":[{"type":"track"}`],
    ["an empty batch", `{"batch":[]}`],
    ["no batch", `{"writeKey":"x"}`],
    ["a batch that is no array", `{"batch":{}}`],
    ["an array", `[{"type":"track"}]`],
    ["text after it", `{"batch":[{"type":"track"}]} x`],
    ["another name before", `{"x":1`],
  ])("%s is 400 and says what is wrong", async (_name, body) => {
    const answer = await stage.post("/v1/batch", body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({
      code: "batch_invalid",
      caller: expect.any(String),
    });
  });
});

describe("single calls", () => {
  test.each([
    ["track", "t"],
    ["identify", "i"],
    ["page", "p"],
    ["screen", "s"],
    ["group", "g"],
    ["alias", "a"],
  ])(
    "/v1/%s, its short name and a slash behind it take an event without a type",
    async (long, short) => {
      for (const path of [`/v1/${long}`, `/v1/${short}`, `/v1/${long}/`, `/v1/${short}/`]) {
        const { type: _, ...rest } = event({ traits: {}, groupId: "g", previousId: "old" });
        const answer = await stage.post(path, { ...rest, sentAt: new Date().toISOString() });
        expect(answer.statusCode).toBe(200);
        expect(answer.json()).toMatchObject({ success: true, accepted: 1 });
      }
    },
  );

  test("one that is no JSON is 400, one with a fault is a verdict", async () => {
    expect((await stage.post("/v1/t", "{")).statusCode).toBe(400);
    const answer = await stage.post("/v1/t", { event: "", userId: "u" });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().results).toMatchObject([
      { index: 0, reason: "event_invalid", field: "event" },
    ]);
  });

  test("a client's report about itself is taken and thrown away", async () => {
    const before = stage.attune.log.head();
    expect((await stage.post("/v1/m", { series: [] })).json()).toEqual({ success: true });
    expect(stage.attune.log.head()).toBe(before);
  });
});

describe("the key", () => {
  const send = (headers: Record<string, string>, body: object = {}, path = "/v1/batch") =>
    stage.app.inject({
      method: "POST",
      url: path,
      headers,
      payload: { ...batch(event()), ...body },
    });

  test("counts in each of its places", async () => {
    const key = stage.made.writeKey;
    const answers = [
      await send({ authorization: basic(key) }),
      await send({ authorization: `Bearer ${key}` }),
      await send({ "x-write-key": key }),
      await send({}, { writeKey: key }),
      await send({}, { api_key: key }),
      await send({}, {}, `/v1/b?writeKey=${key}`),
      await send({}, {}, `/beacon/v1/batch?writeKey=${key}`),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200));
  });

  test("that nobody has, or none at all, is 401 and nothing is stored", async () => {
    const before = stage.attune.log.head();
    const wrong = stage.made.writeKey.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    for (const headers of [{}, { authorization: basic(wrong) }, { authorization: basic("") }]) {
      const answer = await send(headers);
      expect(answer.statusCode).toBe(401);
      expect(answer.json().error.code).toBe("key_invalid");
    }
    expect(stage.attune.log.head()).toBe(before);
  });

  test("of the public kind claims, of the server kind proves", async () => {
    const ids = [event(), event()].map((one) => ({ ...one, userId: `who${one.messageId}` }));
    await send({ authorization: basic(stage.made.writeKey) }, batch(ids[0]));
    await send({ authorization: basic(stage.made.serverKey) }, batch(ids[1]));
    const stored = await stage.stored();
    const identityOf = (id: string) =>
      stored.find(({ payload }) => payload["userId"] === id)?.identity;
    expect(ids.map(({ userId }) => identityOf(userId))).toEqual(["claimed", "verified"]);
  });
});

describe("packed bodies", () => {
  const text = () => Buffer.from(JSON.stringify(batch(event())));

  test.each<[string, string | undefined, (bytes: Buffer) => Buffer]>([
    ["gzip", "gzip", gzipSync],
    ["gzip that says nothing", undefined, gzipSync],
    ["deflate", "deflate", deflateSync],
    ["deflate without its header", "deflate", deflateRawSync],
    ["identity", "identity", (bytes) => bytes],
    ["a byte order mark", undefined, (bytes) => Buffer.concat([Buffer.from("\ufeff"), bytes])],
  ])("%s is taken whatever the type says", async (_name, encoding, pack) => {
    for (const type of ["application/x-www-form-urlencoded", "text/plain", "///", undefined]) {
      const headers = { "content-encoding": encoding, "content-type": type };
      const answer = await stage.post("/v1/batch", pack(text()), headers);
      expect([answer.statusCode, answer.json().accepted]).toEqual([200, 1]);
    }
  });

  test.each(["br", "zstd", "gzip, gzip", "compress", "x"])("%s is 415", async (encoding) => {
    const answer = await stage.post("/v1/batch", brotliCompressSync(text()), {
      "content-encoding": encoding,
    });
    expect(answer.statusCode).toBe(415);
    expect(answer.json().error.code).toBe("encoding_unsupported");
  });

  test("bombs are 413 or 415, quickly and in flat memory", async () => {
    const zeros = Buffer.alloc(100_000_000, 0x20);
    const bombs: [Buffer, string, number][] = [
      [gzipSync(zeros), "gzip", 413],
      [deflateSync(zeros), "deflate", 413],
      [brotliCompressSync(zeros, { params: { 1: 1 } }), "br", 415],
      [gzipSync(gzipSync(zeros)), "gzip, gzip", 415],
      [gzipSync(gzipSync(zeros)), "gzip", 400],
    ];
    const before = process.memoryUsage().rss;
    const started = process.cpuUsage();
    for (let round = 0; round < 10; round++) {
      for (const [bytes, encoding, status] of bombs) {
        const answer = await stage.post("/v1/batch", bytes, { "content-encoding": encoding });
        expect(answer.statusCode).toBe(status);
      }
    }
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000 / 50).toBeLessThan(100);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  test("what is broken in the middle is 400", async () => {
    const half = gzipSync(text()).subarray(0, 40);
    const answer = await stage.post("/v1/batch", half, { "content-encoding": "gzip" });
    expect(answer.statusCode).toBe(400);
  });
});

describe("hostile bodies", () => {
  test.each<[string, string]>([
    ["a million brackets", "[".repeat(1_000_000)],
    ["a million objects", '{"a":'.repeat(700_000)],
    ["a batch of brackets", `{"batch":[${"[".repeat(2_000_000)}`],
    ["deep events", `{"batch":[${`${"[".repeat(16_000)}${"]".repeat(16_000)},`.repeat(100)}1]}`],
    ["four megabytes of commas", `{"batch":[${",".repeat(4_000_000)}]}`],
    ["a quote that never closes", `{"batch":["${'\\"'.repeat(1_000_000)}`],
    ["a million keys", `{"batch":[{${'"a":1,'.repeat(600_000)}"b":1}]}`],
    [
      "a million digits",
      `{"batch":[{"type":"track","event":"e","userId":${"9".repeat(1_000_000)}}]}`,
    ],
  ])("%s cost less than a second and no 5xx", async (_name, body) => {
    const started = process.cpuUsage();
    const answer = await stage.post("/v1/batch", body);
    const { user, system } = process.cpuUsage(started);
    expect([200, 400]).toContain(answer.statusCode);
    expect((user + system) / 1_000).toBeLessThan(1_000);
    expect(answer.body.length).toBeLessThan(5_000_000);
  });

  test("batchBytesMax is the limit, plain and unpacked", async () => {
    const small = await openStage({ settings: { batchBytesMax: "65536" } });
    const bodyOf = (bytes: number) => {
      const padded = [event(), event(), event()].map((one) => ({ ...one, context: { pad: "" } }));
      const left = bytes - JSON.stringify(batch(...padded)).length;
      padded.forEach(({ context }, i) => {
        context.pad = "x".repeat(Math.floor((left + i) / 3));
      });
      const text = JSON.stringify(batch(...padded));
      expect(text.length).toBe(bytes);
      return text;
    };
    expect((await small.post("/v1/batch", bodyOf(65_536))).statusCode).toBe(200);
    const over = await small.post("/v1/batch", bodyOf(65_537));
    expect([over.statusCode, over.json().error.code]).toEqual([413, "body_too_large"]);
    const gzip = { "content-encoding": "gzip" };
    expect((await small.post("/v1/batch", gzipSync(bodyOf(65_536)), gzip)).statusCode).toBe(200);
    expect((await small.post("/v1/batch", gzipSync(bodyOf(65_537)), gzip)).statusCode).toBe(413);
    await small.close();
  });

  test("naughty strings anywhere are answered, stored and keep their neighbours", async () => {
    const folder = join(import.meta.dirname, "../data/blns");
    const strings = JSON.parse(readFileSync(join(folder, "blns.json"), "utf8")) as string[];
    for (let at = 0; at < strings.length; at += 40) {
      const part = strings.slice(at, at + 40);
      const naughty = part.flatMap((text) => [
        event({ event: text || "x", properties: { title: text, [text || "x"]: text } }),
        event({ userId: text, anonymousId: "a1", traits: { [text]: text } }),
        event({ messageId: text }),
      ]);
      const good = event();
      const answer = await stage.post("/v1/batch", batch(...naughty, good));
      expect(answer.statusCode).toBe(200);
      const { results } = answer.json();
      expect(results.filter(({ index }: Result) => index === naughty.length)).toEqual([]);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("the recorded captures are all taken, over every route they used", async () => {
    const folder = join(import.meta.dirname, "../data/captures");
    const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
    let requests = 0;
    for (const file of files) {
      const capture = JSON.parse(readFileSync(join(folder, file), "utf8")) as Capture;
      for (const { method, url, headers, body } of capture.requests) {
        const key = stage.made.writeKey;
        const answer = await stage.app.inject({
          method,
          url: url.replace("wk_test", key),
          headers: given({
            ...headers,
            Authorization: headers["Authorization"] === undefined ? undefined : basic(key),
            "content-length": undefined,
          }),
          ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
        });
        requests += 1;
        const isCut = body?.truncated !== undefined;
        expect([url, answer.statusCode]).toEqual([url, isCut ? 400 : 200]);
        if (method !== "POST" || isCut) continue;
        expect(answer.json().results.filter((one: Result) => one.result === "drop")).toEqual([]);
      }
    }
    expect(requests).toBeGreaterThan(15);
  });
});
