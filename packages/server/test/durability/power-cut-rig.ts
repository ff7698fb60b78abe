/**
 * Cuts the power of a writer: an ext4 file system on a loop device is shut down under it without flushing
 * its journal, mounted again and counted. Runs as root inside a mount namespace of its own, so that nothing
 * stays mounted whatever happens. Arguments: cycles, FULL or OFF. Prints one JSON line a cycle.
 *
 * The writer is stopped first: otherwise the shutdown races an fsync in the air and the writer goes on
 * acknowledging. What it covers is process, page cache and journal, not a disk that lies about its cache.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause, WriterChild } from "./child.ts";
import { type Count, countNumbers } from "./numbered.ts";

const [cycles = "1", synchronous = "FULL"] = process.argv.slice(2);
const imageBytes = 96 * 1024 * 1024;
/** EXT4_IOC_SHUTDOWN with NOLOGFLUSH: all that is not synced is gone, the journal's tail included. */
const shutdown = "my $flags = pack('L', 2); ioctl(F, 0x8004587d, $flags) or die qq{ioctl: $!}";

export interface Cut {
  acked: number;
  /** Numbers found after the cut; undefined when the log said itself that it lost commits. */
  count: Count | undefined;
  error: string | undefined;
}

for (let cycle = 0; cycle < Number(cycles); cycle++) {
  console.log(JSON.stringify(await cutOnce()));
}

async function cutOnce(): Promise<Cut> {
  const dir = mkdtempSync(join(tmpdir(), "attune-cut-"));
  const [image, mount] = [join(dir, "image"), join(dir, "mount")];
  const path = join(mount, "log.sqlite");
  let child: WriterChild | undefined;
  try {
    closeSync(openSync(image, "w"));
    truncateSync(image, imageBytes);
    mkdirSync(mount);
    run("mkfs.ext4", "-q", "-F", image);
    run("mount", "-o", "loop", image, mount);
    child = new WriterChild(path, 0, synchronous);
    await child.opened;
    await pause(200 + Math.random() * 600);
    child.process.kill("SIGSTOP");
    await pause(50);
    run("perl", "-e", `open(F, '<', $ARGV[0]) or die; ${shutdown}`, mount);
    await child.kill();
    run("umount", mount);
    run("mount", "-o", "loop", image, mount);
    return { acked: child.acked, ...(await count(path)) };
  } finally {
    await child?.kill();
    spawnSync("umount", [mount]);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function count(path: string): Promise<Omit<Cut, "acked">> {
  try {
    return { count: await countNumbers(path), error: undefined };
  } catch (error) {
    return { count: undefined, error: String(error) };
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}
