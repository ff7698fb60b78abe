/** What a start costs: the states of the whole load out of the checkpoint, then the log's tail behind it. */
import { type Measured, type Measurement, type Setting } from "../figures.ts";
import { close, loadEnd, open, tailOf } from "../prepare.ts";

export const restart: Measurement = {
  name: "restart",
  title: "Restart",
  method:
    "A new process opens the data directory of the whole load plus a tail of records that no checkpoint has seen " +
    "(100,000 at the default size), by the path of a server's start: the checkpoint, the log with the " +
    "deduplication set of the last stop and what the tail adds to it, every C(state) " +
    "added to empty sums, then the tail replayed. The files are in the system's cache; starting Node itself is not measured. " +
    "Medians of three processes (of fewer where the load is small).",
  needs: "tail",
  processes: 3,
  run,
};

async function run({ load, data }: Setting): Promise<Measured> {
  const now = loadEnd(load);
  const opening = await open(data, () => now);
  const { logMs, checkpointMs, statesMs, tailMs, platform } = opening;
  const { sessions } = platform.engine.tenant(1).models;
  const interactions = sessions.size;
  globalThis.gc?.();
  const { rss } = process.memoryUsage();
  await close(platform);
  const total = logMs + checkpointMs + statesMs;
  return {
    notes: [`${interactions} interactions in the session index after the start.`],
    figures: [
      { name: "checkpoint opened", value: checkpointMs, unit: "ms" },
      { name: "log opened, deduplication set up to the head", value: logMs, unit: "ms" },
      { name: "states decoded, C(state) added", value: statesMs, unit: "ms" },
      { name: "start without a tail", value: total, unit: "ms" },
      { name: "tail replayed", value: tailMs, unit: "ms" },
      { name: "tail replayed", value: tailOf(load) / (tailMs / 1000), unit: "records/s" },
      { name: "resident memory after the start", value: rss / 1e6, unit: "MB" },
    ],
  };
}
