/** What is multiplied onto a score: circumstances and the risk of a skip, accounted for to the last digit. */
import type { Context, InteractionType } from "@attune/protocol";
import { expect, test } from "vitest";
import { recordSchema } from "../../../base/record.ts";
import { apply } from "../../fold/apply.ts";
import { permitFor, purposeBit } from "../../fold/consent.ts";
import { foldLimits, type UserState } from "../../fold/state.ts";
import { Models } from "../../sum/models.ts";
import { Catalogue } from "../catalogue.ts";
import { builtInDefinitions } from "../placement.ts";
import { type Answer, Ranker } from "../recommend.ts";

const hour = 3_600_000;
const evening = Date.UTC(2026, 10, 25, 20);
const policy = { bases: { personalization: "contract" } } as const;

/** Of a last digit whose plays are counted: see fold/flow.ts. */
const subjectOf = (user: number): string => `${user}`.padStart(31, "0") + "4";

function take(
  models: Models,
  state: UserState | undefined,
  user: number,
  item: string,
  type: InteractionType,
  at: number,
  context?: Context,
): UserState {
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
  const strength = type === "skip" ? -2 : 1;
  const applied = apply(state, { header, payload: { item, type, strength, context } }, foldLimits);
  if (applied.refold) throw new Error("told in order of time");
  models.addAll(applied.contributions);
  return applied.state;
}

/** `run` is played in the gym, `sleep` at home, ten other items in both alike; half of the plays of `bad` are skipped. */
function world(users: readonly number[], skipped = "bad"): Models {
  const models = new Models();
  for (const user of users) {
    const place = user % 2 === 0 ? "gym" : "home";
    let state: UserState | undefined;
    let at = evening - 30 * hour + user;
    for (const item of [
      "both",
      place === "gym" ? "run" : "sleep",
      `i${user % 10}`,
      "bad",
      "good",
    ]) {
      state = take(models, state, user, item, "play", at, { place });
      if (item === skipped && user % 4 < 2) take(models, state, user, item, "skip", at + 1);
      at += 60_000;
    }
  }
  return models;
}

const users = Array.from({ length: 80 }, (_, user) => user);

function answer(models: Models, context?: Context, ranker = new Ranker()): Answer {
  const state = take(new Models(), undefined, 999, "both", "play", evening);
  const permit = permitFor(state, policy, "personalization", 1);
  const request = { placement: "up-next", limit: 20, now: evening, context };
  return ranker.recommend(
    permit,
    state,
    models,
    Catalogue.empty,
    builtInDefinitions,
    request,
    Number.POSITIVE_INFINITY,
  );
}

const placeOf = ({ items }: Answer, item: string) => items.findIndex((one) => one.item === item);
const shareOf = ({ items }: Answer, item: string, source: string) =>
  items
    .find((one) => one.item === item)!
    .reasons.filter((reason) => reason.source === source)
    .reduce((sum, { share }) => sum + share, 0);

test("the place that a request states lifts what is played there, and names itself as the reason", () => {
  const models = world(users);
  const [gym, home] = [answer(models, { place: "gym" }), answer(models, { place: "home" })];
  expect(placeOf(gym, "run")).toBeLessThan(placeOf(gym, "sleep"));
  expect(placeOf(home, "sleep")).toBeLessThan(placeOf(home, "run"));
  expect(shareOf(gym, "run", "context")).toBeGreaterThan(0);
  expect(shareOf(gym, "sleep", "context")).toBeLessThan(0);
  for (const { items } of [gym, home]) {
    for (const { score, reasons } of items) {
      expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
      expect(score).toBeGreaterThan(0);
    }
  }
});

test("a request that states nothing, or a place nobody was in, is answered as if there were no context", () => {
  const models = world(users);
  const blind = answer(models);
  expect(answer(models, {})).toEqual(blind);
  expect(blind.items.flatMap(({ reasons }) => reasons.map(({ source }) => source))).not.toContain(
    "context",
  );
  // The part of the week is asked about along with the place, and here everything was played at one time.
  expect(answer(models, { place: "moon" })).toEqual(blind);
});

test("users summed in another order, and circumstances that were forgotten, leave no trace", () => {
  const context = { place: "gym" };
  const expected = answer(world(users), context);
  expect(answer(world(users.toReversed()), context)).toEqual(expected);
  const parts = [world(users.slice(0, 31)), world(users.slice(31))];
  parts[0]!.merge(parts[1]!);
  expect(answer(parts[0]!, context)).toEqual(expected);
});

test("an item that others skip sinks by a share that says so; without skips there is none", () => {
  const [models, calm] = [world(users), world(users, "none")];
  expect(shareOf(answer(models), "bad", "skips")).toBeLessThan(0);
  expect(shareOf(answer(models), "good", "skips")).toBe(0);
  expect(shareOf(answer(calm), "bad", "skips")).toBe(0);
  expect(placeOf(answer(models), "bad")).toBeGreaterThan(placeOf(answer(models), "good"));
});

test("morning is morning by the clocks that events and request tell of, whatever UTC says", () => {
  // At one hour of UTC `run` is played where it is morning, `sleep` where it is night.
  const [morning, night] = [-10 * 60, 3 * 60];
  const models = new Models();
  for (const user of users) {
    const isEarly = user % 2 === 0;
    const context = { utcOffset: isEarly ? morning : night };
    const at = evening + user;
    const state = take(models, undefined, user, "both", "play", at, context);
    take(models, state, user, isEarly ? "run" : "sleep", "play", at + 60_000, context);
  }
  const [early, late] = [morning, night].map((utcOffset) =>
    answer(models, { device: "phone", utcOffset }),
  );
  expect(shareOf(early!, "run", "context")).toBeGreaterThan(0);
  expect(shareOf(early!, "sleep", "context")).toBeLessThan(0);
  expect(shareOf(late!, "sleep", "context")).toBeGreaterThan(0);
  // Nobody's clocks showed the afternoon: nothing is known of it.
  expect(shareOf(answer(models, { device: "phone", utcOffset: -420 }), "run", "context")).toBe(0);
});

test("a placement without the weight of context takes none in", () => {
  const models = world(users);
  const upNext = builtInDefinitions.placements["up-next"]!;
  const { context: _, ...sources } = upNext.sources;
  const state = take(new Models(), undefined, 999, "both", "play", evening);
  const permit = permitFor(state, policy, "personalization", 1);
  const ask = (context: Context | undefined) =>
    new Ranker().recommend(
      permit,
      state,
      models,
      Catalogue.empty,
      { version: 1, placements: { "up-next": { ...upNext, sources } } },
      { placement: "up-next", limit: 20, now: evening, context },
    );
  expect(ask({ place: "gym" })).toEqual(ask(undefined));
});
