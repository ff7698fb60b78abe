/** The part of the log's contract about damaged storage: found, named, never served. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Log, LogCorruptError, type Removal } from "../../src/log/log.ts";
import type { LogStage, Open } from "./log-stage.ts";
import { dayMs, event, readTexts, someDay } from "./records.ts";

const isLong = process.env["ATTUNE_LONG"] === "1";
const all: Removal = { seqs: [[1, 1e9]], beforeOffset: Infinity, offsets: null, keep: [] };

export function testFaults(open: Open, stage: () => LogStage): void {
  const fill = async (commits: number): Promise<string[]> => {
    const log = await open();
    for (let i = 0; i < commits; i++) {
      const payload = new TextEncoder().encode(`${i}-${"p".repeat(6_000)}`);
      await log.append([event(`u${i % 3}`, `${i}`, { payload }), event("x", `x${i}`)]);
    }
    const texts = await readTexts(log);
    await log.close();
    return texts;
  };

  /** Opens and reads all; the texts, or the error when the log said that it is corrupt. */
  const readOrError = async (): Promise<string[] | LogCorruptError> => {
    try {
      const log = await open();
      const texts = await readTexts(log);
      await log.close();
      return texts;
    } catch (error) {
      if (error instanceof LogCorruptError) return error;
      throw error;
    }
  };

  it("finds every flipped bit, names the commit and serves none of it", async () => {
    await fill(12);
    const runs = isLong ? 1_000 : stage().flips;
    const at = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat(60_000));
    await fc.assert(
      fc.asyncProperty(at, async ([seq, bit]) => {
        const flipBack = stage().flipBit(seq, bit);
        const outcome = await readOrError();
        expect(outcome).toBeInstanceOf(LogCorruptError);
        expect((outcome as LogCorruptError).seq).toBe(seq);
        flipBack();
      }),
      { numRuns: runs },
    );
    expect(await readOrError()).toHaveLength(24);
  });

  it("refuses to serve a subject or to rewrite from a corrupt commit", async () => {
    await fill(80);
    stage().flipBit(3, 20_000);
    const log = await open({ now: () => someDay + 99 * dayMs }).catch((error: unknown) => error);
    const isNamed = (error: unknown) => error instanceof LogCorruptError && error.seq === 3;
    if (isNamed(log)) return;
    const { subject } = event("x", "");
    const calls = [
      () => (log as Log).readSubject(1, subject, [[1, 5]]),
      () => (log as Log).rewrite(1, subject, all),
    ];
    for (const call of calls) expect(isNamed(await call().catch((e: unknown) => e))).toBe(true);
    expect((await (log as Log).append([event("a", "still")])).results).toEqual(["appended"]);
  });

  it("misses a commit that is gone from the middle", async () => {
    await fill(9);
    stage().dropCommits(4, 4);
    expect(await readOrError()).toMatchObject({ name: "LogCorruptError", seq: 4 });
  });

  it("refuses a log behind its witness and opens it in a new epoch when told to", async () => {
    await fill(9);
    const { epoch } = await open().then(async (log) => (await log.close(), log));
    stage().dropCommits(6, 9);
    const outcome = await readOrError();
    expect(outcome).toMatchObject({ name: "LogCorruptError", seq: 6 });
    expect((outcome as Error).message).toContain("its head is 5, its witness saw 9");
    const log = await open({ acceptLoss: true });
    expect(log.epoch).not.toBe(epoch);
    expect(log.head()).toBe(5);
    await log.append([event("a", "new")]);
    await log.close();
    expect((await open()).epoch).toBe(log.epoch);
  });

  it("starts a new epoch when the witness is lost", async () => {
    const texts = await fill(3);
    const { epoch } = await open().then(async (log) => (await log.close(), log));
    stage().removeWitness();
    const log = await open();
    expect(log.epoch).not.toBe(epoch);
    expect(await readTexts(log)).toEqual(texts);
    await log.close();
    expect((await open()).epoch).toBe(log.epoch);
  });
}
