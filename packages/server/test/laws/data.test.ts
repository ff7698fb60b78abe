/**
 * The law of forgetting over public data: every user of MovieLens 100k and sampled sessions of Yoochoose.
 * The files stand beside the checkout; without them the tests are skipped. ATTUNE_LONG=1 makes groups of 20,
 * 50 users singly and all sessions.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { InteractionEvent } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { replayFaults, sumFaults } from "../sim/laws.ts";
import { forgetAll, run } from "./engine.ts";
import { isLong } from "./generate.ts";
import { imported, linesOf, type Population } from "./population.ts";

const shared = join(import.meta.dirname, "../../../../../shared/data");
const ratings = join(shared, "ml-100k/ml-100k.inter");
const clicks = join(shared, "rsc15-100k/yoochoose-clicks-100k_train_full.txt");

/** As the write door maps ratings from 1 to 5. */
const byRating: Record<string, Pick<InteractionEvent, "type" | "strength">> = {
  1: { type: "dislike", strength: -4 },
  2: { type: "dislike", strength: -2 },
  3: { type: "like", strength: 1 },
  4: { type: "like", strength: 3 },
  5: { type: "like", strength: 4 },
};

async function movieLens(): Promise<Population> {
  const lines = await linesOf(ratings);
  return imported(
    lines.map(([user, item, rating, seconds]) => ({
      user: user!,
      at: Number(seconds) * 1_000,
      event: { ...byRating[rating!]!, item: item! },
    })),
  );
}

async function yoochoose(count: number): Promise<Population> {
  const lines = await linesOf(clicks);
  const sessions = [...new Set(lines.map(([session]) => session!))];
  const prng = new Prng(15);
  const chosen = new Set(Array.from({ length: count }, () => prng.pick(sessions)));
  return imported(
    lines
      .filter(([session]) => chosen.has(session!))
      .map(([session, item, seconds]) => ({
        user: session!,
        at: Math.round(Number(seconds) * 1_000),
        event: { type: "view", strength: 1, item: item! },
      })),
  );
}

describe("forgetting on public data", () => {
  test("leaves of MovieLens 100k what a replay without the users leaves, for all 943", async ({
    skip,
  }) => {
    if (!existsSync(ratings)) skip(`${ratings} is not there`);
    const population = await movieLens();
    expect(population.members).toHaveLength(943);
    const machine = await run(population, foldLimits, 2_000);
    expect(await replayFaults(machine.log, machine.engine, foldLimits)).toEqual([]);
    expect(sumFaults(machine.engine, foldLimits)).toEqual([]);
    await forgetAll(machine, population.members, isLong ? 50 : 1, isLong ? 20 : 314);
  }, 1_800_000);

  test("leaves of sampled Yoochoose sessions what a replay without them leaves", async ({
    skip,
  }) => {
    if (!existsSync(clicks)) skip(`${clicks} is not there`);
    const population = await yoochoose(isLong ? 20_000 : 600);
    expect(population.members.length).toBeGreaterThan(500);
    const machine = await run(population, foldLimits, 500);
    expect(await replayFaults(machine.log, machine.engine, foldLimits)).toEqual([]);
    await forgetAll(machine, population.members, isLong ? 50 : 5, isLong ? 20 : 50);
  }, 1_800_000);
});
