import { interactionTypes } from "@attune/protocol";
import { expect, test } from "vitest";
import { permitFor } from "./consent.ts";
import { portableState, profileOf, shiftWords } from "./profile.ts";
import { type UserState, emptyState, foldLimits } from "./state.ts";

function someone(): UserState {
  const state = emptyState(1, "5");
  const times = { count: 1, firstAt: 1, lastAt: 1 };
  state.reactions.add("b", { score: 3, ...times });
  state.reactions.add("a", { score: 3, ...times });
  state.reactions.add("c", { score: 9, ...times });
  state.reactions.add("d", { score: -1, ...times });
  state.dislikes = new Map([["c", 1]]);
  state.traits = new Map([["__proto__", { value: "x", at: 1 }]]);
  state.counters.days.push(20_000, interactionTypes.indexOf("view"), 2);
  state.sessions.push({ keyHi: 1, keyLo: 2, items: ["a", "b"], at: [1, 5], dimensions: [[], []] });
  return state;
}

test("a profile names what is liked in a total order, and what is disliked", () => {
  const state = someone();
  const policy = { bases: { personalization: "contract" } } as const;
  const profile = profileOf(permitFor(state, policy, "personalization", 1)!, state);
  expect(profile.liked.map(({ item }) => item)).toEqual(["a", "b"]);
  expect(profile.disliked).toEqual(["c"]);
  expect(profile.sessions).toEqual([{ startedAt: 1, lastAt: 5, items: ["a", "b"] }]);
  expect(Object.entries(profile.traits)).toEqual([["__proto__", "x"]]);
});

test("a profile says in plain words that the session is shifted, and nothing where it is not", () => {
  const state = someone();
  const policy = { bases: { personalization: "contract" } } as const;
  const shift = () => profileOf(permitFor(state, policy, "personalization", 1)!, state).shift;
  expect(shift()).toBe(undefined);
  state.shiftedUntil = 77;
  expect(shift()).toEqual({ until: 77, says: shiftWords });
  expect(shiftWords).toContain("Three skips within 90 seconds");
  expect([foldLimits.shiftSkips, foldLimits.shiftSpanMs]).toEqual([3, 90_000]);
  expect(portableState(state)["shiftedUntil"]).toBe(77);
});

test("the portable copy is JSON and needs no permit", () => {
  const copy = portableState(someone());
  expect(JSON.parse(JSON.stringify(copy))).toEqual(copy);
  expect(copy["counters"]).toEqual({ total: {}, days: { 20000: { view: 2 } } });
});
