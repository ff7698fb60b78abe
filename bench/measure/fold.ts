/** Records a second through fold and sums on one core, from the bytes of the payload. */
import type { Measured, Measurement, Setting } from "../figures.ts";
import { say } from "../figures.ts";
import { decoded, Folding } from "../folding.ts";
import { Records } from "../workload.ts";

/** Records that are decoded, then folded and summed. */
const slice = 2_000;

export const fold: Measurement = {
  name: "fold",
  title: "Fold and sum",
  method:
    `Records are made in slices of ${slice.toLocaleString("en")}, and what that left to collect is collected, outside the ` +
    "measured time. Measured on one thread: payload bytes to JSON for a slice (a start needs it, a live server too); then " +
    "the step of the fold and adding its contributions to all models, one record after the other. Every user's state " +
    "is decoded in memory; windows move once an hour of event time, within the measured time. CPU seconds are those of " +
    "the process, its collector included. A second pass over the same load, on empty states, times fold and sum apart.",
  run,
};

async function run({ load }: Setting): Promise<Measured> {
  const whole = measureWhole(new Records(load));
  globalThis.gc?.();
  const parts = measureParts(new Records(load));
  const { interactions } = load;
  const floor = { side: "at least", value: 100_000 } as const;
  const rate = (ms: number) => interactions / (ms / 1000);
  return {
    notes: [
      `${interactions} records of ${Math.round(whole.bytes / interactions)} bytes of payload; ` +
        `${whole.users} users seen; ${(parts.contributions / interactions).toFixed(1)} cells a record.`,
    ],
    figures: [
      { name: "fold + sum", value: rate(whole.foldMs), unit: "records/s", floor },
      { name: "the same, last tenth", value: whole.lastRate, unit: "records/s" },
      { name: "the same, per CPU second", value: rate(whole.cpuMs), unit: "records/s" },
      {
        name: "decode + fold + sum",
        value: rate(whole.decodeMs + whole.foldMs),
        unit: "records/s",
      },
      { name: "decode alone", value: rate(whole.decodeMs), unit: "records/s" },
      { name: "fold alone", value: rate(parts.applyMs), unit: "records/s" },
      { name: "sum alone", value: rate(parts.addMs), unit: "records/s" },
    ],
  };
}

function measureWhole(records: Records) {
  const { interactions } = records.interactions.load;
  const folding = new Folding();
  let [decodeMs, foldMs, cpuMicros] = [0, 0, 0];
  let [lastMs, lastRecords] = [0, 0];
  for (let done = 0; done < interactions;) {
    const batch = records.take(Math.min(slice, interactions - done));
    globalThis.gc?.({ type: "minor" });
    const start = performance.now();
    const foldRecords = batch.map(decoded);
    const decodedAt = performance.now();
    const cpu = process.cpuUsage();
    for (const record of foldRecords) folding.take(record);
    const ms = performance.now() - decodedAt;
    const used = process.cpuUsage(cpu);
    decodeMs += decodedAt - start;
    foldMs += ms;
    cpuMicros += used.user + used.system;
    done += batch.length;
    if (done > interactions * 0.9 || done === interactions) {
      lastMs += ms;
      lastRecords += batch.length;
    }
    if (done % 200_000 === 0) say(`fold: ${done} records`);
  }
  return {
    decodeMs,
    foldMs,
    cpuMs: cpuMicros / 1000,
    lastRate: lastRecords / (lastMs / 1000),
    users: folding.states.size,
    bytes: records.bytes,
  };
}

function measureParts(records: Records) {
  const { interactions } = records.interactions.load;
  const folding = new Folding();
  const parts = { applyMs: 0, addMs: 0, contributions: 0 };
  for (let done = 0; done < interactions; done += slice) {
    const batch = records.take(Math.min(slice, interactions - done));
    globalThis.gc?.({ type: "minor" });
    const foldRecords = batch.map(decoded);
    const decodedAt = performance.now();
    const contributions = foldRecords.map((record) => folding.apply(record));
    const appliedAt = performance.now();
    folding.advance(batch[0]!.at);
    for (const cells of contributions) folding.models.addAll(cells);
    const addedAt = performance.now();
    parts.applyMs += appliedAt - decodedAt;
    parts.addMs += addedAt - appliedAt;
    for (const cells of contributions) parts.contributions += cells.length;
    if ((done + slice) % 200_000 === 0) say(`fold, in parts: ${done + slice} records`);
  }
  return parts;
}
