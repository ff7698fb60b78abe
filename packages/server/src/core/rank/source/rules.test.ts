import { expect, test } from "vitest";
import fc from "fast-check";
import { emptyState } from "../../fold/state.ts";
import { Models } from "../../sum/models.ts";
import { Scores } from "../scores.ts";
import { ruleDefaults, Rules } from "./rules.ts";

const now = 28 * 86_400_000 * 100;
const item = fc.constantFrom(..."abcde".split(""));
const cell = fc.record({
  model: fc.constant("transitions" as const),
  from: item,
  to: item,
  period: fc.integer({ min: 95, max: 100 }),
  delta: fc.constantFrom(840, 420, 105),
});

function ask(
  cells: readonly { from: string; to: string; period: number; delta: number }[],
  clicks: string[],
) {
  const models = new Models();
  for (const one of cells) models.add({ model: "transitions", ...one });
  const state = emptyState(1, "u");
  for (const key of clicks) {
    state.ring.push({ item: key, type: "view", strength: 1, permille: -1, at: now });
  }
  return { state, models, now, context: {} };
}

test("an item's score is its share of the rows of the last items", () => {
  const cells = [
    { from: "a", to: "b", period: 100, delta: 840 },
    { from: "a", to: "c", period: 100, delta: 420 },
  ];
  const asked = ask(cells, ["x", "a"]);
  const scores = new Scores();
  new Rules(ruleDefaults).score(asked, scores);
  const [b, c] = ["b", "c"].map((key) => scores.get(asked.models.items.find(key))) as [
    number,
    number,
  ];
  expect(b / c).toBeCloseTo(2, 6);
});

test("parts are the user's events and sum to the score; scores are integers below 2^32", () => {
  fc.assert(
    fc.property(fc.array(cell), fc.array(item, { minLength: 1, maxLength: 4 }), (cells, clicks) => {
      const asked = ask(cells, clicks);
      const rules = new Rules({ ...ruleDefaults, last: 3, periodFade: 2 });
      const scores = new Scores();
      rules.score(asked, scores);
      for (let i = 0; i < scores.count; i++) {
        const id = scores.touched[i]!;
        const score = scores.get(id);
        expect(Number.isInteger(score) && score < 2 ** 32).toBe(true);
        const parts = rules.parts(asked, id);
        expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBe(score);
        for (const { because } of parts) expect(clicks).toContain(because);
      }
    }),
  );
});
