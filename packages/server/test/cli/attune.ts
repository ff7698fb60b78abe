/** The command as a user runs it: a process of its own, which finds nothing of the developer's settings. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

export const bin = join(import.meta.dirname, "../../bin/attune.js");

/** `NODE_COMPILE_CACHE` shows in nothing but time. */
export function bareEnv(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, NODE_COMPILE_CACHE, ...settings } as NodeJS.ProcessEnv;
}

/** Runs a command on the data directory `data` to its end, in the folder `cwd`. */
export function attuneIn(cwd: string, data: string, argv: readonly string[]) {
  const env = bareEnv({ ATTUNE_DATA: data });
  return spawnSync(process.execPath, [bin, ...argv], { encoding: "utf8", env, cwd });
}
