/** The decisions of a log, in their order. */
import type { Decision } from "@attune/protocol";
import type { LogRecord } from "../src/base/record.ts";
import { payloadOf } from "../src/engine/payload.ts";
import type { Log } from "../src/log/log.ts";

export async function decisionRecordsOf(log: Log): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const { records } of log.read(0))
    found.push(...records.filter(({ kind }) => kind === "decision"));
  return found;
}

export async function decisionsOf(log: Log): Promise<Decision[]> {
  return (await decisionRecordsOf(log)).map((record) => payloadOf(record, "decision"));
}
