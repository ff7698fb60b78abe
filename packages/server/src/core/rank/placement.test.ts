import { expect, test } from "vitest";
import { weightOne } from "./blend.ts";
import { builtInDefinitions, defined, findPlacement } from "./placement.ts";
import { RequestError } from "./request-error.ts";
import { sourcesOf } from "./sources.ts";

test("a document makes the next version, and leaves the one before as it was", () => {
  const document = { kind: "placement", name: "radio", sources: { taste: 5 }, size: 30 };
  const next = defined(builtInDefinitions, document);
  expect(next.version).toBe(1);
  expect(findPlacement(next, "radio")).toEqual({
    name: "radio",
    sources: { taste: 5 },
    fallback: {},
    size: 30,
    exclude: [],
    version: 1,
  });
  expect(findPlacement(next, "up-next")).toBe(findPlacement(builtInDefinitions, "up-next"));
  expect(findPlacement(builtInDefinitions, "radio")).toBe(undefined);
  expect(JSON.parse(JSON.stringify(next))).toEqual(next);
});

test("a placement may replace a built-in one, and be called anything", () => {
  const up = defined(builtInDefinitions, { kind: "placement", name: "up-next", sources: {} });
  expect(findPlacement(up, "up-next")!.sources).toEqual({});
  const odd = defined(builtInDefinitions, { kind: "placement", name: "__proto__", sources: {} });
  expect(findPlacement(odd, "__proto__")!.name).toBe("__proto__");
  expect(findPlacement(builtInDefinitions, "constructor")).toBe(undefined);
});

test("a bad document names its field, at the limit and one past it", () => {
  const fieldOf = (more: object): string | undefined => {
    try {
      defined(builtInDefinitions, { kind: "placement", name: "x", sources: {}, ...more });
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(RequestError);
      return (error as RequestError).field;
    }
  };
  expect(fieldOf({ kind: "segment" })).toBe("kind");
  expect(fieldOf({ name: "n".repeat(64) })).toBe(undefined);
  expect(fieldOf({ name: "n".repeat(65) })).toBe("name");
  expect(fieldOf({ size: 200 })).toBe(undefined);
  expect(fieldOf({ size: 201 })).toBe("size");
  expect(fieldOf({ size: 0 })).toBe("size");
  expect(fieldOf({ sources: { taste: weightOne } })).toBe(undefined);
  expect(fieldOf({ sources: { taste: weightOne + 1 } })).toBe("sources.taste");
  expect(fieldOf({ fallback: { popular: 0 } })).toBe("fallback.popular");
  expect(fieldOf({ exclude: ["current", "other"] })).toBe("exclude");
});

test("built-in placements ask sources that exist", () => {
  const names = [...sourcesOf().map(({ name }) => name), "context"];
  for (const { sources, fallback } of Object.values(builtInDefinitions.placements)) {
    for (const name of Object.keys({ ...sources, ...fallback })) expect(names).toContain(name);
  }
});
