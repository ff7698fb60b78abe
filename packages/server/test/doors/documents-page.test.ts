/** The examples of docs/placements.md are taken by a server as they stand there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parsed } from "../../src/core/rank/filter/parse.ts";
import { ask, served } from "./served.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/placements.md"), "utf8");
const blocks = (kind: string): string[] =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, language]) => language === kind)
    .map(([, , text]) => text!.trim());

test("every request of the page is taken, and what it put is there", async () => {
  const server = await served();
  const { secretKey } = server.keys!;
  const requests = blocks("http");
  expect(requests).toHaveLength(8);
  for (const text of requests) {
    const [first, ...rest] = text.split("\n");
    const [method, path] = first!.split(" ");
    const body = rest.length === 0 ? undefined : (JSON.parse(rest.join("\n")) as object);
    const reply = await ask(server, secretKey, method!, path!, body);
    expect([text, reply.status, reply.body]).toEqual([text, 200, expect.anything()]);
    if (method !== "PUT") continue;
    expect((await ask(server, secretKey, "GET", path!)).body).toMatchObject(body!);
  }
  const { placements, rules } = server.attune.engine.tenant(1).definitions;
  expect([Object.keys(placements), Object.keys(rules!)].flat()).toEqual(
    expect.arrayContaining(["late-night", "christmas-album", "only-here", "for-kids", "more-jazz"]),
  );
});

test("every filter of the page is read", () => {
  const filters = blocks("filter").flatMap((text) => text.split("\n"));
  expect(filters).toHaveLength(5);
  for (const filter of filters) expect(() => parsed(filter)).not.toThrow();
});
