/** Runs one task in a process of its own, so that nothing of one measurement is in the heap of another. */
import { fork } from "node:child_process";
import { totalmem } from "node:os";
import type { Measured, Setting } from "./figures.ts";
import type { Load } from "./generate.ts";

export interface Task extends Setting {
  do: "prepare data" | "prepare tail" | "prepare million" | "curve point" | "measure";
  /** Name of the measurement. */
  name: string;
}

export type Outcome = { measured: Measured } | { error: string };

export function inProcess(task: Task): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./run.ts", import.meta.url), {
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning", ...heapOptions(task.load)],
      // What a measurement prints is progress: standard output belongs to the results.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
    });
    let outcome: Outcome = { error: `${task.do} ${task.name} ended without a result` };
    child.on("message", (message) => (outcome = message as Outcome));
    child.on("error", reject);
    child.on("exit", () => {
      if ("error" in outcome) reject(new Error(outcome.error));
      else resolve(outcome.measured);
    });
    child.send(task);
  });
}

/** Up to the default size the default heap does; beyond it the decoded states of millions of users need more. */
function heapOptions(load: Load): string[] {
  if (load.interactions <= 1_000_000) return [];
  return [`--max-old-space-size=${Math.floor((totalmem() / 2 ** 20) * 0.7)}`];
}
