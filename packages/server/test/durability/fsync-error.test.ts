/** The disk refuses an fsync: nothing is acknowledged from then on, and all that was is there at the next start. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WriterChild } from "./child.ts";
import { countNumbers } from "./numbered.ts";

const runs = process.env["ATTUNE_LONG"] === "1" ? 200 : 4;
const why = whyNot();

it(
  `acknowledges nothing after the first failed fsync, in ${runs} runs`,
  async ({ skip }) => {
    if (why !== undefined) skip(why);
    for (let i = 0; i < runs; i++) {
      const dir = mkdtempSync(join(tmpdir(), "attune-eio-"));
      const path = join(dir, "log.sqlite");
      try {
        // Once only: SQLite itself would go on as if nothing had been. Some hit a checkpoint's fsync.
        const inject = `inject=fsync,fdatasync:error=EIO:when=${30 + Math.floor(Math.random() * 60)}`;
        const trace = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", inject];
        const child = new WriterChild(path, 0, "FULL", [...trace, "-o", join(dir, "trace")]);
        await child.closed();
        expect(child.failure).toEqual({ reason: "io", acksAfter: 0 });
        expect(child.acked).toBeGreaterThan(0);
        const count = await countNumbers(path);
        expect(count.unbroken).toBeGreaterThanOrEqual(child.acked);
        expect(count).toMatchObject({ doubled: 0, disordered: 0 });
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
  },
  30_000 + runs * 15_000,
);

function whyNot(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status !== 0) return "needs strace";
  return undefined;
}
