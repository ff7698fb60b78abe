/**
 * A process that appends numbered records to a SQLite log until something stops it, and says on its standard
 * output what was acknowledged. Arguments: path, first number, FULL or OFF.
 *   "open <head>"  the log is open
 *   "ack <n>"      every number up to n is acknowledged
 *   "error <reason> <acks since>"  an append failed; a few more were tried after it
 */
import { writeSync } from "node:fs";
import { openSqliteLog } from "../../src/log/sqlite.ts";
import { logOptions, numbered } from "./numbered.ts";

const [path = "", first = "0", synchronous = "FULL"] = process.argv.slice(2);
const perCall = 20;
const callers = 3;

const log = await openSqliteLog({
  ...logOptions,
  path,
  synchronous: synchronous === "OFF" ? "OFF" : "FULL",
});
say(`open ${log.head()}`);

let next = Number(first);
let hasFailed = false;
await Promise.all(Array.from({ length: callers }, caller));

async function caller(): Promise<void> {
  while (!hasFailed) {
    const from = next;
    next += perCall;
    try {
      await log.append(Array.from({ length: perCall }, (_, i) => numbered(from + i)));
      // Calls are acknowledged in order, so this number vouches for all before it.
      say(`ack ${from + perCall - 1}`);
    } catch (error) {
      if (hasFailed) return;
      hasFailed = true;
      say(`error ${(error as { reason?: string }).reason} ${await acksAfterFailure()}`);
    }
  }
}

/** How many appends succeed after one failed: the promise is none. */
async function acksAfterFailure(): Promise<number> {
  let acks = 0;
  for (let i = 0; i < 20; i++) {
    const retry = log.append([numbered(1e9 + i)]);
    await retry.then(
      () => acks++,
      () => undefined,
    );
  }
  return acks;
}

// Straight to the pipe: what was said must have been heard when the process is killed.
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

process.exit(0);
