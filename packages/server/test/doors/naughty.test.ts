/**
 * Naughty strings and bent bodies at every route that the API describes: an answer with a clear verdict, never a
 * fault of ours, and what stands beside them still works. The routes come from /openapi.json, so a new one is
 * in this test the day it is there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask, served } from "./served.ts";
import { played } from "./wire.ts";

const file = join(import.meta.dirname, "../data/blns/blns.json");
const naughty = [
  ...(JSON.parse(readFileSync(file, "utf8")) as string[]),
  "\0",
  "\ud800",
  "x".repeat(300),
  "../../etc/passwd",
  "%00",
  "__proto__",
  "constructor",
];
const bent = [
  "",
  "null",
  "[]",
  '""',
  "{",
  "1e999",
  `${"[".repeat(5_000)}`,
  '{"__proto__":{"x":1}}',
];

interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: object;
}

/** Fills every parameter with this text. */
function addressOf(path: string, parameters: Operation["parameters"], text: string): string {
  // What is no Unicode cannot stand in an address; a sender's library replaces it as well.
  const escaped = encodeURIComponent(text.toWellFormed());
  const filled = path.replaceAll(/\{\w+\}/g, escaped === "" ? "%20" : escaped);
  const query = (parameters ?? []).filter((one) => one.in === "query");
  return `${filled}?${query.map(({ name }) => `${name}=${escaped}`).join("&")}`;
}

test("no route answers a naughty string or a bent body with a fault of ours", async () => {
  const server = await served();
  const { secretKey } = server.keys!;
  const { body } = await ask(server, undefined, "GET", "/openapi.json");
  const paths = body["paths"] as Record<string, Record<string, Operation>>;
  const seen = new Set<number>();
  let asked = 0;
  for (const [path, operations] of Object.entries(paths)) {
    // These have no end, and tests of their own.
    if (path === "/v1/stream" || path === "/connection/uni_sse") continue;
    for (const [method, { parameters, requestBody }] of Object.entries(operations)) {
      const texts = (parameters ?? []).length > 0 ? naughty : [""];
      const bodies = requestBody === undefined ? [undefined] : bent;
      const all = [
        ...texts.map((text) => [text, bodies[0]] as const),
        ...bodies.map((sent) => ["a", sent] as const),
      ];
      for (const [text, sent] of all) {
        const answer = await server.app.inject({
          method: method.toUpperCase() as "GET",
          url: addressOf(path, parameters, text),
          headers: { authorization: `Bearer ${secretKey}` },
          ...(sent === undefined ? {} : { payload: sent }),
        });
        asked += 1;
        seen.add(answer.statusCode);
        const told = JSON.stringify([method, path, text, sent, answer.statusCode]);
        expect(answer.statusCode, told).toBeLessThan(500);
        if (answer.statusCode < 400) continue;
        const { error } = answer.json() as { error: { code: string; message: string } };
        expect([error.code, error.message], told).toEqual([
          expect.stringMatching(/^[a-z_]+$/),
          expect.stringMatching(/\w/),
        ]);
      }
    }
  }
  expect(asked).toBeGreaterThan(3_000);
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404]));
  const sent = { batch: [played("m1", "ada", "lamp")] };
  const { body: taken } = await ask(server, secretKey, "POST", "/v1/batch", sent);
  expect(taken).toMatchObject({ accepted: 1, results: [] });
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});
