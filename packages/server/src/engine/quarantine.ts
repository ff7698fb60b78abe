import type { Log } from "../log/log.ts";
import { payloadOf, placeOf } from "./payload.ts";

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
