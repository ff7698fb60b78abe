/**
 * The laws of a summary, as one suite over every implementation: see core/sum/summary.ts. Each law is a
 * property that throws when it does not hold, so that a test can also show that it fails on a planted bug.
 */
import fc from "fast-check";
import { expect } from "vitest";
import type { Contribution, Named } from "../../src/core/fold/contribution.ts";
import type { Summary } from "../../src/core/sum/summary.ts";

export interface Subject<C extends Contribution<Named>> {
  name: string;
  make(): Summary<C>;
  decode(bytes: Uint8Array): Summary<C>;
  /** Cells of one user that are added in this order and subtracted in the reverse; never empty in effect. */
  group: fc.Arbitrary<C[]>;
}

/** A group of cells, added or subtracted. */
interface Step<C> {
  cells: C[];
  sign: 1 | -1;
}

export interface Law {
  name: string;
  check(): void;
}

const isLong = process.env["ATTUNE_LONG"] === "1";
export const runs = { numRuns: isLong ? 3_000 : 60 };
const stepsMax = isLong ? 60 : 16;

function apply<C extends Contribution<Named>>(sum: Summary<C>, step: Step<C>): void {
  if (step.sign === 1) for (const cell of step.cells) sum.add(cell);
  else for (const cell of step.cells.toReversed()) sum.subtract(cell);
}

function undone<C>(step: Step<C>): Step<C> {
  return { cells: step.cells, sign: step.sign === 1 ? -1 : 1 };
}

/** All that two equal summaries must share. */
export function content<C extends Contribution<Named>>(sum: Summary<C>) {
  return { bytes: Buffer.from(sum.encode()).toString("hex"), digest: sum.digest(), size: sum.size };
}

export function lawsOf<C extends Contribution<Named>>(subject: Subject<C>): Law[] {
  const sign = fc.constantFrom<1 | -1>(1, -1);
  const step: fc.Arbitrary<Step<C>> = fc.record({
    cells: subject.group,
    sign,
  });
  const steps = fc.array(step, { maxLength: stepsMax });
  const after = (list: readonly Step<C>[]): Summary<C> => {
    const sum = subject.make();
    for (const one of list) apply(sum, one);
    return sum;
  };
  return [
    {
      name: "the order of adds and subtracts leaves no trace",
      check: () =>
        fc.assert(
          fc.property(steps.chain(shuffled), ([list, other]) => {
            expect(content(after(other))).toEqual(content(after(list)));
          }),
          runs,
        ),
    },
    {
      name: "what is added and taken back leaves the bytes as they were, absent cells included",
      check: () =>
        fc.assert(
          fc.property(steps, steps, (list, extra) => {
            const sum = after(list);
            const before = content(sum);
            for (const one of extra) apply(sum, one);
            for (const one of extra.toReversed()) apply(sum, undone(one));
            expect(content(sum)).toEqual(before);
          }),
          runs,
        ),
    },
    {
      name: "a sum that gave everything back equals one that never held anything",
      check: () =>
        fc.assert(
          fc.property(steps, (list) => {
            const sum = after(list);
            for (const one of list) apply(sum, undone(one));
            expect(content(sum)).toEqual(content(subject.make()));
            expect(sum.digest()).toBe("0".repeat(64));
            expect(sum.size).toBe(0);
          }),
          runs,
        ),
    },
    {
      name: "something added is something kept: bytes, digest and size change",
      check: () =>
        fc.assert(
          fc.property(steps, step, (list, extra) => {
            const sum = after(list);
            const before = content(sum);
            apply(sum, extra);
            const now = content(sum);
            expect(now.bytes).not.toBe(before.bytes);
            expect(now.digest).not.toBe(before.digest);
          }),
          runs,
        ),
    },
    {
      name: "parts merge to the whole, however they are split and in whatever order",
      check: () =>
        fc.assert(
          fc.property(steps, fc.infiniteStream(fc.nat(2)), fc.boolean(), (list, places, turned) => {
            const parts = [subject.make(), subject.make(), subject.make()];
            for (const one of list) apply(parts[places.next().value as number]!, one);
            const left = turned ? parts.reverse() : parts;
            const kept = left.slice(1).map((part) => content(part));
            for (const part of left.slice(1)) left[0]!.merge(part);
            expect(content(left[0]!)).toEqual(content(after(list)));
            expect(left.slice(1).map((part) => content(part))).toEqual(kept);
          }),
          runs,
        ),
    },
    {
      name: "decode of encode is equal and goes on alike",
      check: () =>
        fc.assert(
          fc.property(steps, steps, (list, more) => {
            const sum = after(list);
            const copy = subject.decode(sum.encode());
            expect(content(copy)).toEqual(content(sum));
            for (const one of more) apply(sum, one);
            for (const one of more) apply(copy, one);
            for (const one of list.toReversed()) apply(copy, undone(one));
            for (const one of list.toReversed()) apply(sum, undone(one));
            expect(content(copy)).toEqual(content(sum));
          }),
          runs,
        ),
    },
    {
      name: "bytes are equal exactly when digests are",
      check: () =>
        fc.assert(
          fc.property(steps, steps, fc.nat(), (list, other, at) => {
            const without = list.filter((_, index) => index !== at % (list.length + 1));
            const sums = [after(list), after(other), after(without)].map((sum) => content(sum));
            for (const x of sums) {
              for (const y of sums) expect(x.bytes === y.bytes).toBe(x.digest === y.digest);
            }
          }),
          runs,
        ),
    },
  ];
}

function shuffled<T>(list: T[]): fc.Arbitrary<[T[], T[]]> {
  const order = fc.shuffledSubarray(list, { minLength: list.length });
  return fc.tuple(fc.constant(list), order);
}

/** Whether a law fails: for planted bugs. */
export function fails(law: Law): boolean {
  try {
    law.check();
    return false;
  } catch {
    return true;
  }
}
