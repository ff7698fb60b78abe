import { expect, test } from "vitest";
import { foldLimits } from "../core/fold/state.ts";
import { openMemoryLog } from "../log/memory.ts";
import { MemoryCheckpoint } from "./checkpoint/memory.ts";
import { Engine } from "./engine.ts";
import { hashOf } from "./payload.ts";
import { replayDecisions } from "./replay-decisions.ts";
import { decisionsOf } from "../../test/decisions.ts";
import { interaction } from "../../test/interaction.ts";

const start = 1_700_000_000_000;

const event = (user: string, item: string, at: number) => interaction("play", user, item, at);

test("what a live list began with keys its draws, and is no stranger's: it is not logged of one", async () => {
  const log = await openMemoryLog({ partitions: 2, now: () => start });
  const engine = await Engine.open({ log, checkpoint: new MemoryCheckpoint(), now: () => start });
  await engine.append([event("u1", "a", start), event("u1", "b", start + 1)]);
  await engine.settled();
  const list = { size: 4, sequence: 1 };
  const ask = () => {
    const request = { placement: "up-next", limit: 4, now: start, list };
    const preview = engine.preview(1, hashOf("u1"), request);
    preview.decide();
    return preview.sequence;
  };
  expect(ask()).toBe(0);
  await engine.setPolicy(1, { bases: { personalization: "contract", analytics: "contract" } });
  expect(ask()).toBe(1);
  await engine.settled();
  const lists = (await decisionsOf(log)).map(({ request }) => request.list);
  expect(lists).toEqual([{ size: 4 }, list]);
  await engine.close();
});

test("a list that was shown in another order is logged so, counts so, and is still answered again", async () => {
  const now = () => start + 3_600_000;
  const log = await openMemoryLog({ partitions: 2, now });
  const engine = await Engine.open({
    log,
    checkpoint: new MemoryCheckpoint(),
    now,
    // Decisions that nobody was shown are another matter.
    shadowDecisionsPerSMax: 0,
  });
  await engine.setPolicy(1, { bases: { personalization: "contract", analytics: "contract" } });
  const records = Array.from({ length: 40 }, (_, i) =>
    event(`u${i % 8}`, `i${(i * 3) % 7}`, start + i * 1_000),
  );
  await engine.append(records);
  await engine.settled();
  const request = { placement: "up-next", limit: 4, now: now() };
  const preview = engine.preview(1, hashOf("u1"), request);
  const shown = preview.items.toReversed();
  preview.decide(shown);
  engine.preview(1, hashOf("u2"), request).decide();
  await engine.settled();
  const decisions = await decisionsOf(log);
  expect(decisions.map((decision) => decision.shown)).toEqual([
    shown.map(({ item }) => item),
    undefined,
  ]);
  expect(engine.state(1, hashOf("u1"))!.exposures[0]!.items).toEqual(shown.map(({ item }) => item));
  const replayed = await replayDecisions(log, foldLimits);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(["equal", "equal"]);
  await engine.close();
});
