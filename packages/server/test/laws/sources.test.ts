/**
 * The contract of a candidate source, held over every one of them: pure, canonical, whole numbers, parts that
 * sum to the score; with seeds and without, with a catalogue that was put at once or item by item.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { Scores } from "../../src/core/rank/scores.ts";
import type { Ask, Source } from "../../src/core/rank/source.ts";
import { sourcesOf } from "../../src/core/rank/sources.ts";
import { emptyState } from "../../src/core/fold/state.ts";
import { type Act, acts, forget, now, type World, worldOf } from "./rank-world.ts";
import { runs } from "./summary.ts";

const names = sourcesOf().map(({ name }) => name);
const short = { numRuns: Math.ceil(runs.numRuns / 2) };
const dayMs = 86_400_000;

/** `age` in days. */
type Shelved = {
  id: string;
  genre: string;
  tags: string[];
  vector: number[] | undefined;
  age: number;
};

const shelved: fc.Arbitrary<Shelved> = fc.record({
  id: fc.constantFrom("a", "b", "c", "d", "e", "f", "é", "new", "newer"),
  genre: fc.constantFrom("x", "y", "z"),
  tags: fc.subarray(["p", "q", "r", "s"]),
  vector: fc.option(fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 3, maxLength: 3 }), {
    nil: undefined,
  }),
  age: fc.integer({ min: 0, max: 20 }),
});
const shelves = fc
  .uniqueArray(shelved, { selector: ({ id }) => id, maxLength: 9 })
  .map((list) => list.toSorted((x, y) => y.age - x.age));

interface Question {
  seeds: readonly string[] | undefined;
  isFiltered: boolean;
  editionAt: number | undefined;
}
const questions: fc.Arbitrary<Question> = fc.record({
  seeds: fc.option(fc.subarray(["a", "b", "new", "nowhere"]), { nil: undefined }),
  isFiltered: fc.boolean(),
  editionAt: fc.constantFrom(undefined, now - dayMs, now - 2 * dayMs),
});

/** The catalogue of a shelf, put in one go or a record each, with a detour or without. */
function catalogueOf(
  list: readonly Shelved[],
  isInSteps: boolean,
  seen?: (one: Catalogue) => void,
) {
  let catalogue = Catalogue.empty;
  const put = ({ id, age, ...attributes }: Shelved): void => {
    catalogue = catalogue.changed({ put: [{ id, attributes }] }, now - age * dayMs);
    seen?.(catalogue);
  };
  if (isInSteps) {
    for (const one of list) {
      catalogue = catalogue.changed({ put: [{ id: "gone", attributes: one }] }, now);
      put(one);
      catalogue = catalogue.changed({ remove: ["gone"] }, now);
    }
    return catalogue;
  }
  for (const one of list) put(one);
  return Catalogue.fromJSON(JSON.parse(JSON.stringify(catalogue)));
}

function askOf(world: World, catalogue: Catalogue, question: Question, user: number): Ask {
  return {
    state: world.states.get(user) ?? emptyState(0, ""),
    models: world.models,
    now,
    context: { device: "phone" },
    catalogue,
    seeds: question.seeds,
    editionAt: question.editionAt,
    isOffered: question.isFiltered ? (item) => item !== "a" : undefined,
  };
}

/** Scores and parts by item, nothing of dense ids left. */
function answerOf(source: Source, ask: Ask): Map<string, unknown> {
  const scores = new Scores();
  scores.reserve(ask.models.items.size);
  source.score(ask, scores);
  const answer: [string, unknown][] = [];
  for (let i = 0; i < scores.count; i++) {
    const item = scores.touched[i]!;
    const score = scores.get(item);
    const parts = source.parts(ask, item);
    expect(Number.isInteger(score) && score >= 0 && score < 2 ** 32).toBe(true);
    expect(source.full === undefined || score <= source.full).toBe(true);
    expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBe(score);
    expect(parts.every(({ amount }) => Number.isInteger(amount) && amount >= 0)).toBe(true);
    answer.push([ask.models.items.keys[item]!, { score, parts }]);
  }
  return new Map(answer.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const sourceOf = (name: string): Source => sourcesOf().find((source) => source.name === name)!;

describe.each(names)("the source %s", (name) => {
  test("gives equal scores and parts whatever came first, and whatever it was asked before", () => {
    const used = sourceOf(name);
    fc.assert(
      fc.property(acts, shelves, questions, (list, shelf, question) => {
        const user = list[0]!.user;
        const world = worldOf(list);
        const other = worldOf(list, (users) => users.toReversed());
        const once = answerOf(
          sourceOf(name),
          askOf(world, catalogueOf(shelf, false), question, user),
        );
        const steps = catalogueOf(shelf, true, (catalogue) => {
          answerOf(used, askOf(other, catalogue, question, user));
        });
        expect(answerOf(used, askOf(other, steps, question, user))).toEqual(once);
      }),
      short,
    );
  });

  test("has something to say in a world made for it: the control, since silence keeps every law", () => {
    const others = [1, 2, 3, 4].flatMap((user) =>
      ["a", "b", "c", "d"].map((item, i): Act => ({
        user,
        item,
        type: "like",
        minute: user * 100 + i,
        device: "phone",
      })),
    );
    const world = worldOf([...others, { user: 0, item: "a", type: "like", minute: 1_000 }]);
    const shelf = ["a", "new"].map((id) => ({
      id,
      genre: "x",
      tags: [],
      vector: undefined,
      age: 1,
    }));
    const rest = { id: "e", genre: "y", tags: [], vector: undefined, age: 1 };
    const catalogue = catalogueOf([...shelf, rest], false);
    const question = { seeds: undefined, isFiltered: false, editionAt: undefined };
    const answer = answerOf(sourceOf(name), askOf(world, catalogue, question, 0));
    expect(answer.size).toBeGreaterThan(0);
  });

  test("knows nothing more of somebody who was forgotten", () => {
    fc.assert(
      fc.property(acts, shelves, questions, (list, shelf, question) => {
        const gone = list[0]!.user;
        const world = worldOf(list);
        const catalogue = catalogueOf(shelf, false);
        const source = sourceOf(name);
        answerOf(source, askOf(world, catalogue, question, gone));
        forget(world, gone);
        const without = worldOf(list.filter(({ user }) => user !== gone));
        const user = list.at(-1)!.user;
        expect(answerOf(source, askOf(world, catalogue, question, user))).toEqual(
          answerOf(sourceOf(name), askOf(without, catalogue, question, user)),
        );
      }),
      short,
    );
  });
});

test("a shelf that misses a change is caught: the control of the laws above", () => {
  const source = sourceOf("content");
  const world = worldOf([{ user: 1, item: "a", type: "like", minute: 1 }]);
  const put = (id: string, genre: string, catalogue = Catalogue.empty): Catalogue =>
    catalogue.changed({ put: [{ id, attributes: { genre } }] }, now);
  const question: Question = { seeds: ["a"], isFiltered: false, editionAt: undefined };
  const first = put("c", "y", put("b", "x", put("a", "x")));
  const next = put("c", "x", put("b", "y", first));
  const ask = (catalogue: Catalogue): Ask => askOf(world, catalogue, question, 1);
  expect([...answerOf(source, ask(first)).keys()]).toEqual(["b"]);
  // As if the change had not been told.
  const told = next.changedSince.bind(next);
  next.changedSince = () => [];
  expect([...answerOf(source, ask(next)).keys()]).toEqual(["b"]);
  next.changedSince = told;
  expect([...answerOf(sourceOf("content"), ask(next)).keys()]).toEqual(["c"]);
});
