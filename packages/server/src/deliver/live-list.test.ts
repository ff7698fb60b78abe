import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LiveItem, LiveList } from "@attune/protocol";
import { applied, diff, isChanged, pinnedOnly, stable } from "./live-list.ts";

const entry = (id: string, score: number, because = "x"): LiveItem => ({
  id,
  score,
  reasons: [{ source: "neighbours", because, share: score }],
});
const ids = (items: readonly LiveItem[]): string[] => items.map(({ id }) => id);
const listOf = (v: number, items: readonly LiveItem[]): LiveList => ({
  type: "recommendation.list",
  placement: "home",
  v,
  decisionId: `d${v}`,
  position: `e.${v}`,
  personal: true,
  items,
});

/** An answer of the ranker: distinct items, best first. */
const answers = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.nat(200), fc.nat(3)), {
    selector: ([id]) => id,
    maxLength: 20,
  })
  .map((rows) =>
    rows
      .map(([id, score, because]) => entry(`i${id}`, score, `b${because}`))
      .sort((a, b) => b.score - a.score),
  );
const screens = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 6 });

describe("a live list", () => {
  test("after every diff the client has the very list of the server", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(answers, screens), { minLength: 1, maxLength: 8 }), (steps) => {
        let server = listOf(1, []);
        let client = server;
        for (const [fresh, screen] of steps) {
          const onScreen = screen.map((id) => `i${id}`);
          const items = stable(server.items, fresh, onScreen, 8);
          if (!isChanged(server, items)) continue;
          const next = listOf(server.v + 1, items);
          const change = JSON.parse(JSON.stringify(diff(server, next)));
          client = applied(client, change);
          expect(client).toEqual(next);
          server = next;
        }
      }),
    );
  });

  test("an item on screen never moves as long as it may be shown and the list is long enough", () => {
    fc.assert(
      fc.property(answers, answers, screens, (first, second, screen) => {
        const before = stable([], first, [], 8);
        const onScreen = screen.map((id) => `i${id}`);
        const after = stable(before, second, onScreen, 8);
        const isMade = second.length >= 8;
        before.forEach(({ id }, slot) => {
          if (!onScreen.includes(id) || !second.some((fresh) => fresh.id === id)) return;
          if (isMade) expect(after[slot]!.id).toBe(id);
          else expect(ids(after)).toContain(id);
        });
        expect(after).toHaveLength(Math.min(8, second.length));
        expect(new Set(ids(after)).size).toBe(after.length);
      }),
    );
  });

  test("with nothing on screen and no past it is the ranker's answer", () => {
    fc.assert(
      fc.property(answers, answers, (before, fresh) => {
        expect(stable([], fresh, [], 8)).toEqual(fresh.slice(0, 8));
        expect(pinnedOnly(before, fresh, [], 8)).toEqual(fresh.slice(0, 8));
      }),
    );
  });

  test("what nobody sees is passed with more than 10 % more score, not with 10 %", () => {
    const before = [entry("a", 100), entry("b", 90)];
    expect(ids(stable(before, [entry("b", 110), entry("a", 100)], [], 2))).toEqual(["a", "b"]);
    expect(ids(stable(before, [entry("b", 111), entry("a", 100)], [], 2))).toEqual(["b", "a"]);
    const fresh = [entry("c", 111), entry("a", 100), entry("b", 100)];
    expect(ids(stable(before, fresh, [], 2))).toEqual(["c", "a"]);
  });

  test("what may not be shown any more leaves its slot even on screen", () => {
    const before = [entry("a", 3), entry("b", 2), entry("c", 1)];
    const fresh = [entry("z", 9), entry("b", 2), entry("c", 1)];
    expect(ids(stable(before, fresh, ["a", "b"], 3))).toEqual(["z", "b", "c"]);
  });

  test("on a list that was never sent the items on screen are its head", () => {
    const fresh = [entry("a", 3), entry("b", 2), entry("c", 1)];
    expect(ids(stable([], fresh, ["c", "gone"], 3))).toEqual(["c", "a", "b"]);
  });

  test("numbers alone are no change; an order is, and a reason that holds no more", () => {
    const before = listOf(1, [entry("a", 3), entry("b", 2)]);
    expect(isChanged(before, [entry("a", 9), entry("b", 8)])).toBe(false);
    expect(isChanged(before, [entry("b", 9), entry("a", 8)])).toBe(true);
    expect(isChanged(before, [entry("a", 3)])).toBe(true);
    expect(isChanged(before, [entry("a", 3, "y"), entry("b", 2, "y")])).toBe(true);
  });

  test("a diff says only what changed, and is refused on another list", () => {
    const before = listOf(1, [entry("a", 3), entry("b", 2), entry("c", 1)]);
    const after = listOf(2, [entry("b", 5), entry("c", 1), entry("d", 1)]);
    const change = diff(before, after);
    expect(change.order).toEqual(["b", "c", "d"]);
    expect(ids(change.set)).toEqual(["d"]);
    expect(change.shares).toEqual({ b: [5, 5] });
    expect(() => applied(listOf(7, []), change)).toThrow("from 1 on list 7");
  });
});
