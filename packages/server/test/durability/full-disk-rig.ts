/**
 * Fills a small file system under a log and makes room again. Runs as root inside a mount namespace of its
 * own. Prints one JSON object.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteLog } from "../../src/log/sqlite.ts";
import { countNumbers, logOptions, numbered } from "./numbered.ts";

console.log(
  JSON.stringify({ ...(await onSmallDisk(fill)), closedFull: await onSmallDisk(closeFull) }),
);

async function onSmallDisk<T>(run: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "attune-full-"));
  try {
    const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "attune", dir]);
    if (status !== 0) throw new Error(`mount failed: ${String(stderr)}`);
    return await run(dir);
  } finally {
    spawnSync("umount", [dir]);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Room enough for a write-ahead log and all that it holds once more. */
function makeRoom(dir: string): void {
  const { status, stderr } = spawnSync("mount", ["-o", "remount,size=16m", dir]);
  if (status !== 0) throw new Error(`mount failed: ${String(stderr)}`);
}

type Refusal = { reason?: string };

/** A log that was written to until the disk was full, the first number it refused, and a file to delete for room. */
async function openFull(dir: string) {
  const ballast = join(dir, "ballast");
  writeFileSync(ballast, new Uint8Array(1 << 20));
  const path = join(dir, "log.sqlite");
  const log = await openSqliteLog({ ...logOptions, path });
  const append = (n: number) => log.append(Array.from({ length: 20 }, (_, i) => numbered(n + i)));
  let next = 0;
  let refusal: Refusal | undefined;
  while (refusal === undefined) {
    await append(next).then(
      () => (next += 20),
      (error: Refusal) => (refusal = error),
    );
  }
  return { log, path, ballast, append, next, refusal };
}

async function fill(dir: string): Promise<Record<string, unknown>> {
  const { log, path, ballast, append, next, refusal } = await openFull(dir);
  const headWhenFull = log.head();
  let read = 0;
  for await (const { records } of log.read(0)) read += records.length;
  const stillRefused = await append(next).then(
    () => undefined,
    (error: Refusal) => error.reason,
  );
  rmSync(ballast);
  const { results } = await append(next);
  const healed = results.every((result) => result === "appended");
  await log.close();
  makeRoom(dir);
  const count = await countNumbers(path);
  return {
    reason: refusal.reason,
    stillRefused,
    headWhenFull,
    read,
    healed,
    next: next + 20,
    count,
  };
}

/** Closed, then opened, while there is no room to move the write-ahead log: what is missing once there is some. */
async function closeFull(dir: string): Promise<Record<string, unknown>> {
  const { log, path, next } = await openFull(dir);
  await log.close();
  const filler = openSync(join(dir, "filler"), "w");
  const fill = () => writeSync(filler, new Uint8Array(512));
  try {
    while (fill() > 0);
  } catch {
    closeSync(filler);
  }
  // There may be room in the files themselves.
  const opened = await openSqliteLog({ ...logOptions, path }).then(
    (again) => again.close().then(() => "opened"),
    ({ reason, message }: Error & Refusal) => reason ?? message,
  );
  makeRoom(dir);
  const { total, unbroken } = await countNumbers(path);
  return { opened, lost: Math.max(next - total, next - 1 - unbroken) };
}
