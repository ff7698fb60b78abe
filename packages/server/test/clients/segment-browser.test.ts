/**
 * The unmodified `@segment/analytics-next` in Chromium, on a page of another origin: settings, preflights, both
 * delivery strategies, and no event lost or doubled by faults. Skipped where there is no /usr/bin/chromium.
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { subjectOf } from "../../src/ingest/subject.ts";
import { openStage, type Stage } from "./harness.ts";

const executablePath = "/usr/bin/chromium";
const isThere = existsSync(executablePath);
const entry = fileURLToPath(import.meta.resolve("@segment/analytics-next"));
const bundles = join(dirname(entry), "../umd");

let browser: Browser;
let pages: Server;
let pageUrl: string;
let stage: Stage;
let page: Page;
let foreign: string[];

beforeAll(async () => {
  if (!isThere) return;
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  pages = createServer((request, response) => {
    const name = basename(new URL(request.url ?? "/", "http://x").pathname);
    const isScript = name.endsWith(".js") && existsSync(join(bundles, name));
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? readFileSync(join(bundles, name)) : '<script src="/index.js"></script>',
    );
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  pageUrl = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
});
afterEach(async () => {
  await page?.close();
  await stage?.close();
});

/** Opens the page and loads the client with nothing but a write key and our address. */
async function load(between?: (app: FastifyInstance) => void, options = "{}"): Promise<void> {
  stage = await openStage(between === undefined ? {} : { between });
  page = await browser.newPage();
  foreign = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(stage.url) && !url.startsWith(pageUrl)) foreign.push(url);
  });
  await page.goto(pageUrl);
  const settings = JSON.stringify({ writeKey: stage.made.writeKey, cdnURL: stage.url });
  await page.evaluate(
    `globalThis.client = AnalyticsNext.AnalyticsBrowser.load(${settings}, ${options}); client.ready()`,
  );
}

/** Runs once so many events are in the log. */
async function stored(count: number) {
  const read = async () =>
    (await stage.stored()).filter(({ kind, merged }) => kind === "event" && !merged);
  await vi.waitFor(async () => expect((await read()).length).toBeGreaterThanOrEqual(count), {
    timeout: 30_000,
    interval: 50,
  });
  return read();
}

const calls = `(async () => {
  await client.track("Song Played", { track_id: "t1" });
  await client.page("Home", { path: "/" });
  await client.identify("u1", { plan: "pro" });
  await client.track("Song Liked", { track_id: "t2" });
  await client.group("g1", { size: 3 });
  await client.alias("u2", "u1");
})()`;

const byText = (a: string, b: string) => (a < b ? -1 : 1);
const why = isThere ? "" : ` (skipped: there is no ${executablePath})`;

describe.skipIf(!isThere)(`analytics-next in Chromium${why}`, () => {
  test.each<[string, string, string[]]>([
    ["batches, as the settings say", "{}", ["/v1/b"]],
    [
      "single calls, as the page may choose",
      `{ integrations: { "Segment.io": { deliveryStrategy: { strategy: "standard" } } } }`,
      ["/v1/t", "/v1/p", "/v1/i", "/v1/g", "/v1/a"],
    ],
  ])(
    "%s: every call arrives, and the visitor who signs in is one person",
    async (_name, options, paths) => {
      const seen = new Set<string>();
      await load((app) => {
        app.addHook(
          "onRequest",
          async ({ method, url }) => void (method === "POST" && seen.add(url)),
        );
      }, options);
      await page.evaluate(calls);
      const events = await stored(6);
      const types = events.map(({ payload }) => String(payload["type"]));
      expect(types.filter((type) => type !== "other").sort(byText)).toEqual([
        "identify",
        "like",
        "play",
      ]);
      expect(types).toHaveLength(6);
      expect(paths.every((path) => seen.has(path))).toBe(true);
      expect(foreign).toEqual([]);
      const anonymousId = (await page.evaluate(
        "client.user().then((user) => user.anonymousId())",
      )) as string;
      const { engine } = stage.attune;
      await engine.settled();
      const { number, key } = stage.tenant;
      const anonymous = subjectOf(key, "anonymous", anonymousId);
      expect(engine.resolve(number, anonymous)).toBe(subjectOf(key, "user", "u1"));
    },
  );

  test("429, 500 and a lost acknowledgement: nothing is lost and nothing doubled", async () => {
    const faults = [429, 500, 200];
    const seen: number[] = [];
    await load((app) => {
      app.addHook("onRequest", async (request, reply) => {
        if (request.method !== "POST" || request.url !== "/v1/b") return;
        const fault = faults.shift();
        seen.push(fault ?? 0);
        reply.header("Access-Control-Allow-Origin", request.headers.origin);
        if (fault === 429) await reply.code(429).header("Retry-After", "1").send({});
        if (fault === 500) await reply.code(500).send({});
        if (fault === 200) request.raw.headers["x-fault"] = "stored";
      });
      app.addHook("onSend", async (request, reply, payload) => {
        if (request.raw.headers["x-fault"] === "stored") reply.code(500);
        return payload;
      });
    });
    await page.evaluate(`(async () => {
      for (let i = 0; i < 10; i++) client.track("Item Viewed", { item_id: "i" + i });
    })()`);
    await vi.waitFor(() => expect(seen).toContain(0), { timeout: 50_000, interval: 50 });
    const items = (await stored(10)).map(({ payload }) => payload["item"]);
    expect(items).toHaveLength(10);
    expect(new Set(items).size).toBe(10);
    expect(seen.slice(0, 3)).toEqual([429, 500, 200]);
  });

  test("what waits when the page is left still arrives", async () => {
    await load();
    await page.evaluate(`client.track("Item Viewed", { item_id: "last" })`);
    await page.goto("about:blank");
    expect((await stored(1)).map(({ payload }) => payload["item"])).toEqual(["last"]);
  });
});
