import { expect, test } from "vitest";
import fc from "fast-check";
import { SessionDays } from "./session-days.ts";

test("the middle day is that of the middle session, whatever came and went before", () => {
  const day = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(day, fc.boolean())), fc.array(day), (moves, kept) => {
      const days = new SessionDays();
      for (const [at, isRead] of moves) {
        days.add(at, 1);
        if (isRead) days.middle();
      }
      for (const at of kept) days.add(at, 1);
      for (const [at, isRead] of moves) {
        days.add(at, -1);
        if (isRead) days.middle();
      }
      const sorted = kept.toSorted((x, y) => x - y);
      expect(days.middle()).toBe(sorted[(sorted.length - 1) >> 1] ?? 0);
    }),
  );
});
