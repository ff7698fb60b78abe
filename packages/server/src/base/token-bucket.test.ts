import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

function stage(perS: number, burst: number) {
  const clock = { at: 0 };
  return { clock, bucket: new TokenBucket({ perS, burst, now: () => clock.at }) };
}

test("one at a time never gives more than the burst and the rate, and all but one of it to whoever keeps asking", () => {
  const whole = fc.integer({ min: 1, max: 50 });
  fc.assert(
    fc.property(whole, whole, fc.array(fc.integer({ min: 0, max: 500 })), (perS, burst, waits) => {
      const { clock, bucket } = stage(perS, burst);
      let taken = 0;
      let lost = 0;
      for (const wait of waits) {
        // What flows over while nobody asks is nobody's.
        lost += Math.max(0, burst - taken + ((clock.at + wait) * perS) / 1_000 - lost - burst);
        clock.at += wait;
        while (bucket.take()) taken += 1;
      }
      const given = burst + (clock.at * perS) / 1_000 - lost;
      expect(taken).toBeLessThanOrEqual(given + 1e-6);
      if (waits.length > 0) expect(taken).toBeGreaterThan(given - 1 - 1e-6);
    }),
  );
});

test("a bucket without room gives nothing, one at a time", () => {
  const { clock, bucket } = stage(0, 0);
  clock.at = 1e9;
  expect(bucket.take()).toBe(false);
});

test("a clock that runs backwards gives nothing back", () => {
  const { clock, bucket } = stage(10, 1);
  clock.at = 1_000;
  expect(bucket.take()).toBe(true);
  clock.at = 0;
  expect(bucket.take()).toBe(false);
});
