import type { Decision } from "@attune/protocol";
import { expect, test } from "vitest";
import type { Log } from "../log/log.ts";
import { openMemoryLog } from "../log/memory.ts";
import { decisionRecordsOf } from "../../test/decisions.ts";
import { interaction } from "../../test/interaction.ts";
import { MemoryCheckpoint } from "./checkpoint/memory.ts";
import { Engine } from "./engine.ts";
import { hashOf, payloadOf } from "./payload.ts";

const start = 1_700_000_000_000;
const minute = 60_000;
const usersMax = 30;
const rounds = 6;

async function open(rankThreads: number) {
  const clock = { at: start };
  const now = () => clock.at;
  const log = await openMemoryLog({ partitions: 2, now });
  const checkpoint = new MemoryCheckpoint();
  const engine = await Engine.open({
    log,
    checkpoint,
    now,
    shadowDecisionsPerSMax: 25,
    rankThreads,
  });
  await engine.setPolicy(1, { bases: { analytics: "contract", personalization: "contract" } });
  /** Everybody goes one item further on a ring of items. */
  const walk = (round: number) => {
    clock.at += minute;
    return engine.append(
      Array.from({ length: usersMax }, (_, user) =>
        interaction("play", `u${user}`, `i${(user * 7 + round) % 23}`, clock.at + user),
      ),
    );
  };
  /** Until nobody waits for a thread; how long that takes decides nothing. */
  const looked = async () => {
    await engine.settled();
    while (engine.ranking.waiting > 0) await new Promise(setImmediate);
    await engine.settled();
  };
  return { engine, log, clock, walk, looked };
}

/** The rows that were logged, by what took them, and whose they are. */
async function shadowsOf(log: Log): Promise<Map<string, [string, Decision]>> {
  const rows = new Map<string, [string, Decision]>();
  for (const record of await decisionRecordsOf(log)) {
    const decision = payloadOf(record, "decision");
    if (decision.shadow !== undefined) rows.set(decision.id, [record.subject, decision]);
  }
  return rows;
}

test("a look at somebody is the same on a ranking thread, as of just before they acted", async () => {
  const [here, there] = await Promise.all(
    [0, 1].map(async (rankThreads) => {
      const { engine, log, walk, looked } = await open(rankThreads);
      for (let round = 0; round < rounds; round++) {
        await walk(round);
        await looked();
      }
      const rows = await shadowsOf(log);
      await engine.close();
      return rows;
    }),
  );
  expect(here!.size).toBeGreaterThan(20);
  const seen = (rows: typeof here) =>
    Object.fromEntries(
      [...rows!].map(([id, [subject, { shadow, request, sequence }]]) => [
        id,
        { subject, shadow, request, sequence },
      ]),
    );
  expect(seen(there)).toEqual(seen(here));
});

test("nothing is logged of somebody who was forgotten while a thread looked at them", async () => {
  const { engine, log, clock, walk, looked } = await open(1);
  for (let round = 0; round < 3; round++) await walk(round);
  await looked();
  const before = await shadowsOf(log);
  clock.at += minute;
  const appended = walk(3);
  const forgotten = Array.from({ length: usersMax / 2 }, (_, user) =>
    engine.forget(1, hashOf(`u${user}`), clock.at + 1_000),
  );
  await Promise.all([appended, ...forgotten]);
  await looked();
  const after = [...(await shadowsOf(log))].filter(([id]) => !before.has(id));
  const gone = new Set(Array.from({ length: usersMax / 2 }, (_, user) => hashOf(`u${user}`)));
  expect(after.filter(([, [subject]]) => gone.has(subject))).toEqual([]);
  await engine.close();
});
