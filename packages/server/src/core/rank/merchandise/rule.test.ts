import { expect, test } from "vitest";
import { builtInDefinitions, defined, type Definitions } from "../placement.ts";
import { RequestError } from "../request-error.ts";
import { hasBorder, ruleOf } from "./rule.ts";

function fieldOf(more: object): unknown {
  try {
    ruleOf({ kind: "rule", id: "r", boost: 2, ...more }, 1);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    return (error as RequestError).field;
  }
}

test("a rule names the field that cannot be meant, at the limit and one past it", () => {
  expect(fieldOf({ id: "i".repeat(64) })).toBe(undefined);
  expect(fieldOf({ id: "i".repeat(65) })).toBe("id");
  expect(fieldOf({ boost: 100 })).toBe(undefined);
  expect(fieldOf({ boost: 101 })).toBe("boost");
  expect(fieldOf({ boost: 1.5 })).toBe("boost");
  expect(fieldOf({ bury: 1 })).toBe("bury");
  expect(fieldOf({ items: Array.from({ length: 1_000 }, (_, i) => `${i}`) })).toBe(undefined);
  expect(fieldOf({ items: Array.from({ length: 1_001 }, (_, i) => `${i}`) })).toBe("items");
  expect(fieldOf({ items: ["a", ""] })).toBe("items[1]");
  expect(fieldOf({ items: ["a"], pin: { slot: 199 } })).toBe(undefined);
  expect(fieldOf({ items: ["a"], pin: { slot: 200 } })).toBe("pin.slot");
  expect(fieldOf({ pin: { slot: 0 } })).toBe("items");
  expect(fieldOf({ ceiling: { attribute: "age" } })).toBe("ceiling.max");
  expect(fieldOf({ licence: { from: -1 } })).toBe("licence.from");
  expect(fieldOf({ licence: { till: 1 } })).toBe("licence.till");
  expect(fieldOf({ boost: 2, from: 1.5 })).toBe("from");
  expect(fieldOf({ boost: 2, from: 5, until: 5 })).toBe("until");
  expect(fieldOf({ territory: [] })).toBe("territory");
  expect(fieldOf({ label: "l".repeat(65) })).toBe("label");
  expect(fieldOf({ filter: "item." })).toBe("filter");
  expect(fieldOf({ boost: undefined })).toBe("rule");
  expect(fieldOf({ shout: true })).toBe("shout");
});

test("documents come and go, and a definition says what it is", () => {
  const put = (before: Definitions, document: object): Definitions => defined(before, document);
  const rule = put(builtInDefinitions, { kind: "rule", id: "__proto__", boost: 2 });
  expect(Object.keys(rule.rules!)).toEqual(["__proto__"]);
  const back = JSON.parse(JSON.stringify(rule)) as Definitions;
  expect(Object.hasOwn(back.rules!, "__proto__")).toBe(true);
  expect(put(rule, { kind: "rule", id: "__proto__", isRemoved: true }).rules).toEqual({});
  const down = put(rule, { kind: "takedown", itemIds: ["a", "b", "a"], reason: "r" });
  expect(down.takedowns).toEqual({
    a: { reason: "r", version: 2 },
    b: { reason: "r", version: 2 },
  });
  const lifted = put(down, { kind: "takedown", itemIds: ["a"], isLifted: true });
  expect([Object.keys(lifted.takedowns!), lifted.version]).toEqual([["b"], 3]);
  for (const document of [undefined, {}, { kind: "segment" }, { kind: "takedown", itemIds: ["a"] }])
    expect(() => put(rule, document as object)).toThrow(RequestError);
});

test("the times of rules and licences are borders, each seen by one span alone", () => {
  const rules = {
    a: ruleOf({ id: "a", licence: { from: 10 } }, 1),
    b: ruleOf({ id: "b", licence: { until: 20 } }, 1),
    c: ruleOf({ id: "c", boost: 2 }, 1),
    d: ruleOf({ id: "d", boost: 2, from: 100, until: 200 }, 1),
  };
  const spans = [
    [0, 9],
    [9, 10],
    [10, 19],
    [19, 25],
    [25, 99],
  ] as const;
  const seen = spans.map(([after, through]) => hasBorder(rules, after, through));
  expect(seen).toEqual([false, true, false, true, false]);
  expect(hasBorder(undefined, 0, 99)).toBe(false);
  expect([hasBorder(rules, 99, 100), hasBorder(rules, 100, 199)]).toEqual([true, false]);
  expect([hasBorder(rules, 199, 200), hasBorder(rules, 200, 999)]).toEqual([true, false]);
});
