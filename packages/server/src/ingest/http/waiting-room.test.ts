import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WaitingRoom } from "./waiting-room.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A queue with so many places, and what became of the guests, in the order in which it did. */
function room(places: number, waitMsMax: number) {
  const queue = { places };
  const left: string[] = [];
  const waiting = new WaitingRoom({
    hasRoom: (_bytes, coming) => coming < queue.places,
    waitMsMax,
    now: Date.now,
  });
  const come = (name: string) =>
    waiting.wait(1).then((isIn) => void left.push(isIn ? name : `-${name}`));
  return { queue, left, waiting, come };
}

test("guests go in as places come free, in their order", async () => {
  const { queue, left, waiting, come } = room(0, 1_000);
  for (const name of ["a", "b", "c"]) void come(name);
  await vi.advanceTimersByTimeAsync(100);
  expect(left).toEqual([]);
  queue.places = 2;
  await vi.advanceTimersByTimeAsync(10);
  expect(left).toEqual(["a", "b"]);
  queue.places = 1;
  await vi.advanceTimersByTimeAsync(10);
  expect(left).toEqual(["a", "b", "c"]);
  expect(waiting.isEmpty).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("who waited as long as anybody may is refused, but only so many a second", async () => {
  const { left, come } = room(0, 250);
  for (let n = 0; n < 1_000; n++) void come(`${n}`);
  await vi.advanceTimersByTimeAsync(240);
  expect(left.length).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(left.length).toBeGreaterThan(450);
  expect(left.length).toBeLessThan(550);
  expect(left[0]).toBe("-0");
  await vi.advanceTimersByTimeAsync(1_100);
  expect(left.length).toBe(1_000);
  expect(vi.getTimerCount()).toBe(0);
});

test("a full waiting room refuses at once", async () => {
  const { left, come } = room(0, 250);
  for (let n = 0; n < 4_002; n++) void come(`${n}`);
  await vi.advanceTimersByTimeAsync(0);
  expect(left).toEqual(["-4000", "-4001"]);
});
