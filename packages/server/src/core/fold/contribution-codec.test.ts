import fc from "fast-check";
import { expect, test } from "vitest";
import { ContributionWriter, readContributions } from "./contribution-codec.ts";
import {
  audienceCounts,
  audiences,
  type Contribution,
  rankerHeads,
  rewardOutcomes,
} from "./contribution.ts";

const item = fc.constantFrom("a", "b", "naïve", "", "x".repeat(60));
const delta = fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((d) => (d === 0 ? 1 : d));
const u32 = fc.nat({ max: 0xffffffff });
const contribution: fc.Arbitrary<Contribution> = fc.oneof(
  fc.record({
    model: fc.constant("sessions" as const),
    keyHi: u32,
    keyLo: u32,
    index: fc.nat(200),
    item,
    minute: fc.nat(),
    delta,
  }),
  fc.record({ model: fc.constant("cooccurrence" as const), a: item, b: item, delta }),
  fc.record({
    model: fc.constant("popularity" as const),
    dimension: item,
    item,
    hour: fc.nat(),
    slice: fc.option(fc.nat(7), { nil: undefined }),
    delta,
  }),
  fc.record({
    model: fc.constant("rewards" as const),
    placement: item,
    item,
    outcome: fc.constantFrom(...rewardOutcomes),
    day: fc.nat(),
    delta,
  }),
  fc.record({
    model: fc.constant("audiences" as const),
    placement: item,
    audience: fc.constantFrom(...audiences),
    count: fc.constantFrom(...audienceCounts),
    day: fc.nat(),
    delta,
  }),
  fc.record({
    model: fc.constant("ranker" as const),
    placement: item,
    row: fc.uint8Array({ maxLength: 300 }),
    shown: fc.option(
      fc.record({
        head: fc.constantFrom(...rankerHeads),
        count: fc.nat(200),
        slots: fc.uint8Array({ maxLength: 12 }),
      }),
      { nil: undefined },
    ),
    delta,
  }),
  fc.record({ model: fc.constant("flow" as const), from: fc.nat(9), to: fc.nat(999), delta }),
  fc.record({
    model: fc.constant("skips" as const),
    item,
    streak: fc.nat(24),
    isSkipped: fc.boolean(),
    delta,
  }),
);

test("contributions come back as they were written, in order, whatever message they were in", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), contribution))),
      (messages) => {
        const writer = new ContributionWriter();
        for (const message of messages) {
          for (const [tenant, cell] of message) writer.add(tenant, cell, 1);
          const back: [number, Contribution][] = [];
          readContributions(writer.take(), (tenant, cell) => back.push([tenant, cell]));
          expect(back).toEqual(message);
        }
      },
    ),
  );
});

test("a subtracted contribution comes back with its sign turned", () => {
  const writer = new ContributionWriter();
  writer.add(1, { model: "cooccurrence", a: "a", b: "b", delta: 3 }, -1);
  const back: Contribution[] = [];
  readContributions(writer.take(), (_tenant, cell) => back.push(cell));
  expect(back).toEqual([{ model: "cooccurrence", a: "a", b: "b", delta: -3 }]);
});
