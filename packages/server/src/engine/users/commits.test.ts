import fc from "fast-check";
import { expect, test } from "vitest";
import { BytesError } from "../../base/bytes.ts";
import { Commits, packRanges, rangesOf } from "./commits.ts";

/** Steps from one commit of a user to the next; 0 is a second record in the same one. */
const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 2 }), fc.nat(2 ** 40)), {
  maxLength: 200,
});

function seqsOf(given: readonly number[]): number[] {
  let seq = 1;
  return given.map((step) => (seq += step));
}

/** The same by a list of pairs. */
function naive(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last === undefined || seq > last[1] + 1) ranges.push([seq, seq]);
    else last[1] = seq;
  }
  return ranges;
}

test("commits are the ranges of what was added, whenever they were packed between", () => {
  fc.assert(
    fc.property(steps, fc.nat(200), (given, cut) => {
      const seqs = seqsOf(given);
      let commits = new Commits();
      seqs.forEach((seq, i) => {
        if (i === cut) commits = Commits.of(commits.pack());
        commits.add(seq);
      });
      expect(commits.ranges()).toEqual(naive(seqs));
      expect(commits.newest).toBe(seqs.at(-1) ?? 0);
      expect(commits.pack()).toEqual(packRanges(naive(seqs)));
      expect(rangesOf(commits.pack())).toEqual(naive(seqs));
    }),
  );
});

test("what was packed stays as it was when more is added, there and here", () => {
  const commits = new Commits();
  for (const seq of [3, 4, 9]) commits.add(seq);
  const packed = commits.pack();
  const copy = Commits.of(packed);
  commits.add(20);
  copy.add(30);
  expect(rangesOf(packed)).toEqual([
    [3, 4],
    [9, 9],
  ]);
  expect(commits.newest).toBe(20);
});

test("an earlier commit than the last is refused, and so are bytes of something else", () => {
  const commits = new Commits();
  commits.add(9);
  expect(() => commits.add(8)).toThrow("in order");
  expect(() => Commits.of(Uint8Array.of(1, 2))).toThrow(BytesError);
  expect(() => Commits.of(Uint8Array.of(0, 0))).toThrow("left over");
});
