/**
 * Fills a small file system under a log and makes room again. Runs as root inside a mount namespace of its
 * own. Prints one JSON object.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteLog } from "../../src/log/sqlite.ts";
import { countNumbers, logOptions, numbered } from "./numbered.ts";

const dir = mkdtempSync(join(tmpdir(), "attune-full-"));
try {
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "attune", dir]);
  if (status !== 0) throw new Error(`mount failed: ${String(stderr)}`);
  console.log(JSON.stringify(await fill()));
} finally {
  spawnSync("umount", [dir]);
  rmSync(dir, { recursive: true, force: true });
}

async function fill(): Promise<Record<string, unknown>> {
  const ballast = join(dir, "ballast");
  writeFileSync(ballast, new Uint8Array(1 << 20));
  const path = join(dir, "log.sqlite");
  const log = await openSqliteLog({ ...logOptions, path });
  const append = (n: number) => log.append(Array.from({ length: 20 }, (_, i) => numbered(n + i)));
  let next = 0;
  let refusal: { reason?: string } | undefined;
  while (refusal === undefined) {
    await append(next).then(
      () => (next += 20),
      (error: { reason?: string }) => (refusal = error),
    );
  }
  const headWhenFull = log.head();
  let read = 0;
  for await (const { records } of log.read(0)) read += records.length;
  const stillRefused = await append(next).then(
    () => undefined,
    (error: { reason?: string }) => error.reason,
  );
  rmSync(ballast);
  const { results } = await append(next);
  const healed = results.every((result) => result === "appended");
  next += 20;
  await log.close();
  const count = await countNumbers(path);
  return { reason: refusal.reason, stillRefused, headWhenFull, read, healed, next, count };
}
