import type { LogRecord, RecordInput } from "../base/record.ts";
import type { Log } from "../log/log.ts";
import { engineRecord, payloadOf, placeOf } from "./payload.ts";

const reasonLengthMax = 200;

/** The record that sets another one aside. */
export function quarantineOf(record: LogRecord, reason: string): RecordInput {
  const { partition, offset, tenant, subject, at } = record;
  const payload = { partition, offset, reason: reason.slice(0, reasonLengthMax) };
  return engineRecord("quarantine", payload, { tenant, subject, at, id: `${partition}:${offset}` });
}

/**
 * Finds the records that were set aside in the commits after `afterSeq`. A replay must know them before it
 * meets them, since the quarantine record stands behind the record it names.
 */
export async function collectQuarantined(
  log: Log,
  afterSeq: number,
  quarantined: Set<string>,
): Promise<void> {
  for await (const commit of log.read(afterSeq)) {
    for (const record of commit.records) {
      if (record.kind === "quarantine") quarantined.add(placeOf(payloadOf(record, "quarantine")));
    }
  }
}
