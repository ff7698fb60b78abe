/** The laws of an answer: pure, canonical, accounted for to the last digit, and nothing of a person without a permit. */
import type { Reason, RecommendationRequest } from "@attune/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision, replayDecision } from "../../src/core/rank/decision.ts";
import { builtInDefinitions } from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import type { Source } from "../../src/core/rank/source.ts";
import type { UserState } from "../../src/core/fold/state.ts";
import { Models } from "../../src/core/sum/models.ts";
import {
  type Act,
  acts,
  ask,
  folded,
  forget,
  now,
  permit,
  placements,
  type World,
  worldOf,
} from "./rank-world.ts";
import { runs } from "./summary.ts";

const short = { numRuns: Math.ceil(runs.numRuns / 2) };
const put = ["h", "g", "f", "b", "a"].map((id, i) => ({
  id,
  attributes: { kind: id < "c" ? "x" : "y", vector: [i + 1, 5 - i] },
}));
const catalogue = Catalogue.empty.changed({ put }, now - 86_400_000);
/** The same items, none of them new. */
const oldCatalogue = Catalogue.empty.changed({ put });

function answerIn(
  { models, states }: World,
  user: number | undefined,
  request: RecommendationRequest,
  { ranker = new Ranker(), items = Catalogue.empty, eventsNamedMax = 3 } = {},
): Answer {
  const state = user === undefined ? undefined : states.get(user);
  return ranker.recommend(
    permit(state),
    state,
    models,
    items,
    builtInDefinitions,
    request,
    eventsNamedMax,
  );
}

/** Answers of every user and of a stranger, in every placement, with and without a catalogue. */
function allAnswers(world: World, ranker = new Ranker()): unknown[] {
  const users = [undefined, ...[...world.states.keys()].sort((x, y) => x - y)];
  return users.flatMap((user) =>
    placements.flatMap((placement) =>
      [Catalogue.empty, catalogue].map((items) => [
        user,
        answerIn(world, user, ask(placement), { ranker, items }),
      ]),
    ),
  );
}

const sumOf = (reasons: readonly Reason[]): number =>
  reasons.reduce((sum, { share }) => sum + share, 0);

test("shares of an item sum to its score exactly, and scores are integers that fall", () => {
  fc.assert(
    fc.property(acts, (list) => {
      for (const answer of allAnswers(worldOf(list))) {
        const { items } = (answer as [unknown, Answer])[1];
        items.forEach(({ score, reasons, propensity }, at) => {
          expect(sumOf(reasons)).toBe(score);
          expect(Number.isSafeInteger(score)).toBe(true);
          expect(reasons.every(({ share }) => Number.isSafeInteger(share))).toBe(true);
          expect(propensity).toBe(1);
          if (at > 0) expect(score).toBeLessThanOrEqual(items[at - 1]!.score);
        });
        expect(new Set(items.map(({ item }) => item)).size).toBe(items.length);
      }
    }),
    short,
  );
});

test("the whole account names every event, and its shares by source are those of the short one", () => {
  fc.assert(
    fc.property(acts, (list) => {
      const { models, states } = worldOf(list);
      const ranker = new Ranker();
      const state = states.get(list[0]!.user)!;
      for (const placement of placements) {
        const answer = (eventsNamedMax?: number): Answer =>
          ranker.recommend(
            permit(state),
            state,
            models,
            Catalogue.empty,
            builtInDefinitions,
            ask(placement),
            eventsNamedMax,
          );
        const whole = answer(Infinity).items;
        expect(answer(0).items.map(({ reasons }) => bySource(reasons))).toEqual(
          whole.map(({ reasons }) => bySource(reasons)),
        );
        for (const { score, reasons } of whole) {
          expect(sumOf(reasons)).toBe(score);
          const named = reasons.map(({ source, because }) => `${source} ${because}`);
          expect(new Set(named).size).toBe(named.length);
        }
      }
    }),
    short,
  );
});

function bySource(reasons: readonly Reason[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { source, share } of reasons) sums[source] = (sums[source] ?? 0) + share;
  return sums;
}

test("without a permit a known user's answer equals a stranger's, reasons and order included", () => {
  const ranker = new Ranker();
  fc.assert(
    fc.property(acts, (list) => {
      const { models, states } = worldOf(list);
      for (const placement of placements) {
        const answer = (state: UserState | undefined): Answer =>
          ranker.recommend(undefined, state, models, catalogue, builtInDefinitions, ask(placement));
        const strangers = answer(undefined);
        for (const state of states.values()) expect(answer(state)).toEqual(strangers);
      }
    }),
    short,
  );
});

test("a permit of another user, or without a state, is refused", () => {
  const { models, states } = worldOf([
    { user: 1, item: "a", type: "like", minute: 1 },
    { user: 2, item: "b", type: "like", minute: 1 },
  ]);
  const granted = permit(states.get(1));
  for (const state of [states.get(2), undefined]) {
    expect(() =>
      new Ranker().recommend(granted, state, models, catalogue, builtInDefinitions, ask("for-you")),
    ).toThrow(/permit/);
  }
});

test("answers are equal whatever order users came in, and so whatever ids their items got", () => {
  fc.assert(
    fc.property(acts, fc.boolean(), (list, turned) => {
      const other = worldOf(list, (users) =>
        turned ? users.toReversed() : [...users.slice(2), ...users.slice(0, 2)],
      );
      expect(allAnswers(other)).toEqual(allAnswers(worldOf(list)));
    }),
    short,
  );
});

/** Planted faults: sources that look at layout, and one that remembers what it was asked before. */
const faults: Record<string, () => Source["score"]> = {
  "that scores by dense id": () => (ask, scores) => {
    for (let item = 0; item < ask.models.items.size; item++) scores.add(item, item + 1);
  },
  "that cuts at a number of ids": () => (ask, scores) => {
    for (let item = 0; item < Math.min(3, ask.models.items.size); item++) scores.add(item, 1);
  },
  "that remembers earlier questions": () => {
    let asked = 0;
    return (ask, scores) => {
      const item = ask.models.items.find("a");
      if (item >= 0) scores.add(item, 1 + (asked++ % 2));
      if (ask.models.items.find("b") >= 0) scores.add(ask.models.items.find("b"), 2);
    };
  },
};

test.each(Object.entries(faults))("a source %s breaks the laws", (_, fault) => {
  const score = fault();
  const source: Source = {
    name: "popular",
    score,
    parts: () => [{ because: undefined, amount: 1 }],
  };
  const list: Act[] = ["b", "a", "c", "d", "e"].flatMap((item, user) => [
    { user, item, type: "like", minute: user },
  ]);
  const answers = (order: (users: number[]) => number[]): unknown =>
    answerIn(worldOf(list, order), undefined, ask("trending"), { ranker: new Ranker([source]) });
  expect(answers((users) => users.toReversed())).not.toEqual(answers((users) => users));
});

test("after a user is forgotten, answers equal those of a world that never had them", () => {
  fc.assert(
    fc.property(acts, (list) => {
      const world = worldOf(list);
      const gone = list[0]!.user;
      forget(world, gone);
      const without = worldOf(list.filter(({ user }) => user !== gone));
      expect(world.models.digests()).toEqual(without.models.digests());
      expect(allAnswers(world)).toEqual(allAnswers(without));
    }),
    short,
  );
});

test("a ranker that answered before answers like a new one: caches and scratch do not show", () => {
  fc.assert(
    fc.property(acts, acts, (list, more) => {
      const ranker = new Ranker();
      const world = worldOf(list);
      allAnswers(world, ranker);
      const users = [...world.states.keys()];
      if (users.length > 1) forget(world, users[0]!);
      expect(allAnswers(world, ranker)).toEqual(allAnswers(world));
      const other = worldOf(more);
      expect(allAnswers(other, ranker)).toEqual(allAnswers(other));
    }),
    short,
  );
});

test("a share that names an event goes with that event", () => {
  let moved = 0;
  // One world in which an event is named, however few of the drawn ones have any.
  const named = [1, 2, 3].flatMap((user): Act[] =>
    ["a", "b"].map((item, at) => ({ user, item, type: "like", minute: user * 100 + at })),
  );
  const world: Act[] = [{ user: 0, item: "a", type: "like", minute: 0 }, ...named];
  fc.assert(
    fc.property(acts, (list) => {
      const user = list[0]!.user;
      const { models, states } = worldOf(list);
      for (const placement of ["up-next", "for-you"]) {
        const request = ask(placement);
        const ranker = new Ranker();
        const whole = { ranker, eventsNamedMax: Infinity };
        const { items } = answerIn({ models, states }, user, request, whole);
        const named = items.find(({ reasons }) => reasons.some(isPersonal));
        if (named === undefined) continue;
        const because = named.reasons.find(isPersonal)!.because!;
        const left = list.filter((one) => one.user === user && one.item !== because);
        const state = folded(left);
        // The sums stay: only what the user did is another.
        const changed = new Map(state === undefined ? [] : [[user, state]]);
        const after = answerIn({ models, states: changed }, user, request, whole);
        const shares = after.items.flatMap(({ reasons }) => reasons);
        expect(shares.filter((one) => isPersonal(one) && one.because === because)).toEqual([]);
        moved++;
      }
    }),
    { ...short, examples: [[world]] },
  );
  expect(moved).toBeGreaterThan(0);
});

const isPersonal = ({ because, source }: Reason): boolean =>
  because !== undefined && source !== "skip";

test("a disliked item never returns, not even from the catalogue", () => {
  fc.assert(
    fc.property(acts, (list) => {
      const world = worldOf(list);
      const ranker = new Ranker();
      for (const [user, state] of world.states) {
        for (const placement of placements) {
          for (const items of [Catalogue.empty, catalogue]) {
            const shown = answerIn(world, user, ask(placement), { ranker, items }).items;
            for (const { item } of shown) expect(state.dislikes.has(item)).toBe(false);
          }
        }
      }
    }),
    short,
  );
});

/** Others play a, b and c one after the other; user 0 then does as told. */
function trio(own: readonly Omit<Act, "user">[]): World {
  const others = [1, 2, 3].flatMap((user) =>
    ["a", "b", "c", "d"].map((item, at) => ({
      user,
      item,
      type: "like" as const,
      minute: user * 100 + at,
    })),
  );
  return worldOf([...others, ...own.map((one) => ({ user: 0, ...one }))]);
}

test("a skipped item sinks and says so, until the user takes to it again", () => {
  const play = { item: "a", type: "play" as const, minute: 1000 };
  const skip = { item: "b", type: "skip" as const, minute: 1001 };
  const again = { item: "a", type: "play" as const, minute: 1002 };
  const scoreOf = (world: World): number =>
    answerIn(world, 0, ask("up-next")).items.find(({ item }) => item === "b")!.score;
  const before = trio([play, again]);
  const skipped = trio([play, skip, again]);
  expect(scoreOf(skipped)).toBeLessThan(scoreOf(before));
  const { reasons } = answerIn(skipped, 0, ask("up-next")).items.find(({ item }) => item === "b")!;
  expect(reasons.find(({ source }) => source === "skip")).toMatchObject({ because: "b" });
  expect(reasons.find(({ source }) => source === "skip")!.share).toBeLessThan(0);
  const liked = trio([play, skip, { item: "b", type: "like", minute: 1001 }, again]);
  const { reasons: mended } = answerIn(liked, 0, ask("up-next")).items.find(
    ({ item }) => item === "b",
  )!;
  expect(mended.some(({ source }) => source === "skip")).toBe(false);
});

test("up-next leaves the current item out, for-you what was bought", () => {
  const world = trio([
    { item: "b", type: "purchase", minute: 1000 },
    { item: "a", type: "like", minute: 1001 },
  ]);
  const shown = (placement: string) =>
    answerIn(world, 0, ask(placement)).items.map(({ item }) => item);
  expect(shown("up-next")).not.toContain("a");
  expect(shown("up-next")).toContain("b");
  expect(shown("for-you")).not.toContain("b");
});

test("nothing known, one item, cold items, a limit beyond: each gives what there is", () => {
  const nothing: World = { models: new Models(), states: new Map() };
  for (const placement of placements) {
    expect(answerIn(nothing, undefined, ask(placement)).items).toEqual([]);
    const cold = answerIn(nothing, undefined, ask(placement), { items: oldCatalogue }).items;
    expect(cold.map(({ item }) => item)).toEqual(["a", "b", "f", "g", "h"]);
    expect(cold[0]).toEqual({
      item: "a",
      score: 0,
      propensity: 1,
      reasons: [{ source: "catalogue", share: 0 }],
    });
    const one = worldOf([{ user: 1, item: "b", type: "like", minute: 4_300 }]);
    expect(answerIn(one, undefined, ask(placement, { limit: 200 })).items).toHaveLength(1);
    const first = answerIn(one, undefined, ask(placement, { limit: 2 }), { items: catalogue });
    expect(first.items.map(({ item }) => item)).toEqual(["b", "a"]);
  }
});

test("exclude and filter may leave nothing; a filter needs a catalogue that knows the item", () => {
  const world = trio([]);
  const shown = (more: Partial<RecommendationRequest>, items = catalogue) =>
    answerIn(world, undefined, ask("trending", more), { items }).items.map(({ item }) => item);
  expect(shown({ exclude: ["a", "b", "f", "g", "h"] })).toEqual([]);
  expect(shown({ filter: [{ attribute: "kind", op: "eq", value: "z" }] })).toEqual([]);
  const kindX = { attribute: "kind", op: "eq", value: "x" } as const;
  expect(shown({ filter: [kindX] }).toSorted()).toEqual(["a", "b"]);
  expect(shown({ filter: [kindX] }, Catalogue.empty)).toEqual([]);
  // c and d are popular, but the catalogue does not know them.
  expect(shown({}).toSorted()).toEqual(["a", "b", "f", "g", "h"]);
  expect(shown({}, Catalogue.empty).toSorted()).toEqual(["a", "b", "c", "d"]);
});

test("a request that cannot be answered names its field", () => {
  const fieldOf = (request: RecommendationRequest): unknown => {
    try {
      answerIn(trio([]), undefined, request);
    } catch (error) {
      return (error as { field?: unknown }).field;
    }
    return undefined;
  };
  expect(fieldOf(ask("nowhere"))).toBe("placement");
  expect(fieldOf(ask("__proto__"))).toBe("placement");
  expect(fieldOf(ask("trending", { limit: 0 }))).toBe("limit");
  expect(fieldOf(ask("trending", { limit: 200 }))).toBe(undefined);
  expect(fieldOf(ask("trending", { limit: 201 }))).toBe("limit");
  expect(fieldOf(ask("trending", { now: 0.5 }))).toBe("now");
  const filter = [{ attribute: "kind", op: "in" as const, value: "x" }];
  expect(fieldOf(ask("trending", { filter }))).toBe("filter[0].value");
});

test("a decision replays bit for bit on the same inputs, and never passes for another", () => {
  fc.assert(
    fc.property(acts, (list) => {
      const user = list.at(-1)!.user;
      const world = worldOf(list);
      const state = world.states.get(user)!;
      const request = ask("for-you");
      const decision = JSON.parse(
        JSON.stringify(
          makeDecision(answerIn(world, user, request, { items: catalogue }), {
            id: "1:1",
            request,
            position: 7,
            clockHour: world.models.popularity.clockHour,
            catalogue: catalogue.version,
            definitions: builtInDefinitions.version,
            sequence: state.sequence,
          }),
        ),
      );
      const replay = (where: World, items = catalogue) =>
        replayDecision(
          decision,
          new Ranker(),
          permit(where.states.get(user)),
          where.states.get(user),
          where.models,
          items,
          builtInDefinitions,
        );
      expect(replay(worldOf(list, (users) => users.toReversed())).outcome).toBe("equal");
      expect(replay(world, Catalogue.empty)).toMatchObject({ inputs: ["catalogue"] });
      world.models.advance(Math.floor(now / 3_600_000) + 1);
      expect(replay(world)).toMatchObject({ inputs: ["clock"], logged: decision.slots });
    }),
    short,
  );
});

test("a decision whose inputs were erased since gives the logged list and the first slot that differs", () => {
  const world = trio([{ item: "a", type: "play", minute: 1000 }]);
  const request = ask("up-next");
  const state = world.states.get(0)!;
  const answer = answerIn(world, 0, request);
  const decision = makeDecision(answer, {
    id: "1:1",
    request,
    position: 7,
    clockHour: world.models.popularity.clockHour,
    catalogue: 0,
    definitions: 0,
    sequence: state.sequence,
  });
  for (const user of [1, 2, 3]) forget(world, user);
  const { models } = world;
  const replayed = replayDecision(
    decision,
    new Ranker(),
    permit(state),
    state,
    models,
    Catalogue.empty,
    builtInDefinitions,
  );
  expect(replayed).toMatchObject({ outcome: "differs", slot: 0, logged: decision.slots });
});
