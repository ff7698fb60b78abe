/**
 * Log, checkpoint and engine on simulated disks, one seed a life: crashes, torn writes, failed syncs, full
 * disks, poison, merges and erasures, and the laws that hold through all of them.
 * ATTUNE_LONG=1 runs 5,000 seeds; a failing one prints its command.
 */
import { describe, expect, test } from "vitest";
import { isLong } from "../laws/generate.ts";
import { planted } from "./planted.ts";
import { type Simulation, simulate } from "./simulate.ts";

const seeds = isLong ? 5_000 : 200;
const perTest = 50;
const steps = 150;
const plantedSeedsMax = 40;
const done: Simulation[] = [];

describe("a simulated machine", () => {
  const firsts = Array.from({ length: seeds / perTest }, (_, i) => 1 + i * perTest);

  test.each(firsts)(`keeps every law in ${perTest} lives from seed %i`, async (first) => {
    for (let seed = first; seed < first + perTest; seed++) {
      const simulation = await simulate(seed, steps);
      const command = `npm run sim -- --seed ${seed} --steps ${steps}`;
      if (simulation.broken.length > 0) expect.fail(`${command}\n${simulation.broken.join("\n")}`);
      done.push(simulation);
    }
  });

  test("met what it is there for", () => {
    const sum = (count: (one: Simulation) => number) =>
      done.reduce((total, one) => total + count(one), 0) / done.length;
    expect(done.length).toBe(seeds);
    expect(sum(({ lives }) => lives)).toBeGreaterThan(3);
    expect(sum(({ checks }) => checks)).toBeGreaterThan(4);
    expect(sum(({ messages }) => messages)).toBeGreaterThan(30);
    expect(sum(({ decisions }) => decisions)).toBeGreaterThan(4);
    expect(sum(({ forgotten }) => forgotten)).toBeGreaterThan(3);
  });

  test("has the same trace for the same seed, and another for another", async () => {
    const [first, again, other] = [
      await simulate(7, steps),
      await simulate(7, steps),
      await simulate(8, steps),
    ];
    expect(again.trace).toEqual(first.trace);
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });
});

describe("a simulation catches", () => {
  test.each(planted)("$bug", async ({ breaks, plant }) => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= plantedSeedsMax; seed++) {
      const { broken } = await simulate(seed, steps, plant);
      if (broken.some((one) => breaks.test(one))) return;
      for (const one of broken) seen.add(one);
    }
    expect.fail(
      `not caught in ${plantedSeedsMax} seeds; seen: ${[...seen].slice(0, 5).join("; ")}`,
    );
  });
});
