import fc from "fast-check";
import { expect, test } from "vitest";
import { Items } from "../sum/items.ts";
import { categoriesOf } from "./adjust/kinds.ts";
import { Catalogue } from "./catalogue.ts";
import { Entries } from "./entries.ts";

const id = fc.integer({ min: 0, max: 5 }).map((n) => `i${n}`);
const kinds = ["pop", 1, "1", ["pop", "rock"], ["pop,rock"], null, { no: "value" }, []];
const step = fc.oneof(
  fc.record({ put: fc.uniqueArray(id, { maxLength: 5 }) }),
  fc.record({ remove: fc.uniqueArray(id, { maxLength: 5 }) }),
  fc.record({ ask: id }),
  // More changes than an index may miss, and a catalogue that was read from a checkpoint.
  fc.constantFrom({ miss: 70 }, { miss: 0 }, { ask: "i0" }, { ask: "i1" }, { ask: "i2" }),
);

test("by number it says what the catalogue says by text, whatever changed in between", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const [items, entries] = [new Items(), new Entries()];
      let catalogue = Catalogue.empty;
      let n = 0;
      for (const one of steps) {
        if ("put" in one)
          catalogue = catalogue.changed({
            put: one.put.map((key) => ({
              id: key,
              attributes: { n: n++, category: kinds[n % kinds.length] },
            })),
          });
        else if ("remove" in one) catalogue = catalogue.changed({ remove: one.remove });
        else if ("ask" in one) {
          entries.follow(catalogue, items);
          const item = items.intern(one.ask);
          expect(entries.of(item)).toBe(catalogue.get(one.ask));
          entries.kindOf(item);
        } else if (one.miss === 0) catalogue = Catalogue.fromJSON(catalogue.toJSON());
        else
          for (let i = 0; i < one.miss; i++)
            catalogue = catalogue.changed({
              put: [{ id: `i${i % 6}`, attributes: { n: n++, category: kinds[n % kinds.length] } }],
            });
      }
      entries.follow(catalogue, items);
      items.keys.forEach((key, item) => {
        const entry = catalogue.get(key);
        expect(entries.of(item)).toBe(entry);
        expect(entries.kinds.categoriesOf(entries.kindOf(item))).toEqual(categoriesOf(entry));
      });
    }),
  );
});

test("other sums have other numbers", () => {
  const catalogue = Catalogue.empty.changed({ put: [{ id: "a", attributes: {} }] });
  const [some, others, entries] = [new Items(), new Items(), new Entries()];
  some.intern("a");
  others.intern("b");
  entries.follow(catalogue, some);
  expect(entries.of(0)?.id).toBe("a");
  entries.follow(catalogue, others);
  expect(entries.of(0)).toBeUndefined();
});
