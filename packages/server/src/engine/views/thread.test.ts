import { expect, test } from "vitest";
import { RamDisk } from "../../log/disk.ts";
import { openMemoryLog } from "../../log/memory.ts";
import { MemoryCheckpoint } from "../checkpoint/memory.ts";
import { Engine } from "../engine.ts";
import { hashOf } from "../payload.ts";
import { snapshotOf } from "../verify.ts";
import { interaction } from "../../../test/interaction.ts";

const start = 1_700_000_000_000;

const event = (user: string, item: string, at: number) => interaction("like", user, item, at);

test("the view thread's sums are the serving thread's, after growth, late events, clocks and erasures", async () => {
  const now = () => start + 90 * 86_400_000;
  const disk = new RamDisk();
  const log = await openMemoryLog({ partitions: 4, now, disk });
  const checkpoint = new MemoryCheckpoint();
  const engine = await Engine.open({ log, checkpoint, now, hasViews: true });
  for (let i = 0; i < 60; i++) {
    await engine.append([event(`u${i % 7}`, `i${(i * 5) % 11}`, start + i * 60_000)]);
  }
  await engine.append([event("u1", "late", start + 1)]);
  await engine.advanceClock(Math.floor(now() / 3_600_000));
  await engine.forget(1, hashOf("u2"), now());
  const { seq, sums } = await engine.digests();
  expect({ seq, sums }).toEqual({ seq: engine.seq, sums: snapshotOf(engine).sums });
  expect(Object.keys(sums)).toContain("1/sessions");
  await engine.close();
  await log.close();

  const log2 = await openMemoryLog({ partitions: 4, now, disk });
  const again = await Engine.open({ log: log2, checkpoint, now, hasViews: true });
  expect((await again.digests()).sums).toEqual(sums);
  await again.close();
});
