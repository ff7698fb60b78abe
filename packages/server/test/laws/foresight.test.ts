/** The summaries behind context, predictions and metrics keep the laws of every summary, and a planted bug is caught. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AudienceCell,
  audienceCounts,
  audiences,
  type FlowCell,
  type PopularityCell,
  type SkipCell,
} from "../../src/core/fold/contribution.ts";
import { Audiences } from "../../src/core/sum/audiences.ts";
import { Contexts } from "../../src/core/sum/contexts.ts";
import { Flow } from "../../src/core/sum/flow.ts";
import { Items } from "../../src/core/sum/items.ts";
import { Skips } from "../../src/core/sum/skips.ts";
import { fails, lawsOf, type Subject } from "./summary.ts";

const key = fc.constantFrom("a", "b", "ab", "é", "z\u{1F3B5}", "");
const delta = fc.constantFrom(1, 1, -1, 2, 7, -3);
const hour = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 4000 }));
const popularityCell: fc.Arbitrary<PopularityCell> = fc.record({
  model: fc.constant("popularity" as const),
  dimension: fc.constantFrom("all", "device:phone", "place:gym", "a.weather:rain"),
  item: key,
  hour,
  slice: fc.option(fc.nat(7), { nil: undefined }),
  delta,
});
const single = <C>(cell: fc.Arbitrary<C>): fc.Arbitrary<C[]> => cell.map((one) => [one]);

const contexts: Subject<PopularityCell> = {
  name: "contexts",
  make: () => new Contexts(new Items()),
  decode: (bytes) => Contexts.decode(bytes, new Items()),
  group: single(popularityCell),
};

const flow: Subject<FlowCell> = {
  name: "flow",
  make: () => new Flow(new Items()),
  decode: (bytes) => Flow.decode(bytes, new Items()),
  group: single(
    fc.record({
      model: fc.constant("flow" as const),
      from: fc.constantFrom(0, 324, 2_267),
      to: fc.constantFrom(324, 325, 2_267),
      delta,
    }),
  ),
};

const skips: Subject<SkipCell> = {
  name: "skips",
  make: () => new Skips(new Items()),
  decode: (bytes) => Skips.decode(bytes, new Items()),
  group: single(
    fc.record({
      model: fc.constant("skips" as const),
      item: key,
      streak: fc.constantFrom(0, 5, 24),
      isSkipped: fc.boolean(),
      delta,
    }),
  ),
};

const audience: Subject<AudienceCell> = {
  name: "audiences",
  make: () => new Audiences(new Items()),
  decode: (bytes) => Audiences.decode(bytes, new Items()),
  group: single(
    fc.record({
      model: fc.constant("audiences" as const),
      placement: fc.constantFrom("up-next", "a", "z\u{1F3B5}", "\uFF5E"),
      audience: fc.constantFrom(...audiences),
      count: fc.constantFrom(...audienceCounts),
      day: fc.constantFrom(0, 1, 20_000),
      delta,
    }),
  ),
};

describe.each([
  ["contexts", lawsOf(contexts)],
  ["flow", lawsOf(flow)],
  ["skips", lawsOf(skips)],
  ["audiences", lawsOf(audience)],
])("the laws of %s", (_, laws) => {
  for (const law of laws) test(`${law.name}`, () => law.check());
});

test("a sum of audiences that counts everybody alike is caught", () => {
  class Alike extends Audiences {
    override subtract(cell: AudienceCell): void {
      super.subtract({ ...cell, audience: "new" });
    }
  }
  const laws = lawsOf({ ...audience, make: () => new Alike(new Items()) });
  expect(laws.some((law) => fails(law))).toBe(true);
});

test("a sum of circumstances that forgets what was stated is caught", () => {
  class Forgetful extends Contexts {
    override subtract(cell: PopularityCell): void {
      if (cell.dimension === "all") super.subtract(cell);
    }
  }
  const laws = lawsOf({ ...contexts, make: () => new Forgetful(new Items()) });
  expect(laws.some((law) => fails(law))).toBe(true);
});
