/** The disk is full: appends fail and say why, reads go on, and writing goes on once there is room. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("refuses while the disk is full, serves what it has, and heals when there is room", ({
  skip,
}) => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) skip("needs Linux and root");
  const rig = join(import.meta.dirname, "full-disk-rig.ts");
  const args = ["-m", "--propagation", "private", process.execPath, rig];
  const { stdout, stderr, status } = spawnSync("unshare", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the rig failed: ${stderr}`);
  const outcome = JSON.parse(stdout) as {
    headWhenFull: number;
    read: number;
    next: number;
    count: unknown;
    closedFull: { opened: string; lost: number };
  };
  const { next, headWhenFull } = outcome;
  expect(headWhenFull).toBeGreaterThan(5);
  expect(outcome).toMatchObject({ reason: "full", stillRefused: "full", healed: true });
  expect(outcome.read).toBe(next - 20);
  const { opened, lost } = outcome.closedFull;
  expect(["opened", "full"], "an opening on a full disk").toContain(opened);
  expect(lost, "records lost by closing on a full disk").toBe(0);
  expect(outcome.count).toEqual({ unbroken: next - 1, doubled: 0, disordered: 0, total: next });
});
