/**
 * Beside the laws of every summary: what an answer reads from the session index is a function of the cells
 * alone. Any order of any cells, of sessions whole or not, reads the same, and whole sessions read as they are.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionCell } from "../../src/core/fold/contribution.ts";
import { Items } from "../../src/core/sum/items.ts";
import { SessionIndex } from "../../src/core/sum/session-index.ts";
import { runs } from "./summary.ts";

const key = fc.constantFrom("a", "b", "c", "ab", "é", "z\u{1F3B5}", "\uFF5E", "");
const word = fc.constantFrom(0, 1, 7, 0xffffffff);

const session: fc.Arbitrary<SessionCell[]> = fc
  .tuple(
    word,
    word,
    fc.constantFrom(0, 1_000, 27_000_000),
    fc.array(fc.tuple(key, fc.constantFrom(0, 0, 1, 30, 70_000)), { minLength: 1, maxLength: 7 }),
  )
  .map(([keyHi, keyLo, first, clicks]) => {
    let minute = first;
    return clicks.map(([item, gap], index): SessionCell => {
      minute += index === 0 ? 0 : gap;
      return { model: "sessions", keyHi, keyLo, index, item, minute, delta: 1 };
    });
  });

/** A part of a session: what a step of the fold adds, and, alone, what no fold would. */
const cells = fc.oneof(
  session,
  fc.tuple(session, fc.nat(6)).map(([list, at]) => [list[at % list.length]!]),
);

/** All that the read side of the index shows, by external keys. */
function reading(index: SessionIndex, items: Items): unknown {
  const sequence = (slot: number) =>
    Array.from({ length: index.length(slot) }, (_, at) => [
      items.keys[index.itemAt(slot, at)],
      index.minuteAt(slot, at),
    ]);
  const postings = items.keys.map((name, item) => ({
    name,
    newest: Array.from({ length: index.support(item) }, (_, back) =>
      sequence(index.newest(item, back)),
    ),
    minute: index.newestMinute(item),
    repeats: index.repeatRate(item, 3),
  }));
  return {
    count: index.count,
    middle: index.middleMinute(),
    postings: postings
      .filter((posting) => posting.newest.length > 0)
      .toSorted((x, y) => (x.name < y.name ? -1 : 1)),
  };
}

test("what an answer reads does not depend on the order of the cells, valid or not", () => {
  const signed = fc
    .tuple(cells, fc.constantFrom(1, 1, 1, -1))
    .map(([list, sign]) => list.map((cell) => ({ ...cell, delta: sign })));
  const steps = fc.array(signed, { maxLength: 12 }).map((list) => list.flat());
  const orders = steps.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(orders, ([list, other]) => {
      const read = [list, other].map((order) => {
        const items = new Items();
        const index = new SessionIndex(items);
        for (const cell of order) index.add(cell);
        return reading(index, items);
      });
      expect(read[1]).toEqual(read[0]);
    }),
    { numRuns: runs.numRuns * 5 },
  );
});

test("a session that its user's records give reads as it was, beside any others", () => {
  fc.assert(
    fc.property(session, fc.array(session, { maxLength: 6 }), (list, others) => {
      fc.pre(list.at(-1)!.minute - list[0]!.minute <= 65_535);
      const items = new Items();
      const index = new SessionIndex(items);
      for (const other of others) {
        const isSame = other[0]!.keyHi === list[0]!.keyHi && other[0]!.keyLo === list[0]!.keyLo;
        if (!isSame) for (const cell of other) index.add(cell);
      }
      for (const cell of list) index.add(cell);
      const slot = index.find(list[0]!.keyHi, list[0]!.keyLo);
      expect(index.length(slot)).toBe(list.length);
      for (const cell of list) {
        const item = items.find(cell.item);
        expect(items.keys[index.itemAt(slot, cell.index)]).toBe(cell.item);
        expect(index.minuteAt(slot, cell.index)).toBe(cell.minute);
        const holders = Array.from({ length: index.support(item) }, (_, back) =>
          index.newest(item, back),
        );
        expect(holders.filter((holder) => holder === slot)).toHaveLength(1);
      }
      expect(index.lastMinute(slot)).toBe(list.at(-1)!.minute);
    }),
    runs,
  );
});
