/** Records that carry a number, the log they go to, and how a log full of them is counted. */
import { event } from "../contract/records.ts";
import type { RecordInput } from "../../src/base/record.ts";
import { openSqliteLog } from "../../src/log/sqlite.ts";

// The real clock: the records of a run lie inside the deduplication window.
const startedAt = Date.now();

export const logOptions = {
  partitions: 16,
  dedupeWindowDays: 7,
  now: () => startedAt,
  commitBytesMax: 1 << 20,
};

export function numbered(n: number): RecordInput {
  const payload = new Uint8Array(60 + (n % 700)).fill(n & 0xff);
  new DataView(payload.buffer).setFloat64(0, n);
  return event(`u${n % 50}`, `${n}`, { payload, at: startedAt, receivedAt: startedAt });
}

export interface Count {
  /** Highest number of an unbroken run from 0; -1 when 0 is missing. */
  unbroken: number;
  /** Numbers that stand more than once. */
  doubled: number;
  /** Records of one user that stand before an earlier one. */
  disordered: number;
  total: number;
}

/** Opens the log (which moves the fence), reads all of it and closes it. */
export async function countNumbers(path: string, acceptLoss = false): Promise<Count> {
  const log = await openSqliteLog({ ...logOptions, path, acceptLoss });
  const seen = new Map<number, number>();
  const lastOf = new Map<string, number>();
  const count: Count = { unbroken: -1, doubled: 0, disordered: 0, total: 0 };
  for await (const { records } of log.read(0)) {
    for (const { payload, subject } of records) {
      const n = new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
      const times = (seen.get(n) ?? 0) + 1;
      seen.set(n, times);
      if (times === 2) count.doubled++;
      if ((lastOf.get(subject) ?? -1) > n) count.disordered++;
      lastOf.set(subject, n);
      count.total++;
    }
  }
  await log.close();
  while (seen.has(count.unbroken + 1)) count.unbroken++;
  return count;
}
