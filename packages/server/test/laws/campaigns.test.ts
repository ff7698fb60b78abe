/** A rule with a time of its own, over the real engine and live lists: what it brought leaves when it ends. */
import { expect, test } from "vitest";
import { foldLimits } from "../../src/core/fold/state.ts";
import { hasBorder } from "../../src/core/rank/merchandise/rule.ts";
import { HubMemory } from "../../src/deliver/hub-memory.ts";
import { deliverLimits } from "../../src/deliver/limits.ts";
import { type LiveQuery, LiveQueries } from "../../src/deliver/live.ts";
import { Documents } from "../../src/engine/definitions/documents.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import { openMachine, tenant } from "./population.ts";

const start = Date.UTC(2026, 5, 1);
const [from, until] = [start + 60_000, start + 120_000];
const subject = hashOf("somebody");

interface Listed {
  /** The live list at a time; all of it is in view from then on. */
  at(time: number): string[];
  /** An answer for a time. */
  asked(time: number): string[];
  query: LiveQuery;
}

async function listOf(rule: object): Promise<Listed> {
  const { engine } = await openMachine(foldLimits);
  const clock = { now: start };
  const now = (): number => clock.now;
  const put = Array.from({ length: 9 }, (_, i) => ({ id: `i${i}`, attributes: {} }));
  await engine.append([engineRecord("catalogue", { put }, { tenant, at: start, id: "items" })]);
  await new Documents(engine, now).put(tenant, { kind: "rule", id: "ad", from, until, ...rule });
  const live = new LiveQueries({
    engine,
    hub: new HubMemory({ ...deliverLimits, now, newEpoch: () => "epoch" }),
    limits: deliverLimits,
    now,
    elapsed: () => 0,
    takedownsOf: () => undefined,
    hasBorder: (one, after, through) =>
      hasBorder(engine.tenant(one).definitions.rules, after, through),
    itemOf: () => undefined,
    onFailed: (error) => {
      throw error;
    },
  });
  const ask = { tenant, subject, placement: "trending", limit: 4, context: {} };
  const holder = {};
  const query = await live.open(ask, holder, []);
  const at = (time: number): string[] => {
    clock.now = time;
    live.turn();
    const items = query.list.items.map(({ id, label }) => (label === undefined ? id : `${id}!`));
    live.setOnScreen(
      query,
      holder,
      query.list.items.map(({ id }) => id),
    );
    return items;
  };
  const asked = (time: number): string[] => {
    const { items } = engine.preview(tenant, subject, { ...ask, now: time });
    return items.map(({ item }) => item);
  };
  return { at, asked, query };
}

const plain = ["i0", "i1", "i2", "i3"];

test("a pin holds its slot from the first millisecond to the last, and nobody's screen holds it longer", async () => {
  const { at, asked, query } = await listOf({ items: ["i8"], pin: { slot: 1 } });
  const isPinned = [from - 1, from, until - 1, until].map((time) => asked(time)[1] === "i8");
  expect(isPinned).toEqual([false, true, true, false]);
  expect(at(from - 1)).toEqual(plain);
  // What was in view before it stays; the next list has it where there is room.
  expect(at(from)).toEqual(plain);
  const { at: unseen } = await listOf({ items: ["i8"], pin: { slot: 1 }, from: start });
  expect(unseen(from)).toEqual(["i0", "i8", "i1", "i2"]);
  expect(unseen(until - 1)).toEqual(["i0", "i8", "i1", "i2"]);
  expect(unseen(until)).not.toContain("i8");
  expect(query.list.v).toBe(1);
});

test("a label and a licence are the rule's own, and go with it", async () => {
  const { at } = await listOf({ items: ["i2"], label: "Sponsored" });
  expect(at(from - 1)).toEqual(plain);
  expect(at(from)).toEqual(["i0", "i1", "i2!", "i3"]);
  expect(at(until)).toEqual(plain);
  // What a rule hides, it hides while it runs.
  const { at: hidden } = await listOf({ items: ["i2"], territory: ["AT"] });
  expect(hidden(from - 1)).toEqual(plain);
  expect(hidden(from)).not.toContain("i2");
});
