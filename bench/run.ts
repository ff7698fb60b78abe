/** One task of a run in a process of its own, started by main.ts: prepares a directory or takes a measurement. */
import { cpSync } from "node:fs";
import { measurePoint } from "./curves/point.ts";
import type { Measured } from "./figures.ts";
import { measurements } from "./measurements.ts";
import { prepareMillion } from "./million/data.ts";
import { prepareData, prepareTail } from "./prepare.ts";
import type { Outcome, Task } from "./process.ts";

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

async function perform(task: Task): Promise<Measured> {
  const { do: what, name, dir, data, load, curves } = task;
  const nothing = { figures: [], notes: [] };
  if (what === "curve point") return measurePoint(dir, load);
  if (what === "prepare million") return prepareMillion(dir, load);
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
  if (measurement.needs === undefined) return measurement.run({ load, dir, data, curves });
  cpSync(data, dir, { recursive: true });
  return measurement.run({ load, dir, data: dir, curves });
}
