import type { InteractionEvent } from "@attune/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordSchema } from "../../../base/record.ts";
import { contributionsOf, refold } from "../../fold/apply.ts";
import { purposeBit } from "../../fold/consent.ts";
import { foldLimits, type UserState } from "../../fold/state.ts";
import { Models } from "../../sum/models.ts";
import { solveEase } from "../ease.ts";
import { Scores } from "../scores.ts";
import type { Ask } from "../source.ts";
import { tasteItems } from "../taste-items.ts";
import { Ease } from "./ease.ts";
import { Taste } from "./taste.ts";

const now = 20_500 * 86_400_000;
const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];

function stateOf(user: number, likes: readonly string[]): UserState | undefined {
  return refold(
    likes.map((item, at) => {
      const payload: InteractionEvent = { type: "like", item, strength: 4 };
      const header = {
        schema: recordSchema,
        kind: "event" as const,
        tenant: 1,
        subject: user.toString(16).padStart(32, "0"),
        identity: "verified" as const,
        purposes: purposeBit("personalization"),
        merged: false,
        source: "test",
        at: now + at * 60_000,
        receivedAt: now + at * 60_000,
        messageHash: "",
      };
      return { header, payload };
    }),
    foldLimits,
  );
}

function asksOf(likes: readonly (readonly string[])[], itemsMax: number): Ask[] {
  const models = new Models();
  const states = likes.flatMap((list, user) => stateOf(user, list) ?? []);
  for (const state of states) models.addAll(contributionsOf(state, foldLimits));
  const ease = solveEase(models.cooccurrence, 1, { itemsMax, cellsMax: 1 << 10 });
  return states.map((state) => ({ state, models, now, context: {}, ease }));
}

function scored(source: Ease | Taste, ask: Ask): Record<string, number> {
  const scores = new Scores();
  scores.reserve(ask.models.items.size);
  source.score(ask, scores);
  const touched = [...scores.touched.subarray(0, scores.count)];
  return Object.fromEntries(
    touched.map((item) => [ask.models.items.keys[item]!, scores.get(item)]),
  );
}

const likes = fc.array(fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 6 }), {
  minLength: 2,
  maxLength: 12,
});
const sizes = fc.integer({ min: 1, max: keys.length });

test("a score is the sum of what the taste says, positive, and of no item that the user holds", () => {
  fc.assert(
    fc.property(likes, sizes, (list, size) => {
      const source = new Ease();
      for (const ask of asksOf(list, size)) {
        const { ease, state } = ask;
        const taste = tasteItems(state);
        const expected = ease!.items.flatMap((item, column) => {
          const rows = taste.map((key) => ease!.placeOf(key)).filter((row) => row >= 0);
          const sum = rows.reduce((total, row) => total + ease!.weight(row, column), 0);
          return sum > 0 && !taste.includes(item) ? [[item, sum]] : [];
        });
        expect(scored(source, ask)).toEqual(Object.fromEntries(expected));
      }
    }),
  );
});

test("parts sum to the score exactly, and each is an event that speaks for the item", () => {
  fc.assert(
    fc.property(likes, sizes, (list, size) => {
      const source = new Ease();
      for (const ask of asksOf(list, size)) {
        for (const [key, score] of Object.entries(scored(source, ask))) {
          const parts = source.parts(ask, ask.models.items.find(key));
          expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBe(score);
          for (const { because, amount } of parts) {
            expect(amount).toBeGreaterThan(0);
            expect(tasteItems(ask.state)).toContain(because);
          }
        }
      }
    }),
  );
});

test("an own event acts at once, though the view is older", () => {
  const others = [
    ["a", "b"],
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ];
  const [ask] = asksOf([["a"], ...others], 4);
  const source = new Ease();
  expect(Object.keys(scored(source, ask!))).toEqual(["b"]);
  const moved = { ...ask!, state: stateOf(0, ["a", "c"])! };
  expect(Object.keys(scored(source, moved)).sort()).toEqual(["b", "d"]);
});

test("taste asks the view where it covers half of the taste, and the counts otherwise", () => {
  const list = [
    ["a", "b"],
    ["a", "b"],
    ["c", "d"],
  ];
  const [first, , third] = asksOf(list, 2);
  const taste = new Taste();
  const byCounts = (ask: Ask) => scored(new Taste(), { ...ask, ease: undefined });
  const user = { ...first!, state: stateOf(9, ["a"])! };
  expect(user.ease!.items).toEqual(["a", "b"]);
  expect(scored(taste, user)).toEqual({ b: 32_767 });
  expect(byCounts(user)).not.toEqual(scored(taste, user));
  const uncovered = { ...third!, state: stateOf(9, ["c"])! };
  expect(scored(taste, uncovered)).toEqual(byCounts(uncovered));
  expect(scored(taste, uncovered)).toHaveProperty("d");
});
