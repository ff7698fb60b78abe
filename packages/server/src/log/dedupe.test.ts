import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Dedupe } from "./dedupe.ts";

const dayMs = 86_400_000;
const start = 20_000 * dayMs;
const runs = process.env["ATTUNE_LONG"] === "1" ? 20_000 : 300;
const hex = (n: number) => n.toString(16).padStart(32, "0");

const record = fc.record({
  tenant: fc.integer({ min: 1, max: 2 }),
  subject: fc.constantFrom(hex(0xa), hex(0xb)),
  source: fc.constantFrom("s", "t"),
  messageHash: fc.integer({ min: 1, max: 40 }).map(hex),
  receivedAt: fc.integer({ min: 0, max: 3 }).map((day) => start + day * dayMs),
  merged: fc.boolean(),
});
const step = fc.record({ record, release: fc.boolean() });

/** The same in the plainest way: a list of what is held. */
class Model {
  held: { key: string; merged: string | undefined; day: number }[] = [];

  claim(r: Parameters<Dedupe["claim"]>[0]): boolean {
    const key = `${r.tenant} ${r.source} ${r.messageHash}`;
    const merged = r.merged ? `${key} ${r.subject}` : undefined;
    const isTaken = r.merged
      ? this.held.some((h) => h.merged === merged)
      : this.held.some((h) => h.key === key);
    if (!isTaken) this.held.push({ key, merged, day: r.receivedAt });
    return !isTaken;
  }
}

describe("deduplication", () => {
  it("agrees with a list of what was claimed and released, and so does its copy", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer(), (steps, salt) => {
        const dedupe = new Dedupe({ windowDays: 7, salt });
        dedupe.expire(start);
        const model = new Model();
        for (const { record: r, release } of steps) {
          const isNew = dedupe.claim(r);
          expect(isNew).toBe(model.claim(r));
          if (isNew && release) {
            dedupe.release(r);
            model.held.pop();
          }
        }
        const copy = Dedupe.decode(dedupe.encode(), { windowDays: 7, salt: salt + 1 });
        expect(copy.size).toBe(dedupe.size);
        for (const { record: r } of steps) expect(copy.claim(r)).toBe(model.claim(r));
      }),
      { numRuns: runs },
    );
  });

  it("holds a hundred thousand ids exactly, through growth and removal", () => {
    const dedupe = new Dedupe({ windowDays: 7, salt: 99 });
    const of = (i: number) => ({
      tenant: 1,
      subject: hex(1),
      source: "s",
      // High lanes alike: only the whole key tells them apart.
      messageHash: hex(i),
      receivedAt: start + (i % 3) * dayMs,
      merged: false,
    });
    const count = 100_000;
    for (let i = 0; i < count; i++) if (!dedupe.claim(of(i))) throw new Error(`lost ${i}`);
    for (let i = 0; i < count; i += 2) dedupe.release(of(i));
    expect(dedupe.size).toBe(count / 2);
    for (let i = 0; i < count; i++)
      if (dedupe.claim(of(i)) !== (i % 2 === 0)) throw new Error(`${i}`);
    expect(dedupe.size).toBe(count);
  });

  it("drops whole days and keeps those of the window", () => {
    const dedupe = new Dedupe({ windowDays: 2, salt: 1 });
    const of = (day: number) => ({
      tenant: 1,
      subject: hex(1),
      source: "s",
      messageHash: hex(day + 1),
      receivedAt: start + day * dayMs,
      merged: false,
    });
    for (let day = 0; day < 5; day++) dedupe.claim(of(day));
    dedupe.expire(start + 4 * dayMs);
    expect(dedupe.size).toBe(3);
    expect([0, 1, 2, 3, 4].map((day) => dedupe.claim(of(day)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    // A clock that goes back brings nothing back and drops nothing.
    dedupe.expire(start);
    expect(dedupe.claim(of(4))).toBe(false);
  });
});
