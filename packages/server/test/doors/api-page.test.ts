/** docs/api.md names every route that the server describes, and no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask, served } from "./served.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/api.md"), "utf8");

test("the page and the description have the same routes", async () => {
  const server = await served();
  const { body } = await ask(server, undefined, "GET", "/openapi.json");
  const described = Object.entries(body["paths"] as Record<string, object>).flatMap(
    ([path, operations]) => Object.keys(operations).map((verb) => `${verb.toUpperCase()} ${path}`),
  );
  const named = [...page.matchAll(/`((?:GET|POST|PUT|DELETE|PATCH) \/[^`]*)`/g)].map(
    ([, it]) => it,
  );
  expect(new Set(named)).toEqual(new Set(described));
});
