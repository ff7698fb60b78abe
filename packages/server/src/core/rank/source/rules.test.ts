import { expect, test } from "vitest";
import fc from "fast-check";
import { emptyState } from "../../fold/state.ts";
import { Models } from "../../sum/models.ts";
import { Scores } from "../scores.ts";
import { ruleDefaults, Rules } from "./rules.ts";

const now = 28 * 86_400_000 * 100;
const item = fc.constantFrom(..."abcde".split(""));
const session = fc.array(item, { minLength: 1, maxLength: 12 });

/** Sessions begin one a minute, in the order given. */
function ask(sessions: readonly (readonly string[])[], clicks: readonly string[]) {
  const models = new Models();
  sessions.forEach((items, keyLo) =>
    items.forEach((key, index) => {
      const minute = 1_000 + keyLo;
      models.add({ model: "sessions", keyHi: 1, keyLo, index, item: key, minute, delta: 1 });
    }),
  );
  const state = emptyState(1, "u");
  for (const key of clicks) {
    state.ring.push({ item: key, type: "view", strength: 1, permille: -1, at: now });
  }
  return { state, models, now, context: {} };
}

function scoresOf(asked: ReturnType<typeof ask>, rules: Rules): Scores {
  const scores = new Scores();
  scores.reserve(asked.models.items.size);
  rules.score(asked, scores);
  return scores;
}

/** 840 / gap for every pair up to eight steps apart, as the definition says it. */
function rowOf(sessions: readonly (readonly string[])[], from: string): Map<string, number> {
  const row = new Map<string, number>();
  for (const items of sessions) {
    items.forEach((to, place) => {
      for (let gap = 1; gap <= 8 && gap <= place; gap++) {
        if (items[place - gap] === from) row.set(to, (row.get(to) ?? 0) + 840 / gap);
      }
    });
  }
  return row;
}

test("an item's score is its share of the rows of the last items", () => {
  fc.assert(
    fc.property(fc.array(session, { minLength: 1, maxLength: 12 }), item, (sessions, from) => {
      // A shop's own words stand before the item, so that it is not the newest and nothing weighs on repeats.
      const asked = ask(sessions, [from, "x"]);
      const neutral = { ...ruleDefaults, last: 2, lastFade: 0, earlier: 1 };
      const scores = scoresOf(asked, new Rules(neutral));
      const row = rowOf(sessions, from);
      const total = [...row.values()].reduce((sum, count) => sum + count, 0);
      expect(scores.count).toBe(row.size);
      for (const [key, count] of row) {
        const expected = Math.floor((count / total) * 2 ** 13 * 2 ** 12);
        expect(scores.get(asked.models.items.find(key))).toBe(expected);
      }
    }),
  );
});

test("a row is counted over the newest sessions alone", () => {
  const asked = ask(
    [
      ["a", "b"],
      ["a", "c"],
      ["a", "c"],
    ],
    ["a", "x"],
  );
  const scores = scoresOf(asked, new Rules({ ...ruleDefaults, m: 2 }));
  expect(scores.has(asked.models.items.find("c"))).toBe(true);
  expect(scores.has(asked.models.items.find("b"))).toBe(false);
});

test("parts are the user's events and sum to the score; scores are integers below 2^32", () => {
  fc.assert(
    fc.property(
      fc.array(session, { maxLength: 12 }),
      fc.array(item, { minLength: 1, maxLength: 4 }),
      (sessions, clicks) => {
        const asked = ask(sessions, clicks);
        const rules = new Rules({ ...ruleDefaults, last: 3 });
        const scores = scoresOf(asked, rules);
        for (let i = 0; i < scores.count; i++) {
          const id = scores.touched[i]!;
          const score = scores.get(id);
          expect(Number.isInteger(score) && score < 2 ** 32).toBe(true);
          const parts = rules.parts(asked, id);
          expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBe(score);
          for (const { because } of parts) expect(clicks).toContain(because);
        }
      },
    ),
  );
});
