/**
 * Session-shift in answers: who skips three in a row of seconds is answered from half as much of the past, with twice
 * as much tried out, until the session ends. It is the fold's to say, so it comes out again from a logged decision.
 */
import type { RecommendationRequest } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import type { UserState } from "../../src/core/fold/state.ts";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision, replayDecision } from "../../src/core/rank/decision.ts";
import { leftMin } from "../../src/core/rank/explore/explorer.ts";
import { builtInDefinitions, defined, type Definitions } from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import { neighbourDefaults, Neighbours } from "../../src/core/rank/source/neighbours.ts";
import { seedsOf } from "../../src/core/rank/source/seeds.ts";
import { type Act, ask, folded, permit, startMs, worldOf } from "./rank-world.ts";

const items = Array.from({ length: 60 }, (_, i) => `item ${i}`);
/** Sessions of many people, in which things that stand near each other come together. */
const crowd: Act[] = Array.from({ length: 80 }, (_, user) =>
  Array.from({ length: 12 }, (_step, step): Act => ({
    user: user + 1,
    item: items[(user * 7 + step * (1 + (user % 3))) % items.length]!,
    type: "play",
    minute: user * 20 + step,
  })),
).flat();
const { models } = worldOf(crowd);
const heard = { model: "rewards", placement: "up-next", item: "other", outcome: "shown" } as const;
models.add({ ...heard, slice: 0, day: 20_500, delta: leftMin });

const minuteMs = 60_000;
/** Plays of half an hour and three skips, within 90 s of each other or not. */
function someone(skipsApart: number): UserState {
  const plays = Array.from({ length: 16 }, (_, i): Act => ({
    user: 0,
    item: items[(i * 11) % items.length]!,
    type: "play",
    minute: 3_000 + i,
  }));
  const skips = [0, 1, 2].map((i): Act => ({
    user: 0,
    item: items[50 + i]!,
    type: "skip",
    minute: 3_016 + i * skipsApart,
  }));
  return folded([...plays, ...skips])!;
}
const shifted = someone(0.5);
const calm = someone(1);
const now = startMs + 3_020 * minuteMs;

const { exploration, ...plain } = builtInDefinitions.placements["up-next"]!;
const put = (more: object): Definitions =>
  defined(builtInDefinitions, { kind: "placement", ...plain, ...more });
/** One source alone, nothing left to chance. */
const alone = { sources: { neighbours: 1_000_000 }, fallback: {} };

function answerOf(
  state: UserState,
  definitions: Definitions,
  more: Partial<RecommendationRequest> = {},
  ranker = new Ranker(),
): Answer {
  const request = ask("up-next", { now, limit: 20, ...more });
  return ranker.recommend(permit(state), state, models, Catalogue.empty, definitions, request);
}
const with10 = () => new Ranker([new Neighbours({ ...neighbourDefaults, context: 10 })]);
const with20 = () => new Ranker([new Neighbours(neighbourDefaults)]);

test("three skips within 90 s shift a session, three of two minutes do not", () => {
  expect(shifted.shiftedUntil).toBe(startMs + 3_017 * minuteMs + 1_800_000);
  expect(calm.shiftedUntil).toBe(0);
});

describe("an answer to a shifted session", () => {
  test("reads half as many of the newest items, to the bit", () => {
    const definitions = put(alone);
    const half = answerOf({ ...shifted, shiftedUntil: 0 }, definitions, {}, with10());
    const whole = answerOf({ ...shifted, shiftedUntil: 0 }, definitions, {}, with20());
    expect(answerOf(shifted, definitions, {}, with20()).items).toEqual(half.items);
    expect(half.items).not.toEqual(whole.items);
    // Of the items that it names as its reasons, none is further back.
    const far = new Set([...shifted.ring].slice(0, 6).map(({ item }) => item));
    const named = ({ items: list }: Answer) =>
      list.flatMap(({ reasons }) => reasons.filter(({ because = "" }) => far.has(because)));
    expect(named(answerOf(shifted, definitions, {}, with20()))).toEqual([]);
  });

  test("starts from half as many likings, where an answer is about what was liked", () => {
    const from = (state: UserState, isShifted: boolean) =>
      seedsOf({ state, models, now, context: {}, isShifted }).map(({ key }) => key);
    expect(from(shifted, false)).toHaveLength(8);
    expect(from(shifted, true)).toEqual(from(shifted, false).slice(0, 4));
  });

  test("is as before once the session is over, or where the placement switches it off", () => {
    for (const more of [alone, { exploration }, {}]) {
      const before = answerOf({ ...shifted, shiftedUntil: 0 }, put(more));
      expect(answerOf(shifted, put({ ...more, sessionShift: false }))).toEqual(before);
      expect(answerOf(shifted, put(more)).items).not.toEqual(before.items);
      const later = { now: shifted.shiftedUntil + 1 };
      expect(answerOf(shifted, put(more), later)).toEqual(
        answerOf({ ...shifted, shiftedUntil: 0 }, put(more), later),
      );
    }
  });

  test("is tried out in twice as many slots", () => {
    const definitions = put({ ...alone, exploration });
    const drawn = (state: UserState): number => {
      const ranker = new Ranker();
      let count = 0;
      for (let sequence = 0; sequence < 200; sequence++) {
        const answer = answerOf({ ...state, sequence }, definitions, {}, ranker);
        count += answer.items.filter(({ propensity }) => propensity < 1).length;
      }
      return count;
    };
    // One of slots 2 to 9 and one of 10 to 19; shifted, one of 2 to 4 and one of every five behind them.
    expect(drawn({ ...shifted, shiftedUntil: 0 })).toBe(2 * 200);
    expect(drawn(shifted)).toBe(4 * 200);
  });

  test("says its reasons exactly, and comes out again from the logged decision alone", () => {
    const request = ask("up-next", { now, limit: 20 });
    const answer = answerOf(shifted, builtInDefinitions);
    for (const { score, reasons } of answer.items)
      expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    const { sequence } = shifted;
    const facts = { id: "d", request, position: 1, catalogue: 0, definitions: 0, sequence };
    const { clockHour } = models.popularity;
    const decision = makeDecision(answer, { ...facts, clockHour });
    const replayed = (state: UserState) =>
      replayDecision(
        JSON.parse(JSON.stringify(decision)),
        new Ranker(),
        permit(state),
        state,
        models,
        Catalogue.empty,
        builtInDefinitions,
      ).outcome;
    expect(replayed(someone(0.5))).toBe("equal");
    // The control: a state that had lost the shift.
    expect(replayed({ ...shifted, shiftedUntil: 0 })).toBe("differs");
  });
});
