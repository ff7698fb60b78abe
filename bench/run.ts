/** One task of a run in a process of its own, started by main.ts: prepares a directory or takes a measurement. */
import { cpSync } from "node:fs";
import type { Measured, Setting } from "./figures.ts";
import { measurements } from "./measurements.ts";
import { prepareData, prepareTail } from "./prepare.ts";

export interface Task extends Setting {
  do: "prepare data" | "prepare tail" | "measure";
  /** Name of the measurement. */
  name: string;
}

export type Outcome = { measured: Measured } | { error: string };

// Whoever started this is gone: nobody waits for the result.
process.on("disconnect", () => process.exit());
process.once("message", (task: Task) => {
  void perform(task)
    .then(
      (measured): Outcome => ({ measured }),
      (error: Error): Outcome => ({ error: error.stack ?? error.message }),
    )
    .then((outcome) => process.send?.(outcome, () => process.disconnect()));
});

async function perform({ do: what, name, dir, data, load }: Task): Promise<Measured> {
  const nothing = { figures: [], notes: [] };
  if (what === "prepare data") {
    await prepareData(dir, load);
    return nothing;
  }
  if (what === "prepare tail") {
    cpSync(data, dir, { recursive: true });
    await prepareTail(dir, load);
    return nothing;
  }
  const measurement = measurements.find((one) => one.name === name)!;
  if (measurement.needs === undefined) return measurement.run({ load, dir, data });
  cpSync(data, dir, { recursive: true });
  return measurement.run({ load, dir, data: dir });
}
