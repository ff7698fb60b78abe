import type { InteractionType } from "@attune/protocol";
import { expect, test } from "vitest";
import { recordSchema } from "../../base/record.ts";
import { apply } from "../fold/apply.ts";
import { permitFor, purposeBit } from "../fold/consent.ts";
import { foldLimits, type UserState } from "../fold/state.ts";
import { Models } from "../sum/models.ts";
import { predict } from "./predict.ts";

const minute = 60_000;
type Told = [item: string, type: InteractionType, at: number];

/** One of those who are asked about everything: see fold/flow.ts. */
const subjectOf = (user: number): string => `${user}`.padStart(31, "0") + "4";

function lived(models: Models, user: number, told: readonly Told[]): UserState {
  let state: UserState | undefined;
  for (const [item, type, at] of told) {
    const header = {
      schema: recordSchema,
      kind: "event" as const,
      tenant: 1,
      subject: subjectOf(user),
      identity: "verified" as const,
      purposes: purposeBit("personalization"),
      merged: false,
      source: "test",
      at,
      receivedAt: at,
      messageHash: "",
    };
    const applied = apply(state, { header, payload: { item, type, strength: 1 } }, foldLimits);
    if (applied.refold) throw new Error("told in order of time");
    state = applied.state;
    models.addAll(applied.contributions);
  }
  return state!;
}

const policy = { bases: { personalization: "contract" } } as const;
const permit = (state: UserState) => permitFor(state, policy, "personalization", 1);

/** Sixty listeners hear `good` and `plain`, skip `bad`, and leave after the third. */
function world(): Models {
  const models = new Models();
  for (let user = 0; user < 60; user++) {
    lived(models, user, [
      ["good", "play", 0],
      ["good", "complete", 3 * minute],
      ["plain", "play", 3 * minute + 1],
      ["plain", "complete", 6 * minute],
      ["bad", "play", 6 * minute + 1],
      ["bad", "skip", 7 * minute],
    ]);
  }
  return models;
}

test("of nothing nothing is foretold", () => {
  expect(predict(undefined, undefined, new Models(), ["a"], 0)).toEqual({
    pSkip: undefined,
    prefetch: ["a"],
  });
});

test("an item that others skip is likelier to be skipped, an unknown one as likely as any", () => {
  const { pSkip } = predict(undefined, undefined, world(), ["good", "bad", "unknown"], 0);
  const [good, bad, unknown] = pSkip!;
  expect(good).toBeLessThan(100);
  // First plays of a session were never skipped here, which speaks for any item.
  expect(bad).toBeGreaterThan(600);
  expect(unknown).toBeGreaterThan(good!);
  expect(unknown).toBeLessThan(bad!);
});

test("after a skip others left: the session ends, and before they went on to hear it out", () => {
  const models = world();
  const now = 100 * minute;
  const early = lived(new Models(), 99, [["good", "play", now]]);
  const late = lived(new Models(), 99, [
    ["good", "play", now - 7 * minute],
    ["good", "complete", now - 4 * minute],
    ["plain", "play", now - 4 * minute + 1],
    ["plain", "complete", now - minute],
    ["bad", "play", now - minute + 1],
    ["bad", "skip", now],
  ]);
  const before = predict(permit(early), early, models, ["plain"], now);
  expect(before.nextAction?.action).toBe("complete");
  expect(before.pSessionEnd).toBeLessThan(150);
  expect(before.prefetch).toEqual(["plain"]);
  const after = predict(permit(late), late, models, ["plain"], now);
  expect(after.nextAction).toEqual({ action: "end", p: after.pSessionEnd });
  expect(after.pSessionEnd).toBeGreaterThan(700);
  expect(after.prefetch).toEqual([]);
});

test("without a permit, and once the session is over, a prediction is the one for anybody", () => {
  const models = world();
  const state = lived(new Models(), 99, [["bad", "skip", 0]]);
  const anybody = predict(undefined, undefined, models, ["good", "bad"], minute);
  expect(predict(undefined, state, models, ["good", "bad"], minute)).toEqual(anybody);
  expect(predict(permit(state), state, models, ["good", "bad"], 31 * minute)).toEqual(anybody);
  expect(predict(permit(state), state, models, ["good", "bad"], minute)).not.toEqual(anybody);
});
