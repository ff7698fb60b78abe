/** kill -9 at random moments: nothing acknowledged is lost, nothing sent again is doubled. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { pause, WriterChild } from "./child.ts";
import { countNumbers } from "./numbered.ts";

const cycles = Number(process.env["ATTUNE_KILL_CYCLES"] ?? (isLong() ? 500 : 50));
/** A log grows over this many cycles, then a new one starts: reading all of it each time stays quick. */
const cyclesPerLog = 5;

it(
  `keeps each acknowledged record exactly once through ${cycles} kills`,
  async () => {
    let ackedInAll = 0;
    for (let cycle = 0; cycle < cycles;) {
      const dir = mkdtempSync(join(tmpdir(), "attune-kill-"));
      const path = join(dir, "log.sqlite");
      let acked = -1;
      try {
        for (let i = 0; i < cyclesPerLog && cycle < cycles; i++, cycle++) {
          // What was sent and not acknowledged is sent again: it may be there already.
          const child = new WriterChild(path, acked + 1);
          // One in five is hit at its start, perhaps while it opens the log.
          if (cycle % 5 !== 4) await child.opened;
          await pause(Math.random() * 300);
          await child.kill();
          expect(child.failure).toBeUndefined();
          acked = child.acked;
          const count = await countNumbers(path);
          expect(count.unbroken).toBeGreaterThanOrEqual(acked);
          expect(count).toMatchObject({ doubled: 0, disordered: 0, total: count.unbroken + 1 });
        }
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
      ackedInAll += acked + 1;
    }
    expect(ackedInAll).toBeGreaterThan(cycles * 20);
    console.log(`${cycles} kills, ${ackedInAll} acknowledged records, 0 lost, 0 doubled`);
  },
  30_000 + cycles * 5_000,
);

function isLong(): boolean {
  return process.env["ATTUNE_LONG"] === "1";
}
