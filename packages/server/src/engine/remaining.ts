import type { LogRecord } from "../base/record.ts";
import type { Log } from "../log/log.ts";
import { type ForgetPayload, payloadOf, placeOf } from "./payload.ts";
import type { User } from "./users/users.ts";

/**
 * The records that a user's state is folded from: those in the user's commits up to a position, without what
 * was set aside, barred by a forget, or forgotten in part. A refold reads these and nothing else. With
 * `beforeOffset` the log is read as if it ended before that record, forgets included.
 */
export async function remainingRecords(
  log: Log,
  user: User,
  throughSeq: number,
  quarantined: ReadonlySet<string>,
  beforeOffset = Number.MAX_SAFE_INTEGER,
): Promise<LogRecord[]> {
  const stored = await log.readSubject(user.tenant, user.subject, user.commits.ranges());
  const all = stored.filter(({ seq, offset }) => seq <= throughSeq && offset < beforeOffset);
  const forgets = all.filter((record) => record.kind === "forget");
  const parts = forgets.filter((record) => payloadOf(record, "forget").scope === "part");
  // One that stands in the same commit as what came after it.
  const erasedBefore = forgets
    .filter((record) => payloadOf(record, "forget").scope === "all")
    .reduce((newest, { offset }) => Math.max(newest, offset), -1);
  return all.filter(
    (record) =>
      record.offset > erasedBefore &&
      (record.kind === "event" || record.kind === "decision" || record.kind === "tick") &&
      record.at > user.barredThrough &&
      !quarantined.has(placeOf(record)) &&
      !parts.some(
        (part) => part.offset > record.offset && isForgottenPart(record, payloadOf(part, "forget")),
      ),
  );
}

/** Whether a forget of a part names this record. Only what folds can be forgotten in part. */
export function isForgottenPart(record: LogRecord, payload: ForgetPayload): boolean {
  if (payload.scope !== "part") return false;
  if (record.kind !== "event" && record.kind !== "decision" && record.kind !== "tick") return false;
  if ("messageHash" in payload) return record.messageHash === payload.messageHash;
  return record.at >= payload.from && record.at <= payload.to;
}
