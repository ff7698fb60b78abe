import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalogue } from "../catalogue.ts";
import { RequestError } from "../request-error.ts";
import { type Candidate, type Cap, CapWindow, diversified, diversityOf } from "./diversity.ts";
import { Features, similarity, similarityOne } from "./features.ts";

interface Drawn extends Candidate {
  attributes: Record<string, unknown>;
}

const drawn: fc.Arbitrary<Drawn[]> = fc
  .array(
    fc.record({
      score: fc.integer({ min: 1, max: 2 ** 33 - 1 }),
      attributes: fc.record({
        genre: fc.constantFrom("jazz", "rock", "folk", ["jazz", "rock"]),
        artist: fc.constantFrom(1, 2, 3, "1"),
      }),
    }),
    { minLength: 1, maxLength: 70 },
  )
  .map((list) =>
    list
      .toSorted((x, y) => y.score - x.score)
      .map((one, i) => ({ ...one, id: `i${String(i).padStart(2, "0")}` })),
  );
const cap: fc.Arbitrary<Cap> = fc
  .record({
    attribute: fc.constantFrom("genre", "artist", "none"),
    window: fc.integer({ min: 2, max: 8 }),
  })
  .chain((one) => fc.integer({ min: 1, max: one.window - 1 }).map((max) => ({ ...one, max })));
const caps = fc.array(cap, { maxLength: 2 });

function arranged(items: readonly Drawn[], lambda: number, capped: readonly Cap[], limit: number) {
  const catalogue = Catalogue.empty.changed({ put: items });
  const window = new CapWindow(capped, catalogue);
  const diversity = { lambda, caps: capped };
  return diversified(items, limit, diversity, window, catalogue, new Features());
}

const valuesOf = (item: Drawn, attribute: string): unknown[] => [
  ...new Set([item.attributes[attribute] ?? []].flat()),
];

/** How often a value stands too often in some window. */
function breaches(list: readonly Drawn[], { attribute, max, window }: Cap): number {
  let count = 0;
  for (let at = 0; at + window <= Math.max(window, list.length); at++) {
    const counts = new Map<unknown, number>();
    for (const item of list.slice(at, at + window)) {
      for (const value of valuesOf(item, attribute))
        counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    count += [...counts.values()].filter((one) => one > max).length;
  }
  return count;
}

test("in every window of a list each value stands at most as often as its cap says", () => {
  let uncapped = 0;
  fc.assert(
    fc.property(drawn, caps, fc.integer({ min: 0, max: 1_000 }), (items, capped, lambda) => {
      const of = (ids: readonly string[]) => ids.map((id) => items.find((one) => one.id === id)!);
      const list = of(arranged(items, lambda, capped, 20));
      const free = of(arranged(items, lambda, [], 20));
      for (const one of capped) {
        expect(breaches(list, one)).toBe(0);
        uncapped += breaches(free, one);
      }
      expect(new Set(list).size).toBe(list.length);
    }),
  );
  // The control: without the caps there are breaches to be found.
  expect(uncapped).toBeGreaterThan(0);
});

test("a list ends early only where nobody else may come", () => {
  fc.assert(
    fc.property(drawn, caps, (items, capped) => {
      const list = arranged(items, 500, capped, 20);
      if (list.length === Math.min(20, items.length)) return;
      const catalogue = Catalogue.empty.changed({ put: items });
      const window = new CapWindow(capped, catalogue);
      for (const id of list) window.place(id);
      for (const { id } of items) if (!list.includes(id)) expect(window.fits(id)).toBe(false);
    }),
  );
});

test("where only the score counts and nothing is capped, the order stays", () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 1, max: 80 }), (items, limit) => {
      expect(arranged(items, 1_000, [], limit)).toEqual(items.slice(0, limit).map(({ id }) => id));
    }),
  );
});

test("each slot of the head holds what is worth most there, by the formula said out loud", () => {
  fc.assert(
    fc.property(drawn, fc.integer({ min: 0, max: 1_000 }), (items, lambda) => {
      const features = new Features();
      const catalogue = Catalogue.empty.changed({ put: items });
      const vector = (id: string) => features.of(catalogue.get(id));
      const head = items.slice(0, 50);
      const list = arranged(items, lambda, [], 12);
      list.forEach((id, slot) => {
        const above = list.slice(0, slot);
        const worth = (one: Drawn): bigint => {
          const likest = Math.max(0, ...above.map((b) => similarity(vector(one.id), vector(b))));
          const relevance = (BigInt(one.score) * BigInt(similarityOne)) / BigInt(items[0]!.score);
          return BigInt(lambda) * relevance - BigInt(1_000 - lambda) * BigInt(likest);
        };
        const open = head.filter((one) => !above.includes(one.id));
        const best = open.reduce((x, y) => (worth(y) > worth(x) ? y : x));
        expect(id).toBe(best.id);
      });
    }),
    { numRuns: 40 },
  );
});

test("likeness: of itself whole, of a stranger nothing, whatever order attributes come in", () => {
  const of = (attributes: Record<string, unknown>) => new Features().of({ id: "x", attributes });
  const jazz = of({ genre: ["jazz", "soul"], year: 1999 });
  expect(similarity(jazz, of({ year: 1999, genre: ["soul", "jazz"] }))).toBe(similarityOne);
  expect(similarity(jazz, of({ genre: ["rock"], year: "1999" }))).toBe(0);
  expect(similarity(jazz, of({ genre: "jazz" }))).toBe(similarityOne / 2);
  expect(similarity(jazz, new Features().of(undefined))).toBe(0);
  expect(similarity(of({}), of({}))).toBe(0);
  expect(of({ list: Array.from({ length: 100 }, (_, i) => i) })).toHaveLength(64);
});

test("what cannot be meant names its field, at the limit and one past it", () => {
  const fieldOf = (value: unknown): unknown => {
    try {
      diversityOf(value);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(RequestError);
      return (error as RequestError).field;
    }
  };
  const one = { attribute: "genre", max: 1, window: 2 };
  expect(fieldOf({ caps: Array.from({ length: 8 }, () => one) })).toBe(undefined);
  expect(fieldOf({ caps: Array.from({ length: 9 }, () => one) })).toBe("diversity.caps");
  expect(fieldOf({ lambda: 1_000 })).toBe(undefined);
  expect(fieldOf({ lambda: 1_001 })).toBe("diversity.lambda");
  expect(fieldOf({ caps: [{ ...one, window: 201 }] })).toBe("diversity.caps[0].window");
  expect(fieldOf({ caps: [{ ...one, window: 200, max: 199 }] })).toBe(undefined);
  expect(fieldOf({ caps: [one, { ...one, max: 2 }] })).toBe("diversity.caps[1].max");
  expect(fieldOf({ mmr: 1 })).toBe("diversity.mmr");
  expect(fieldOf([])).toBe("diversity");
});
