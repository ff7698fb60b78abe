import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Catalogue, type CatalogueItem } from "./catalogue.ts";

const id = fc.constantFrom("a", "b", "c", "d", "é");
const change = fc.record({
  /** Which of the versions so far is changed: mostly the newest, sometimes an old one. */
  from: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9) }),
  put: fc.array(fc.record({ id, attributes: fc.record({ n: fc.nat(3) }) }), { maxLength: 3 }),
  remove: fc.array(id, { maxLength: 2 }),
  at: fc.option(fc.nat(9), { nil: undefined }),
});

/** A version by the book: a map of its own. */
function next(before: ReadonlyMap<string, CatalogueItem>, { put, remove, at }: Change) {
  const items = new Map(before);
  for (const one of put) {
    const known = items.get(one.id);
    const firstAt = known === undefined ? at : known.firstAt;
    items.set(one.id, firstAt === undefined ? one : { ...one, firstAt });
  }
  for (const one of remove) items.delete(one);
  return items;
}

type Change = (typeof change extends fc.Arbitrary<infer C> ? C : never) & {
  at?: number | undefined;
};

test("every version stays what it was, whatever is made of it or of later ones", () => {
  let olds = 0;
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const made: [Catalogue, ReadonlyMap<string, CatalogueItem>][] = [
        [Catalogue.empty, new Map()],
      ];
      for (const one of changes) {
        const [from, items] = made.at(-1 - (one.from % made.length))!;
        if (from !== made.at(-1)![0]) olds++;
        made.push([from.changed(one, one.at), next(items, one)]);
      }
      for (const [catalogue, items] of made) {
        expect(catalogue.size).toBe(items.size);
        for (const key of ["a", "b", "c", "d", "é", "none"])
          expect(catalogue.get(key)).toEqual(items.get(key));
        const sorted = [...items.values()].sort((x, y) => (x.id < y.id ? -1 : 1));
        expect(catalogue.items).toEqual(sorted);
        expect(Catalogue.fromJSON(catalogue.toJSON()).items).toEqual(sorted);
      }
      for (const [later] of made) {
        for (const [earlier, items] of made) {
          const changed = later.changedSince(earlier);
          if (changed === undefined) continue;
          for (const key of ["a", "b", "c", "d", "é"])
            if (!changed.includes(key)) expect(later.get(key)).toEqual(items.get(key));
        }
      }
    }),
  );
  expect(olds).toBeGreaterThan(0);
  expect(Catalogue.empty.size).toBe(0);
});

test("a walk reads its own version, whatever changes between two of its items", () => {
  let met = 0;
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(2), change), { maxLength: 8 }),
      (before, between) => {
        let newest = Catalogue.empty;
        for (const one of before) newest = newest.changed(one, one.at);
        const walked = newest;
        const expected = new Map(walked.items.map((item) => [item.id, item]));
        const seen = new Map<string, CatalogueItem>();
        const walk = walked.walk();
        const goOn = (most: number): void => {
          for (let n = 0; n < most; n++) {
            const { done, value } = walk.next();
            if (done === true) return;
            // Once or twice, it is the same.
            if (seen.has(value.id)) expect(seen.get(value.id)).toBe(value);
            seen.set(value.id, value);
          }
        };
        for (const [most, one] of between) {
          goOn(most);
          newest = newest.changed(one, one.at);
        }
        goOn(Infinity);
        expect(seen).toEqual(expected);
        if (walked.items.length > 0 && newest.get("a") !== walked.get("a")) met++;
      },
    ),
  );
  expect(met).toBeGreaterThan(0);
});

test("a change costs what it touches, not what there is", () => {
  const batch = (n: number) =>
    Array.from({ length: 100 }, (_, i) => ({ id: `i${n}-${i}`, attributes: {} }));
  let catalogue = Catalogue.empty;
  const set = vi.spyOn(Map.prototype, "set");
  for (let n = 0; n < 50; n++) catalogue = catalogue.changed({ put: batch(n) });
  const entries = set.mock.calls.length;
  set.mockRestore();
  expect(catalogue.size).toBe(5_000);
  // Each item goes into the map and into the account of its change; a copy a change would make 127,500 of it.
  expect(entries).toBeLessThanOrEqual(10_000);
});
