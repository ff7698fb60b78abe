/**
 * A process with a log, a checkpoint and an engine that appends, answers and forgets until it is killed, and
 * says on its standard output what was acknowledged. Arguments: directory, first number, start of the run (ms).
 *   "open"     everything is open
 *   "ack <n>"  every message up to n is acknowledged
 */
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import {
  catalogueAt,
  isForgotten,
  mergesAt,
  message,
  openData,
  subjectOf,
  tenant,
} from "./engine-data.ts";

const [dir = "", first = "0", startedAtText = "0"] = process.argv.slice(2);
const startedAt = Number(startedAtText);
const perCall = 12;
const callers = 3;

const { engine } = await openData(dir, `child${first}-${process.pid}`);
const bases = { analytics: "contract", personalization: "contract" } as const;
await engine.setPolicy(tenant, { bases });
// Written at an orderly end otherwise, which never comes.
flushCompileCache();
say("open");

let next = Number(first);
await Promise.all(Array.from({ length: callers }, caller));

async function caller(): Promise<void> {
  for (;;) {
    const from = next;
    next += perCall;
    const numbers = Array.from({ length: perCall }, (_, i) => from + i);
    const records = numbers.flatMap((n) => [message(n, startedAt), ...mergesAt(n, startedAt)]);
    records.push(catalogueAt(from, startedAt));
    const { position } = await engine.append(records);
    // Calls are acknowledged in order, so this number vouches for all before it.
    say(`ack ${from + perCall - 1}`);
    const request = { placement: "for-you", limit: 5, now: Date.now() };
    await engine.recommend(tenant, subjectOf(from), request, { after: position });
    const forgotten = numbers.find((n) => isForgotten(n) && n % 4 === 0);
    if (forgotten !== undefined)
      await engine.forget(tenant, subjectOf(forgotten), startedAt + from);
    if (from % 7 === 0) await engine.fireTimers();
  }
}

// Straight to the pipe: what was said must have been heard when the process is killed.
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
