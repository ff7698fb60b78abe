import fc from "fast-check";
import { expect, test } from "vitest";
import { ContributionReader, ContributionWriter, type Numbering } from "./contribution-codec.ts";
import {
  audienceCounts,
  audiences,
  type Contribution,
  type Named,
  rankerHeads,
  rewardOutcomes,
  rewardSlices,
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
    slice: fc.nat(rewardSlices - 1),
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

/** Numbers in the order in which names come, from `first` on. */
class Numbers implements Numbering {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(first: number) {
    for (let n = 0; n < first; n++) this.intern(`unused ${n}`);
  }

  intern(name: Named): number {
    if (typeof name === "number") return name;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

/** The cell with the names that stand behind its numbers. */
function named(cell: Contribution<number>, { names }: Numbers): unknown {
  const text = (field: string, value: unknown): unknown =>
    ["item", "a", "b", "dimension", "placement"].includes(field) ? names[value as number] : value;
  return Object.fromEntries(
    Object.entries(cell).map(([field, value]) => [field, text(field, value)]),
  );
}

/** A table for each tenant. */
const tables = (first: number) => {
  const all = new Map<number, Numbers>();
  return (tenant: number): Numbers => {
    const numbers = all.get(tenant) ?? new Numbers(first);
    all.set(tenant, numbers);
    return numbers;
  };
};

test("contributions come back as they were written, in order, message by message, under the reader's numbers", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), contribution))),
      fc.constantFrom(0, 5, 3_000),
      fc.constantFrom(0, 2, 3_000),
      (messages, writers, readers) => {
        const [writer, reader] = [new ContributionWriter(), new ContributionReader()];
        const [theirs, own] = [tables(writers), tables(readers)];
        for (const message of messages) {
          for (const [tenant, cell] of message) writer.add(tenant, theirs(tenant), cell, 1);
          const back: [number, unknown][] = [];
          reader.read(writer.take(), own, (tenant, cell) =>
            back.push([tenant, named(cell, own(tenant))]),
          );
          expect(back).toEqual(message);
        }
      },
    ),
  );
});

test("a subtracted contribution comes back with its sign turned; a name crosses once", () => {
  const writer = new ContributionWriter();
  const reader = new ContributionReader();
  const [theirs, own] = [tables(0), tables(0)];
  const lengths: number[] = [];
  for (let n = 0; n < 2; n++) {
    writer.add(1, theirs(1), { model: "cooccurrence", a: "aaaa", b: "bbbb", delta: 3 }, -1);
    const bytes = writer.take();
    lengths.push(bytes.length);
    const back: unknown[] = [];
    reader.read(bytes, own, (tenant, cell) => back.push(named(cell, own(tenant))));
    expect(back).toEqual([{ model: "cooccurrence", a: "aaaa", b: "bbbb", delta: -3 }]);
  }
  expect(lengths[1]).toBe(lengths[0]! - 2 * "?aaaa".length);
});

test("a number that no name came with is refused", () => {
  const writer = new ContributionWriter();
  const names = tables(0)(1);
  writer.add(1, names, { model: "cooccurrence", a: "a", b: "b", delta: 1 }, 1);
  writer.take();
  writer.add(1, names, { model: "cooccurrence", a: "a", b: "b", delta: 1 }, 1);
  const read = () => new ContributionReader().read(writer.take(), tables(0), () => undefined);
  expect(read).toThrow("stands for no name");
});
