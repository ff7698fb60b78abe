import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Slices } from "./slices.ts";

/** Work of 2 ms each on a clock of its own; says in which turn each began. */
async function begun(count: number, sliceMs: number): Promise<number[]> {
  let [now, turn] = [0, 0];
  const slices = new Slices(sliceMs, () => now);
  const turns: number[] = [];
  const work = async (n: number): Promise<void> => {
    await slices.enter();
    turns[n] = turn;
    // Work goes on over a few microtasks, as real work does.
    await Promise.resolve();
    now += 1;
    await Promise.resolve();
    now += 1;
  };
  const all = Promise.all(Array.from({ length: count }, (_, n) => work(n)));
  let isDone = false;
  void all.then(() => (isDone = true));
  while (!isDone) {
    await nextTurn();
    turn++;
  }
  return turns;
}

test("work begins at once while the turn has time, and in its order in later turns", async () => {
  const turns = await begun(12, 5);
  expect(turns.length).toBe(12);
  expect(turns[0]).toBe(0);
  expect(turns).toEqual([...turns].sort((a, b) => a - b));
  const perTurn = new Map<number, number>();
  for (const turn of turns.slice(1)) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
  // All that arrive in the first turn find the clock where it was; from then on a turn has time for three.
  expect(Math.max(...[...perTurn].filter(([turn]) => turn > 0).map(([, n]) => n), 0)).toBeLessThan(
    4,
  );
});

test("a slice of no time lets one begin a turn", async () => {
  const turns = await begun(5, 0);
  expect(new Set(turns).size).toBe(5);
});

test("who is told to wait is not overtaken", async () => {
  const now = 0;
  const slices = new Slices(0, () => now);
  const order: string[] = [];
  const first = slices.enter()!.then(() => void order.push("first"));
  await nextTurn();
  const second = slices.enter()?.then(() => void order.push("second"));
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second"]);
  expect(slices.length).toBe(0);
});
