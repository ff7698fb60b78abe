import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FaultyDisk } from "../../test/contract/faulty-disk.ts";
import { event, hashOf, readTexts, someDay } from "../../test/contract/records.ts";
import { LogCorruptError } from "./log.ts";
import { openMemoryLog } from "./memory.ts";

const runs = process.env["ATTUNE_LONG"] === "1" ? 5_000 : 150;
const open = (disk: FaultyDisk, witness?: FaultyDisk) =>
  openMemoryLog({ partitions: 4, disk, witness, now: () => someDay });

describe("memory log on a failing disk", () => {
  it("keeps every acknowledged record through crashes that lose or tear the rest", async () => {
    const life = fc.record({
      calls: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 8 }),
      unsynced: fc.boolean(),
      torn: fc.nat(400),
      garble: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
        let disk = new FaultyDisk();
        const acked: string[] = [];
        const sent: string[] = [];
        for (const [n, { calls, unsynced, torn, garble }] of lives.entries()) {
          const log = await open(disk);
          expect(subset(acked, await readTexts(log))).toBe(true);
          for (const [c, size] of calls.entries()) {
            const ids = Array.from({ length: size }, (_, i) => `${n}-${c}-${i}`);
            // The last call of a life is cut off inside its sync.
            const isCut = unsynced && c === calls.length - 1;
            if (isCut) disk.gate = new Promise(() => undefined);
            const appended = log.append(ids.map((id) => event(`u${size}`, id)));
            sent.push(...ids.map((id) => `u${size}:${id}`));
            if (isCut) await new Promise((resolve) => setImmediate(resolve));
            else await appended.then(() => acked.push(...ids.map((id) => `u${size}:${id}`)));
          }
          disk = disk.afterCrash(torn, garble);
        }
        const texts = await readTexts(await open(disk));
        expect(subset(acked, texts)).toBe(true);
        expect(subset(texts, sent)).toBe(true);
        expect(new Set(texts).size).toBe(texts.length);
      }),
      { numRuns: runs },
    );
  });

  it("cuts a torn tail at every byte of the last commit and opens clean", async () => {
    const disk = new FaultyDisk();
    const log = await open(disk);
    await log.append([event("a", "1")]);
    const whole = disk.size();
    await log.append([event("a", "2")]);
    for (let size = whole; size < disk.size(); size++) {
      const cut = new FaultyDisk();
      cut.bytes = disk.bytes.slice(0, size);
      const again = await open(cut);
      expect(await readTexts(again)).toEqual(["a:1"]);
      expect((await again.append([event("a", "2")])).results).toEqual(["appended"]);
    }
  });

  it("refuses a broken commit that has a whole one after it", async () => {
    const disk = new FaultyDisk();
    const log = await open(disk);
    for (let i = 0; i < 3; i++) await log.append([event("a", `${i}`)]);
    disk.flip((disk.size() - 200) * 8);
    const error = await open(disk).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LogCorruptError);
    expect((error as LogCorruptError).seq).toBeLessThan(3);
  });

  it("acknowledges nothing after a failed sync, not even duplicates", async () => {
    const disk = new FaultyDisk();
    const log = await open(disk);
    await log.append([event("a", "1")]);
    disk.failNextSync = true;
    const failing = [log.append([event("a", "2")]), log.append([event("a", "2")])];
    for (const call of failing) await expect(call).rejects.toMatchObject({ reason: "io" });
    for (const id of ["1", "3"]) {
      await expect(log.append([event("a", id)])).rejects.toMatchObject({ reason: "io" });
    }
    expect(log.head()).toBe(1);
  });

  it("refuses what finds no space, serves reads, and takes it once there is space", async () => {
    const disk = new FaultyDisk();
    const log = await open(disk);
    await log.append([event("a", "1")]);
    disk.capacity = disk.size() + 100;
    const calls = [log.append([event("a", "2")]), log.append([event("a", "2"), event("a", "3")])];
    for (const call of calls) await expect(call).rejects.toMatchObject({ reason: "full" });
    expect(await readTexts(log)).toEqual(["a:1"]);
    disk.capacity = Infinity;
    const { results } = await log.append([event("a", "2"), event("a", "1")]);
    expect(results).toEqual(["appended", "duplicate"]);
    expect(await readTexts(await open(disk))).toEqual(["a:1", "a:2"]);
  });

  it("fails later calls with the one that found no space: they may be duplicates of it", async () => {
    const disk = new FaultyDisk();
    // Each call in a commit of its own.
    const settings = { partitions: 4, disk, now: () => someDay, commitBytesMax: 1 };
    const log = await openMemoryLog(settings);
    disk.capacity = disk.size() + 1_000;
    const tooBig = event("a", "1", { payload: new Uint8Array(5_000) });
    const calls = [log.append([tooBig]), log.append([tooBig, event("a", "2")])];
    for (const call of calls) await expect(call).rejects.toMatchObject({ reason: "full" });
    expect((await log.append([event("a", "2")])).results).toEqual(["appended"]);
    expect(await readTexts(log)).toEqual(["a:2"]);
  });

  it("leaves the old or the new content when it crashes inside an erasure", async () => {
    const disk = new FaultyDisk();
    const log = await open(disk);
    for (let i = 0; i < 5; i++) await log.append([event("a", `${i}`), event("b", `${i}`)]);
    const before = await readTexts(log);
    disk.gate = new Promise(() => undefined);
    const removal = {
      seqs: [[1, 5]] as [number, number][],
      beforeOffset: 99,
      offsets: null,
      keep: [],
    };
    void log.rewrite(1, hashOf("user a"), removal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(disk.size()).toBeLessThan(disk.durable.length);
    expect(await readTexts(await open(disk.afterReplaceLost()))).toEqual(before);
  });

  it("leaves queued ids out of the stored set, so that a lost record can be sent again", async () => {
    const disk = new FaultyDisk();
    let log = await open(disk);
    await log.append([event("a", "1")]);
    disk.gate = new Promise(() => undefined);
    void log.append([event("a", "2")]);
    void log.append([event("a", "3")]);
    const dedupe = log.dedupeSnapshot();
    expect(await Promise.race([log.append([event("a", "3")]), Promise.resolve("waits")])).toBe(
      "waits",
    );
    const next = disk.afterCrash();
    log = await openMemoryLog({ partitions: 4, disk: next, now: () => someDay, dedupe });
    const { results } = await log.append(["1", "2", "3"].map((id) => event("a", id)));
    expect(results).toEqual(["duplicate", "appended", "appended"]);
  });
});

function subset(part: readonly string[], whole: readonly string[]): boolean {
  const all = new Set(whole);
  return part.every((text) => all.has(text));
}
