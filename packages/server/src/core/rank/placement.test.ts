import { expect, test } from "vitest";
import { weightOne } from "./blend.ts";
import { objectivesDefault } from "./learned/objectives.ts";
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

test("worths have their defaults, and a placement without them has none", () => {
  const of = (more: object) =>
    findPlacement(
      defined(builtInDefinitions, { kind: "placement", name: "x", sources: {}, ...more }),
      "x",
    )!.objectives;
  expect(of({})).toBe(undefined);
  expect(of({ objectives: {} })).toEqual(objectivesDefault);
  expect(of({ objectives: { skip: 0 } })).toEqual({ ...objectivesDefault, skip: 0 });
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
  expect(fieldOf({ sessionShift: false })).toBe(undefined);
  expect(fieldOf({ sessionShift: "no" })).toBe("sessionShift");
  expect(fieldOf({ stability: { keepOnScreen: 1 } })).toBe("stability.keepOnScreen");
  const worth = (objectives: object) => fieldOf({ objectives });
  expect(worth({})).toBe(undefined);
  expect(worth({ take: 1_000, complete: 1_000, skip: -1_000 })).toBe(undefined);
  expect(worth({ take: 0, complete: -1_000, skip: 1_000 })).toBe(undefined);
  expect(worth({ take: 1_001 })).toBe("objectives.take");
  expect(worth({ take: -1 })).toBe("objectives.take");
  expect(worth({ complete: 1_001 })).toBe("objectives.complete");
  expect(worth({ skip: -1_001 })).toBe("objectives.skip");
  expect(worth({ skip: 0.5 })).toBe("objectives.skip");
  expect(worth({ like: 1 })).toBe("objectives.like");
  const explored = (more: object) => fieldOf({ exploration: more });
  expect(explored({ everySlots: 2, firstSlot: 199, arms: 16, uniformPermille: 1_000 })).toBe(
    undefined,
  );
  expect(explored({ everySlots: 1 })).toBe("exploration.everySlots");
  expect(explored({ firstSlot: 200 })).toBe("exploration.firstSlot");
  expect(explored({ arms: 17 })).toBe("exploration.arms");
  expect(explored({ arms: 1 })).toBe("exploration.arms");
  expect(explored({ uniformPermille: 0 })).toBe("exploration.uniformPermille");
  expect(explored({ share: 10 })).toBe("exploration.share");
});

test("the order of a tail is chance's only where a document says so, and never beside diversity", () => {
  const put = (more: object) =>
    findPlacement(
      defined(builtInDefinitions, { kind: "placement", name: "x", sources: {}, ...more }),
      "x",
    )!.tailShuffle;
  expect(put({})).toBe(undefined);
  expect(put({ tailShuffle: {} })).toEqual({ firstSlot: 5, temperaturePermille: 200 });
  const most = { firstSlot: 199, temperaturePermille: 10_000 };
  expect(put({ tailShuffle: most })).toEqual(most);
  for (const [name, value] of [
    ["firstSlot", 200],
    ["firstSlot", -1],
    ["temperaturePermille", 9],
    ["temperaturePermille", 10_001],
    ["slots", 1],
  ] as const)
    expect(() => put({ tailShuffle: { [name]: value } })).toThrow(`tailShuffle.${name}`);
  expect(() => put({ tailShuffle: {}, diversity: {} })).toThrow("diversity");
  const builtIn = Object.values(builtInDefinitions.placements);
  expect(builtIn.filter(({ tailShuffle }) => tailShuffle !== undefined)).toEqual([]);
});

test("one slot in ten may be drawn where nothing else is said, and none where no budget is", () => {
  const put = (more: object) => {
    const document = { kind: "placement", name: "x", sources: {}, ...more };
    return findPlacement(defined(builtInDefinitions, document), "x")!.exploration;
  };
  expect(put({})).toBe(undefined);
  expect(put({ exploration: {} })).toEqual({
    everySlots: 10,
    firstSlot: 2,
    arms: 8,
    uniformPermille: 50,
  });
  const drawing = Object.values(builtInDefinitions.placements).filter(
    ({ exploration }) => exploration !== undefined,
  );
  expect(drawing.map(({ name }) => name)).toEqual(["up-next", "for-you"]);
});

test("built-in placements ask sources that exist", () => {
  const names = [...sourcesOf().map(({ name }) => name), "context"];
  for (const { sources, fallback } of Object.values(builtInDefinitions.placements)) {
    for (const name of Object.keys({ ...sources, ...fallback })) expect(names).toContain(name);
  }
});
