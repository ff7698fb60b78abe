import fc from "fast-check";
import { interactionTypes } from "@attune/protocol";
import { expect, test } from "vitest";
import { type Reaction, Reactions } from "./reactions.ts";
import { type Interaction, Ring } from "./ring.ts";
import { type Session, Sessions } from "./sessions.ts";

/** Each of the columns against a plain list or map of objects, through long and short lives. */
const item = fc.constantFrom(...Array.from({ length: 26 }, (_, n) => `item-${n}`));
const time = fc.integer({ min: -5, max: 2 ** 45 });

const interaction: fc.Arbitrary<Interaction> = fc.record({
  item,
  type: fc.constantFrom(...interactionTypes),
  strength: fc.integer({ min: -100_000, max: 100_000 }),
  permille: fc.integer({ min: -1, max: 100_000 }),
  at: time,
});

test("a ring holds what came in and has not left", () => {
  const steps = fc.array(fc.option(interaction, { freq: 8 }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const [ring, plain] = [new Ring(), [] as Interaction[]];
      for (const step of all) {
        if (step !== null) {
          ring.push(step);
          plain.push(step);
        } else if (plain.length > 0) {
          ring.shift();
          plain.shift();
        }
      }
      expect([...ring]).toEqual(plain);
      expect(ring.items).toEqual(plain.map((each) => each.item));
      expect(ring.at(-1)).toEqual(plain.at(-1));
      expect(ring.at(plain.length)).toBeUndefined();
    }),
  );
});

const half = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const dimensions = fc.constantFrom([], [], ["device:phone"], ["device:tv", "region:AT"]);
const session: fc.Arbitrary<Session> = fc
  .tuple(half, half, fc.array(fc.tuple(item, time, dimensions), { minLength: 1, maxLength: 9 }))
  .map(([keyHi, keyLo, all]) => ({
    keyHi,
    keyLo,
    items: all.map(([name]) => name),
    at: all.map(([, at]) => at),
    dimensions: all.map(([, , stated]) => stated),
  }));

test("sessions are those that came in and have not left", () => {
  fc.assert(
    fc.property(fc.array(fc.option(session, { freq: 4 }), { maxLength: 60 }), (steps) => {
      const [sessions, plain] = [new Sessions(), [] as Session[]];
      for (const step of steps) {
        if (step !== null) {
          sessions.push(step);
          plain.push(step);
        } else if (plain.length > 0) {
          sessions.shift();
          plain.shift();
        }
      }
      expect([...sessions]).toEqual(plain);
      expect(sessions.size).toBe(plain.flatMap(({ items }) => items).length);
      expect(sessions.at(-1)).toEqual(plain.at(-1));
      expect(sessions.at(plain.length)).toBeUndefined();
    }),
  );
});

const deed = fc.tuple(
  fc.constantFrom("say", "say", "say", "leave"),
  fc.nat(60),
  fc.integer(),
  time,
);

test("reactions are a map, whatever their number", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 150 }), (deeds) => {
      const [reactions, plain] = [new Reactions(), new Map<string, Reaction>()];
      for (const [what, number, score, at] of deeds) {
        const name = `item-${number}`;
        const row = reactions.find(name);
        const known = plain.get(name);
        expect(row === -1).toBe(known === undefined);
        if (what === "leave") {
          if (row !== -1) reactions.remove(row);
          plain.delete(name);
        } else if (known === undefined) {
          const first = { score, count: 1, firstAt: at, lastAt: at };
          reactions.add(name, first);
          plain.set(name, first);
        } else {
          reactions.touch(row, score, at);
          plain.set(name, { ...known, score, count: known.count + 1, lastAt: at });
        }
      }
      expect(new Map(reactions)).toEqual(plain);
      expect(reactions.size).toBe(plain.size);
      for (const [name, reaction] of plain)
        expect(reactions.at(reactions.find(name))).toEqual(reaction);
    }),
  );
});
