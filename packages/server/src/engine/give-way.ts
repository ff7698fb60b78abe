import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Steps of niceness; the scheduler then gives such a thread a tenth of a contended core. */
const steps = 10;

/**
 * Called by a thread that writes or solves in the background: where there is less time than work, the threads that
 * answer come first. Linux alone has a priority for each thread (setpriority(2), whose id may be a thread's); elsewhere,
 * and where it is forbidden, nothing happens.
 */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    const [, thread] = /\/task\/(\d+)$/.exec(readlinkSync("/proc/thread-self")) ?? [];
    if (thread !== undefined) setPriority(Number(thread), steps);
  } catch {
    // A container may hide /proc or forbid it: then all threads are equal, as they were.
  }
}
