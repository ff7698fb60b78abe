import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Contribution, rankerHeads } from "../../src/core/fold/contribution.ts";
import type { FoldLimits } from "../../src/core/fold/state.ts";
import type { FoldRecord } from "../../src/core/fold/fold-record.ts";
import { Sessions } from "../../src/core/fold/columns/sessions.ts";
import { type Fold, Live, laws, realFold } from "./fold.ts";
import { smallLimits, userRecords } from "./generate.ts";

describe("the fold", () => {
  test.each(laws)("$name", ({ check }) => check(realFold));
});

/** A fold whose steps emit something else. */
function emitting(change: (cells: Contribution[], record: FoldRecord) => Contribution[]): Fold {
  return {
    ...realFold,
    apply: (state, record, limits) => {
      const applied = realFold.apply(state, record, limits);
      if (applied.refold) return applied;
      return { ...applied, contributions: change(applied.contributions, record) };
    },
  };
}

/** A fold that reads its records otherwise. */
function reading(change: (record: FoldRecord) => FoldRecord): Fold {
  return {
    ...realFold,
    apply: (state, record, limits) => realFold.apply(state, change(record), limits),
    refold: (records, limits) => realFold.refold(records.map(change), limits),
  };
}

/** A fold whose refold gets another list of records, or other limits. */
function refolding(
  change: (records: readonly FoldRecord[]) => FoldRecord[],
  others: Partial<FoldLimits> = {},
): Fold {
  return {
    ...realFold,
    refold: (records, limits) => realFold.refold(change(records), { ...limits, ...others }),
  };
}

const isRefusal = ({ payload }: FoldRecord) =>
  "choice" in payload && payload.choice !== "granted" && payload.purpose !== "messages";

const inTime = (records: readonly FoldRecord[]) =>
  records.toSorted((a, b) => a.header.at - b.header.at);

const planted: { bug: string; fold: Fold; law: string }[] = [
  {
    bug: "a popularity count is a fraction",
    fold: emitting((cells) =>
      cells.map((cell) =>
        cell.model === "popularity" ? { ...cell, delta: 0.1 * cell.delta } : cell,
      ),
    ),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "sessions are cut by time of arrival",
    fold: reading(({ header, payload }) => ({
      header: { ...header, at: header.receivedAt },
      payload,
    })),
    law: "times of arrival never count",
  },
  {
    bug: "popularity is counted in the hour of arrival",
    fold: emitting((cells, { header }) =>
      cells.map((cell) =>
        cell.model === "popularity" && cell.delta > 0
          ? { ...cell, hour: Math.floor(header.receivedAt / 3_600_000) }
          : cell,
      ),
    ),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "the clocks of a zone are read where a touch is added alone",
    fold: {
      ...realFold,
      contributionsOf: (state, limits) =>
        realFold
          .contributionsOf(state, limits)
          .map((cell) => (cell.model === "popularity" ? { ...cell, slice: undefined } : cell)),
    },
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "the places of a dropped session stay",
    fold: emitting((cells) =>
      cells.filter(({ model, delta }) => model !== "sessions" || delta > 0),
    ),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "the pairs of an evicted item stay",
    fold: emitting((cells) =>
      cells.filter(({ model, delta }) => model !== "cooccurrence" || delta > 0),
    ),
    law: "subtracting C(state) leaves nothing",
  },
  {
    bug: "an item touched twice a day counts twice",
    fold: {
      ...realFold,
      contributionsOf: (state, limits) =>
        [...state.sessions].flatMap((session) => {
          const sessions = new Sessions();
          sessions.push(session);
          return realFold.contributionsOf({ ...state, sessions }, limits);
        }),
    },
    law: "C(state) is what a plain reading of the records says",
  },
  {
    bug: "a disliked item stays in the taste",
    fold: {
      ...realFold,
      contributionsOf: (state, limits) =>
        realFold.contributionsOf({ ...state, dislikes: new Map() }, limits),
    },
    law: "C(state) is what a plain reading of the records says",
  },
  {
    bug: "what the ring let go of goes on counting for the flow",
    fold: emitting((cells) => cells.filter(({ model, delta }) => model !== "flow" || delta > 0)),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "what a dropped answer earned goes on counting for its audience",
    fold: emitting((cells) =>
      cells.filter(({ model, delta }) => model !== "audiences" || delta > 0),
    ),
    law: "subtracting C(state) leaves nothing",
  },
  {
    bug: "a list that was looked at further keeps the rows that it made before",
    fold: emitting((cells) => cells.filter(({ model, delta }) => model !== "ranker" || delta > 0)),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "what is seen and taken counts in no slice, and is taken back from its own",
    fold: emitting((cells) =>
      cells.map((cell) =>
        cell.model === "rewards" && cell.delta > 0 ? { ...cell, slice: 0 } : cell,
      ),
    ),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "a shift of a session is lost when the past changes",
    fold: {
      ...realFold,
      refold: (records, limits) => {
        const state = realFold.refold(records, limits);
        if (state !== undefined) state.shiftedUntil = 0;
        return state;
      },
    },
    law: "live equals refold from scratch after every record",
  },
  {
    bug: "what the ranker saw of a list is forgotten before the list is",
    fold: {
      ...realFold,
      contributionsOf: (state, limits) => {
        const exposures = state.exposures.map((one) => ({ ...one, features: undefined }));
        return realFold.contributionsOf({ ...state, exposures }, limits);
      },
    },
    law: "subtracting C(state) leaves nothing",
  },
  {
    bug: "an answer is judged by whatever its reader takes, again and again",
    fold: {
      ...realFold,
      apply: (state, record, limits) => {
        const waiting = state?.exposures.map(({ popular }) => popular);
        const applied = realFold.apply(state, record, limits);
        if (!applied.refold && record.header.kind === "event")
          applied.state.exposures.forEach((exposure, i) => (exposure.popular = waiting?.[i]));
        return applied;
      },
    },
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "a skipped play stays a heard one as well",
    fold: emitting((cells) =>
      cells.filter((cell) => cell.model !== "skips" || cell.isSkipped || cell.delta > 0),
    ),
    law: "what the steps emit adds up to C(state) after every record",
  },
  {
    bug: "a refold takes late events in",
    fold: refolding(inTime),
    law: "live equals refold from scratch after every record",
  },
  {
    bug: "a refold never drops a session",
    fold: refolding((records) => [...records], { contributionsMax: 1_000 }),
    law: "live equals refold from scratch after every record",
  },
  {
    bug: "events out of order are taken as they come",
    fold: {
      ...realFold,
      apply: (state, record, limits) => {
        if (state !== undefined && !isRefusal(record)) state.lastAt = 0;
        return realFold.apply(state, record, limits);
      },
    },
    law: "the order of arrival does not matter where nothing is late",
  },
  {
    bug: "consents act by the clock",
    fold: refolding((records) => [
      ...inTime(records.filter((record) => "choice" in record.payload)),
      ...records.filter((record) => !("choice" in record.payload)),
    ]),
    law: "a refusal leaves what a user has whose earlier records never had the purpose",
  },
  {
    bug: "a refusal keeps the reactions",
    fold: {
      ...realFold,
      refold: (records, limits) => {
        const state = realFold.refold(records, limits);
        const before = realFold.refold(
          records.filter((each) => !isRefusal(each)),
          limits,
        );
        return state && before ? { ...state, reactions: before.reactions } : state;
      },
    },
    law: "a refusal leaves what a user has whose earlier records never had the purpose",
  },
  {
    bug: "a step changes the state and then asks for a refold",
    fold: {
      ...realFold,
      apply: (state, record, limits) => {
        const applied = realFold.apply(state, record, limits);
        if (applied.refold && state !== undefined) state.sequence++;
        return applied;
      },
    },
    law: "live equals refold from scratch after every record",
  },
  {
    bug: "a tick is forgotten by the refold",
    fold: refolding((records) => records.filter(({ header }) => header.kind !== "tick")),
    law: "live equals refold from scratch after every record",
  },
  {
    bug: "the end of a session is told by its timer and again by the next session",
    fold: {
      ...realFold,
      apply: (state, record, limits) => {
        const due = state?.dueAt ?? 0;
        const applied = realFold.apply(state, record, limits);
        const isTick = record.header.kind === "tick" && due !== 0;
        if (isTick && !applied.refold) applied.state.dueAt = due;
        return applied;
      },
    },
    law: "a session that started ends once, before the next one starts",
  },
];

describe("a planted bug is caught", () => {
  test.each(planted)("$bug", ({ fold, law }) => {
    const broken = laws.find(({ name }) => name === law)!;
    expect(() => broken.check(fold, { numRuns: 1_000, endOnFailure: true })).toThrow(
      "Property failed",
    );
  });
});

test("the generated users reach every corner", () => {
  const reached = new Map<string, number>();
  const count = (corner: string, times = 1) =>
    reached.set(corner, (reached.get(corner) ?? 0) + times);
  for (const records of fc.sample(userRecords(), 300)) {
    const live = new Live(realFold);
    for (const record of records) {
      const applied = live.take(record);
      for (const effect of applied.effects) count(effect.type);
      if (applied.refold) continue;
      for (const cell of applied.contributions) {
        const { model, delta } = cell;
        count(`${model} ${delta > 0 ? "added" : "subtracted"}`);
        const { head = "" } = (cell.model === "ranker" && cell.shown) || {};
        if (cell.model === "rewards" && cell.slice > 0) count("a slice");
        if (head !== "") count(`${head} ${delta > 0 ? "added" : "subtracted"}`);
      }
    }
    count("refold", live.refolds);
    count("late", live.lates);
    if (live.state === undefined) continue;
    for (const { verdict, audience, popular } of live.state.exposures) {
      count(`verdict ${verdict}`);
      count(`audience ${audience}`);
      if (popular !== undefined) count("an answer not judged yet");
    }
    if (live.state.shiftedUntil !== 0) count("a shifted session");
    const { sessions, dislikes, exposures, traits, playlists, dueAt } = live.state;
    if (sessions.length > 1) count("several sessions");
    if (dislikes.size === smallLimits.dislikesMax) count("all dislikes");
    if (exposures.some(({ outcomes }) => outcomes.some((bits) => bits > 1))) count("outcomes");
    if (traits.size === smallLimits.traitsMax) count("all traits");
    if (playlists.size === smallLimits.playlistsMax) count("all playlists");
    if (dueAt === 0 && sessions.length > 0) count("a timer that rang");
  }
  const models = ["sessions", "cooccurrence", "popularity", "rewards", "audiences", "ranker"];
  models.push("flow", "skips", ...rankerHeads);
  const corners = [
    "session.started",
    "session.ended",
    "consent.changed",
    "refold",
    "late",
    "several sessions",
    "all dislikes",
    "all traits",
    "all playlists",
    "outcomes",
    "a timer that rang",
    "an answer not judged yet",
    "a slice",
    "a shifted session",
    ...[1, 2, 3, 4].map((verdict) => `verdict ${verdict}`),
    ...[0, 1, 2].map((audience) => `audience ${audience}`),
    ...models.flatMap((model) => [`${model} added`, `${model} subtracted`]),
  ];
  const missed = corners.filter((corner) => (reached.get(corner) ?? 0) < 3);
  expect({ missed, reached }).toMatchObject({ missed: [] });
});
