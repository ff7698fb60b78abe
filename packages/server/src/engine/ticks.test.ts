import { expect, test } from "vitest";
import type { Log } from "../log/log.ts";
import { RamDisk } from "../log/disk.ts";
import { openMemoryLog } from "../log/memory.ts";
import { CheckpointContents, MemoryCheckpoint } from "./checkpoint/memory.ts";
import { Engine } from "./engine.ts";
import { interaction } from "../../test/interaction.ts";

const start = 1_700_000_000_000;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const users = 300;

/** An engine whose users all did one thing, and its clock. */
async function everybody() {
  const clock = { now: start };
  const [disk, contents] = [new RamDisk(), new CheckpointContents()];
  const open = async () => {
    const now = () => clock.now;
    const log = await openMemoryLog({ partitions: 2, now, disk });
    const checkpoint = new MemoryCheckpoint(contents);
    return { log, engine: await Engine.open({ log, checkpoint, now }) };
  };
  const { log, engine } = await open();
  await engine.setPolicy(1, { bases: { personalization: "contract", analytics: "contract" } });
  const events = Array.from({ length: users }, (_, n) => interaction("play", `u${n}`, "a", start));
  await engine.append(events);
  await engine.settled();
  return { clock, engine, log, open };
}

async function ticksIn(log: Log): Promise<number> {
  let count = 0;
  for await (const { records } of log.read(0))
    count += records.filter(({ kind }) => kind === "tick").length;
  return count;
}

test("timers of many users that are due at once all ring, each once", async () => {
  const { clock, engine, log } = await everybody();
  clock.now += 29 * minuteMs;
  await engine.fireTimers();
  expect(await ticksIn(log)).toBe(0);
  clock.now += 2 * minuteMs;
  await engine.fireTimers();
  await engine.settled();
  expect(await ticksIn(log)).toBe(users);
  await engine.fireTimers();
  expect(await ticksIn(log)).toBe(users);
  await engine.close();
});

test("after a day without a server they ring no more, after an hour they do", async () => {
  for (const [away, rung] of [
    [60 * minuteMs, users],
    [2 * dayMs, 0],
  ] as const) {
    const { clock, engine, log, open } = await everybody();
    await engine.checkpoint();
    await engine.close();
    await log.close();
    clock.now += away;
    const again = await open();
    await again.engine.fireTimers();
    await again.engine.settled();
    expect(await ticksIn(again.log)).toBe(rung);
    await again.engine.close();
  }
});
