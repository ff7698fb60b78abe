import { describe, expect, test } from "vitest";
import { Buckets } from "./buckets.ts";
import { RetryAfter } from "./retry-after.ts";

function stage(change: { perS?: number; burst?: number; bucketsMax?: number } = {}) {
  const clock = { at: 0 };
  const now = () => clock.at;
  const buckets = new Buckets({ perS: 100, burst: 1_000, bucketsMax: 3, now, ...change });
  const take = (name: string, count: number): boolean => {
    const isAllowed = buckets.has(name, count);
    if (isAllowed) buckets.take(name, count);
    return isAllowed;
  };
  return { clock, buckets, take };
}

describe("a bucket", () => {
  test("gives its burst, then its rate", () => {
    const { clock, take } = stage();
    expect(take("a", 1_000)).toBe(true);
    expect(take("a", 1)).toBe(false);
    clock.at = 9;
    expect(take("a", 1)).toBe(false);
    clock.at = 10;
    expect(take("a", 1)).toBe(true);
    expect(take("a", 1)).toBe(false);
  });

  test("over a long time never gives more than burst and rate", () => {
    const { clock, take } = stage();
    let taken = 0;
    for (; clock.at <= 60_000; clock.at += 3) if (take("a", 1)) taken += 1;
    expect(taken).toBeLessThanOrEqual(1_000 + 60 * 100);
    expect(taken).toBeGreaterThan(6_900);
  });

  test("lets a batch beyond the burst through when full, and makes it pay", () => {
    const { clock, take } = stage();
    expect(take("a", 2_500)).toBe(true);
    clock.at = 15_000;
    expect(take("a", 1)).toBe(false);
    clock.at = 15_010;
    expect(take("a", 1)).toBe(true);
  });

  test("leaves the others alone, and a clock that goes back gives nothing", () => {
    const { clock, take } = stage();
    clock.at = 5_000;
    expect(take("a", 1_000)).toBe(true);
    expect(take("b", 1_000)).toBe(true);
    clock.at = 0;
    expect(take("a", 1)).toBe(false);
  });

  test("goes when too many others were used since", () => {
    const { buckets, take } = stage();
    for (const name of ["a", "b", "c"]) take(name, 1_000);
    take("d", 1);
    expect(buckets.size).toBe(3);
    expect(take("a", 1_000)).toBe(true);
    expect(take("c", 1)).toBe(false);
  });
});

describe("Retry-After", () => {
  const stageOf = (chance = 0.5) => {
    const clock = { at: 0 };
    const retry = new RetryAfter({ now: () => clock.at, chance: () => chance, namesMax: 2 });
    return { clock, retry };
  };

  test("grows for a caller who obeys it, and stays at a minute", () => {
    const { clock, retry } = stageOf();
    const told: number[] = [];
    for (let i = 0; i < 7; i++) {
      told.push(retry.next("a"));
      clock.at += told.at(-1)! * 1_000;
    }
    expect(told).toEqual([1, 2, 5, 15, 60, 60, 60]);
  });

  test("begins again when the overload is over", () => {
    const { clock, retry } = stageOf();
    retry.next("a");
    clock.at = 1_000;
    expect(retry.next("a")).toBe(2);
    clock.at = 60_000;
    expect(retry.next("a")).toBe(1);
  });

  test("jitters by a fifth and is whole seconds, at least one", () => {
    for (const chance of [0, 0.3, 0.999]) {
      const { clock, retry } = stageOf(chance);
      for (const step of [1, 2, 5, 15, 60]) {
        const told = retry.next("a");
        expect(Number.isInteger(told)).toBe(true);
        expect(told).toBeGreaterThanOrEqual(Math.max(1, Math.round(step * 0.8)));
        expect(told).toBeLessThanOrEqual(step * 1.2);
        clock.at += step * 1_000;
      }
    }
  });

  test("counts each name for itself, in bounded memory", () => {
    const { clock, retry } = stageOf();
    retry.next("a");
    clock.at = 1_000;
    expect(retry.next("b")).toBe(1);
    retry.next("c");
    clock.at = 2_000;
    expect(retry.next("b")).toBe(2);
    expect(retry.next("a")).toBe(1);
  });
});
