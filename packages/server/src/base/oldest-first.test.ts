import fc from "fast-check";
import { expect, test } from "vitest";
import { OldestFirst } from "./oldest-first.ts";

test("entries stand in the order in which a map holds them whose keys are deleted before they are set", () => {
  const key = fc.integer({ min: 0, max: 9 });
  const step = fc.oneof(
    fc.record({ set: key, value: fc.integer() }),
    fc.record({ drop: key }),
    fc.constant("oldest" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [entries, map] = [new OldestFirst<number, number>(), new Map<number, number>()];
      for (const change of steps) {
        if (change === "oldest") {
          const first = [...map.keys()][0];
          expect(entries.dropOldest()).toBe(first);
          if (first !== undefined) map.delete(first);
        } else if ("drop" in change) {
          expect(entries.delete(change.drop)).toBe(map.delete(change.drop));
        } else {
          map.delete(change.set);
          map.set(change.set, change.value);
          entries.set(change.set, change.value);
        }
        expect([...entries.values()]).toEqual([...map.values()]);
        expect(entries.oldest).toBe([...map.values()][0]);
        expect(entries.size).toBe(map.size);
        for (let k = 0; k < 10; k++) expect(entries.get(k)).toBe(map.get(k));
      }
    }),
  );
});

test("the value at hand may be deleted", () => {
  const entries = new OldestFirst<number, number>();
  for (let i = 0; i < 6; i++) entries.set(i, i);
  for (const value of entries.values()) if (value % 2 === 0) entries.delete(value);
  expect([...entries.values()]).toEqual([1, 3, 5]);
});
