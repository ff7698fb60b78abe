import { expect, test } from "vitest";
import fc from "fast-check";
import { emptyState } from "../../fold/state.ts";
import { Models } from "../../sum/models.ts";
import { Scores } from "../scores.ts";
import { Walk } from "./walk.ts";

const now = 28 * 86_400_000 * 100;
const key = fc.constantFrom(..."abcdef".split(""));
const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("grow"), session: fc.nat(7), key }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("shrink"), session: fc.nat(7), key }) },
  // Cells that arrive out of their order, as merges and forgetting bring them.
  { weight: 1, arbitrary: fc.record({ type: fc.constant("front"), session: fc.nat(7), key }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("ask"), session: fc.nat(7), key }) },
);

function scoresOf(walk: Walk, models: Models, newest: string): Record<string, number> {
  const state = emptyState(1, "u");
  state.ring.push({ item: newest, type: "view", strength: 1, permille: -1, at: now });
  const scores = new Scores();
  scores.reserve(models.items.size);
  walk.score({ state, models, now, context: {} }, scores);
  const found: Record<string, number> = {};
  for (let i = 0; i < scores.count; i++) {
    const item = scores.touched[i]!;
    found[models.items.keys[item]!] = scores.get(item);
  }
  return found;
}

test("what a walk kept of earlier answers is never another answer", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 10, maxLength: 120 }), (changes) => {
      const models = new Models();
      const walk = new Walk();
      const sessions = new Map<number, string[]>();
      const cell = (keyLo: number, index: number, item: string, delta: number) =>
        models.add({ model: "sessions", keyHi: 1, keyLo, index, item, minute: 1_000, delta });
      for (const { type, session, key: item } of changes) {
        const items = sessions.get(session) ?? [];
        sessions.set(session, items);
        if (type === "grow") {
          cell(session, items.length, item, 1);
          items.push(item);
        } else if (type === "shrink" && items.length > 0) {
          cell(session, items.length - 1, items.pop()!, -1);
        } else if (type === "front" && items.length > 0) {
          cell(session, 0, items[0]!, -1);
          cell(session, 0, item, 1);
          items[0] = item;
        } else if (type === "ask" && models.items.find(item) !== -1) {
          const fresh = scoresOf(new Walk(), models, item);
          expect(scoresOf(walk, models, item)).toEqual(fresh);
        }
      }
    }),
  );
});

test("other sums are other rows, though their items and revisions are the same", () => {
  const walk = new Walk();
  const sumsOf = (sessions: string[]): Models => {
    const models = new Models();
    models.items.intern("a");
    models.items.intern("b");
    models.items.intern("c");
    sessions.forEach((items, keyLo) =>
      [...items].forEach((item, index) =>
        models.add({ model: "sessions", keyHi: 1, keyLo, index, item, minute: 1_000, delta: 1 }),
      ),
    );
    return models;
  };
  const [one, two] = [sumsOf(["abc"]), sumsOf(["acb"])];
  const first = scoresOf(walk, one, "a");
  const second = scoresOf(walk, two, "a");
  expect(second).toEqual(scoresOf(new Walk(), two, "a"));
  expect(second).not.toEqual(first);
});
