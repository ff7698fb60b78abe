/** The power goes: what was acknowledged is there afterwards. The control does not fsync and has to lose. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Cut } from "./power-cut-rig.ts";

const isLong = process.env["ATTUNE_LONG"] === "1";
const cycles = Number(process.env["ATTUNE_CUT_CYCLES"] ?? (isLong ? 200 : 20));
const controlCycles = 4;
const rig = join(import.meta.dirname, "power-cut-rig.ts");
const why = whyNot();

it(
  `loses no acknowledged record in ${cycles} power cuts`,
  ({ skip }) => {
    if (why !== undefined) skip(why);
    const cuts = cut(cycles, "FULL");
    for (const { acked, count, error } of cuts) {
      expect(error).toBeUndefined();
      expect(count?.unbroken).toBeGreaterThanOrEqual(acked);
      expect(count).toMatchObject({ doubled: 0, disordered: 0 });
    }
    const acked = cuts.reduce((sum, { acked: n }) => sum + n + 1, 0);
    expect(acked).toBeGreaterThan(cycles * 100);
    console.log(`${cycles} power cuts, ${acked} acknowledged records, 0 lost`);
  },
  60_000 + cycles * 10_000,
);

it("loses records in every cut when the log does not fsync: the rig can tell", ({ skip }) => {
  if (why !== undefined) skip(why);
  for (const { acked, count } of cut(controlCycles, "OFF")) {
    expect(acked).toBeGreaterThan(100);
    expect(count?.unbroken ?? -1).toBeLessThan(acked);
  }
}, 60_000);

function cut(times: number, synchronous: "FULL" | "OFF"): Cut[] {
  const args = [
    "-m",
    "--propagation",
    "private",
    process.execPath,
    rig,
    String(times),
    synchronous,
  ];
  const { stdout, stderr, status } = spawnSync("unshare", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the rig failed: ${stderr}`);
  const lines = stdout.trim().split("\n");
  expect(lines).toHaveLength(times);
  return lines.map((line) => JSON.parse(line) as Cut);
}

/** Why the rig cannot run here. */
function whyNot(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs Linux and root";
  for (const tool of ["unshare", "mkfs.ext4", "mount", "perl"]) {
    if (spawnSync("which", [tool]).status !== 0) return `needs ${tool}`;
  }
  if (spawnSync("losetup", ["-f"]).status !== 0) return "needs a loop device";
  return undefined;
}
