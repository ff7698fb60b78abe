/** Random documents of a tenant for the laws: placements, rules and takedowns over the items of the small worlds. */
import fc from "fast-check";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import type { DefinitionDocument } from "../../src/core/rank/placement.ts";

const items = ["a", "b", "c", "d", "e", "f", "é", "z\u{1F3B5}", "g", "h"];
const genres = ["jazz", "rock", "folk"];

const sinceOf = (i: number): unknown => (i % 3 === 0 ? `2026-02-${10 + i}` : i * 86_400_000);

/** Knows most of the items, and two that nobody touched. */
export const tagged = Catalogue.empty.changed({
  put: items
    .filter((id) => id !== "f")
    .map((id, i) => ({
      id,
      attributes: { genre: genres[i % 3]!, year: 1990 + i, kids: i % 2 > 0, since: sinceOf(i) },
    })),
});

const item = fc.constantFrom(...items);
const filter = fc.constantFrom(
  'item.genre == "jazz"',
  "item.year >= 1994 and not (item.kids == true)",
  'item.genre in user.genres or context.device == "phone"',
  'item.id != "a"',
);
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(one, { nil: undefined, freq: 2 });
const weight = fc.integer({ min: 1, max: 1 << 20 });

export const placementNames = ["up-next", "for-you", "trending", "radio"];

const placement: fc.Arbitrary<DefinitionDocument> = fc.record({
  kind: fc.constant("placement" as const),
  name: fc.constantFrom(...placementNames),
  sources: fc.record({ neighbours: weight, taste: weight, popular: weight }),
  fallback: fc.constantFrom({}, { trending: 9 }),
  size: fc.integer({ min: 1, max: 12 }),
  filter: maybe(filter),
  freshness: maybe(fc.constantFrom({ attribute: "since", halfLifeDays: 3 })),
  diversity: maybe(
    fc.record({
      lambda: fc.integer({ min: 0, max: 1_000 }),
      caps: fc.constantFrom([], [{ attribute: "genre", max: 1, window: 2 }]),
    }),
  ),
});

const rule: fc.Arbitrary<DefinitionDocument> = fc
  .record({
    id: fc.constantFrom("r1", "r2", "r3", "r4"),
    placements: maybe(fc.constantFrom(["for-you"], ["up-next", "radio"])),
    items: fc.uniqueArray(item, { minLength: 1, maxLength: 4 }),
    filter: maybe(filter),
    territory: maybe(fc.constant(["north"])),
    licence: maybe(fc.constantFrom({ until: 5 }, { from: 5 })),
    ceiling: maybe(
      fc.constantFrom({ attribute: "kids", max: 0 }, { attribute: "year", max: 1993 }),
    ),
    // Over, running, and to come: by the clock of the law's world, which stands still.
    campaign: maybe(fc.constantFrom({ until: 5 }, { from: 5 }, { from: 2 ** 50 })),
    pin: maybe(fc.record({ slot: fc.nat(6) })),
    boost: maybe(fc.integer({ min: 2, max: 100 })),
    bury: maybe(fc.integer({ min: 2, max: 100 })),
    label: fc.constant("Sponsored"),
  })
  .map(({ campaign, ...one }) => ({ kind: "rule", ...one, ...campaign }));

const takedown: fc.Arbitrary<DefinitionDocument> = fc
  .record({ itemIds: fc.uniqueArray(item, { minLength: 1, maxLength: 2 }), isLifted: fc.boolean() })
  .map(({ itemIds, isLifted }) =>
    isLifted
      ? { kind: "takedown", itemIds, isLifted }
      : { kind: "takedown", itemIds, reason: "told to" },
  );

const removal: fc.Arbitrary<DefinitionDocument> = fc.constantFrom(
  { kind: "placement", name: "for-you", isRemoved: true },
  { kind: "rule", id: "r1", isRemoved: true },
);

export const document = fc.oneof(
  { weight: 3, arbitrary: placement },
  { weight: 5, arbitrary: rule },
  { weight: 1, arbitrary: takedown },
  { weight: 1, arbitrary: removal },
);

/** Through JSON, as records hold them. */
export const documents: fc.Arbitrary<DefinitionDocument[]> = fc
  .array(document, { maxLength: 6 })
  .map((list) => JSON.parse(JSON.stringify(list)) as DefinitionDocument[]);
