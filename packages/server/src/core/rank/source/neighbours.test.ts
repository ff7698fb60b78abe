import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { emptyState, type UserState } from "../../fold/state.ts";
import { Models } from "../../sum/models.ts";
import { Scores } from "../scores.ts";
import type { Ask } from "../source.ts";
import {
  neighbourDefaults,
  Neighbours,
  type NeighbourSettings,
  touchedSessionsMax,
} from "./neighbours.ts";

interface Clicks {
  key: number;
  minute: number;
  items: string[];
}

const now = 30_000_000;

function modelsOf(sessions: readonly Clicks[]): Models {
  const models = new Models();
  for (const { key, minute, items } of sessions) {
    items.forEach((item, index) => {
      models.add({ model: "sessions", keyHi: key, keyLo: key, index, item, minute, delta: 1 });
    });
  }
  return models;
}

function stateOf(items: readonly string[], own: readonly number[] = []): UserState {
  const state = emptyState(1, "u");
  for (const item of items) {
    state.ring.push({ item, type: "view", strength: 1, permille: -1, at: now * 60_000 });
  }
  for (const key of own) {
    state.sessions.push({ keyHi: key, keyLo: key, items: [], at: [], dimensions: [] });
  }
  return state;
}

function scoresOf(source: Neighbours, ask: Ask): Map<string, number> {
  const scores = new Scores();
  scores.reserve(ask.models.items.size);
  source.score(ask, scores);
  const found = new Map<string, number>();
  for (let i = 0; i < scores.count; i++) {
    const item = scores.touched[i]!;
    found.set(ask.models.items.keys[item]!, scores.get(item));
  }
  return found;
}

const askOf = (models: Models, state: UserState): Ask => ({
  state,
  models,
  now: now * 60_000,
  context: {},
});

const item = fc.constantFrom(..."abcdefghij".split(""));
const sessions = fc.uniqueArray(
  fc.record({
    key: fc.integer({ min: 1, max: 1000 }),
    minute: fc.integer({ min: now - 20_000, max: now }),
    items: fc.array(item, { minLength: 1, maxLength: 8 }),
  }),
  { selector: ({ key }) => key, minLength: 1, maxLength: 30 },
);
const context = fc.array(item, { minLength: 1, maxLength: 6 });
const exp = (x: number): number => Math.exp(x);
const fade = (x: number, scale: number): number => (scale === 0 ? 1 : exp(-x / scale));

/** The formula of the file's head in floating point, with everything in maps: slow, and easy to check. */
function byTheBook(
  all: readonly Clicks[],
  clicks: readonly string[],
  s: NeighbourSettings,
): Map<string, number> {
  const support = (i: string): number => all.filter(({ items }) => items.includes(i)).length;
  const newestFirst = clicks.toReversed();
  const known = [...new Set(newestFirst)].filter((i) => support(i) > 0);
  const w = new Map(
    known.map((i) => {
      const idf = 1 + s.rarity * Math.log(all.length / support(i));
      return [i, fade(newestFirst.indexOf(i), s.contextFade) * idf];
    }),
  );
  const days = all.map(({ minute }) => Math.floor(minute / 1440)).toSorted((x, y) => x - y);
  const middleAge = Math.max(1440, now - days[(days.length - 1) >> 1]! * 1440);
  const scores = new Map<string, number>();
  for (const { items, minute } of all) {
    const shared = known.filter((i) => items.includes(i));
    if (shared.length === 0) continue;
    const sum = shared.reduce((total, i) => total + w.get(i)!, 0);
    const best = shared[0]!;
    const age = fade((now - minute) / middleAge, s.recencyFade);
    const match = fade(newestFirst.indexOf(best), s.matchFade);
    const similarity = sum * items.length ** -s.lengthPower * age * match;
    const matched = items.indexOf(best);
    for (const j of new Set(items)) {
      const places = items.flatMap((i, place) => (i === j ? [place] : []));
      const near = places.toSorted(
        (x, y) => Math.abs(x - matched) - Math.abs(y - matched) || y - x,
      )[0]!;
      const before = near < matched ? s.before : 1;
      const weight =
        near === matched ? s.match : fade(Math.abs(near - matched), s.placeFade) * before;
      scores.set(j, (scores.get(j) ?? 0) + similarity * weight);
    }
  }
  const steps = all.flatMap(({ items }) => items.slice(1).map((to, i) => [items[i]!, to] as const));
  const allRate = steps.length === 0 ? 0 : steps.filter(([x, y]) => x === y).length / steps.length;
  for (const [j, score] of scores) {
    const from = steps.filter(([x]) => x === j);
    const repeats = from.filter(([x, y]) => x === y).length + s.repeatPrior * allRate;
    const current = (s.current * repeats) / Math.max(1, from.length + s.repeatPrior);
    const factor = j === newestFirst[0] ? current : known.includes(j) ? s.earlier : 1;
    scores.set(j, score * support(j) ** -s.supportPower * factor);
  }
  return scores;
}

// Not the defaults: a table of 12 bits cannot tell what e^-20 of the best is.
const settings: NeighbourSettings = {
  ...neighbourDefaults,
  context: 6,
  rarity: 0.4,
  recencyFade: 4,
  matchFade: 3,
  lengthPower: 0.3,
  current: 3,
};

describe("neighbours", () => {
  test("score as the papers' formula does, to the precision of the tables", () => {
    fc.assert(
      fc.property(sessions, context, (all, clicks) => {
        const source = new Neighbours(settings);
        const scores = scoresOf(source, askOf(modelsOf(all), stateOf(clicks)));
        const wanted = byTheBook(all, clicks, settings);
        const unit = Math.max(...scores.values(), 1) / Math.max(...wanted.values(), 1e-9);
        for (const [key, score] of wanted) {
          const share = (scores.get(key) ?? 0) / unit;
          expect(Math.abs(share - score)).toBeLessThanOrEqual(0.03 * Math.max(...wanted.values()));
        }
      }),
    );
  });

  test("give equal scores whatever order the sessions came in", () => {
    const orders = sessions.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    const few = { ...settings, m: 4, k: 3 };
    fc.assert(
      fc.property(orders, context, ([all, other], clicks) => {
        const read = [all, other].map((list) =>
          scoresOf(new Neighbours(few), askOf(modelsOf(list), stateOf(clicks))),
        );
        expect(Object.fromEntries(read[1]!)).toEqual(Object.fromEntries(read[0]!));
      }),
    );
  });

  test("never ask the asker's own sessions", () => {
    fc.assert(
      fc.property(sessions, context, (all, clicks) => {
        fc.pre(all.length > 1);
        const source = new Neighbours({ ...settings, rarity: 0, supportPower: 0, current: 1 });
        const own = all[0]!.key;
        const scores = scoresOf(source, askOf(modelsOf(all), stateOf(clicks, [own])));
        const others = new Set(all.slice(1).flatMap(({ items }) => items));
        for (const key of scores.keys()) expect(others.has(key)).toBe(true);
        // And the scratch is clean: the next answer of the same source is that of a new one.
        const again = scoresOf(source, askOf(modelsOf(all), stateOf(clicks)));
        const fresh = new Neighbours({ ...settings, rarity: 0, supportPower: 0, current: 1 });
        expect(again).toEqual(scoresOf(fresh, askOf(modelsOf(all), stateOf(clicks))));
      }),
    );
  });

  test("split a score over the user's events without a rest, each one of theirs", () => {
    fc.assert(
      fc.property(sessions, context, (all, clicks) => {
        const source = new Neighbours(settings);
        const ask = askOf(modelsOf(all), stateOf(clicks));
        for (const [key, score] of scoresOf(source, ask)) {
          const parts = source.parts(ask, ask.models.items.find(key));
          expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBe(score);
          for (const { because } of parts) expect(clicks).toContain(because);
        }
      }),
    );
  });

  test("keep scores below 2^32 under the heaviest settings", () => {
    const heavy = {
      ...settings,
      m: 3000,
      k: 3000,
      context: 64,
      contextFade: 0,
      rarity: 1,
      match: 4,
    };
    const many = Array.from({ length: 3000 }, (_, key) => ({
      key,
      minute: now,
      items: "abcdefghijklmnopqrstuvwxyz".split(""),
    }));
    const source = new Neighbours({ ...heavy, placeFade: 0, lengthPower: 0, supportPower: 0 });
    const scores = scoresOf(
      source,
      askOf(modelsOf(many), stateOf("abcdefghijklmnopqrstuvw".split(""))),
    );
    for (const score of scores.values()) {
      expect(Number.isInteger(score)).toBe(true);
      expect(score).toBeLessThan(2 ** 32);
    }
    expect(scores.get("z")).toBeGreaterThan(0);
  });

  test("look at so many sessions and no more, the newest, in whatever order they came", () => {
    const all = Array.from({ length: touchedSessionsMax + 1 }, (_, key) => ({
      key,
      minute: now - touchedSessionsMax + key,
      items: ["x", `only-${key}`],
    }));
    const wide = { ...settings, m: 50_000, k: 50_000, recencyFade: 0, supportPower: 0 };
    const found = (list: readonly Clicks[]): Map<string, number> =>
      scoresOf(new Neighbours(wide), askOf(modelsOf(list), stateOf(["x"])));
    expect(found(all.slice(0, -1)).has("only-0")).toBe(true);
    const capped = found(all);
    expect(capped.has("only-0")).toBe(false);
    expect(capped.has("only-1")).toBe(true);
    expect(Object.fromEntries(found(all.toReversed()))).toEqual(Object.fromEntries(capped));
  });
});
