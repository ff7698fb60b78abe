import type { LogRecord, RecordInput } from "../base/record.ts";
import type { Log } from "../log/log.ts";
import { engineRecord, payloadOf } from "./payload.ts";
import { isForgottenPart, remainingRecords } from "./remaining.ts";
import type { User } from "./users.ts";

const nothing: ReadonlySet<string> = new Set();

/**
 * The second half of an identity merge: the anonymous subject's records are appended again under the subject
 * it was merged into (source, ids and times as they were), with a forget of the anonymous one, in one commit.
 * What was set aside goes along and has its chance there; a part of their past that the person asked to forget
 * does not. Doing it twice changes nothing: the log tells the copies and the forget as duplicates.
 */
export async function forwardMerged(log: Log, user: User, root: User): Promise<void> {
  const throughSeq = user.commits[user.commits.length - 1]?.[1] ?? 0;
  const records = await remainingRecords(log, user, throughSeq, nothing);
  const known = await log.readSubject(root.tenant, root.subject, root.commits);
  const parts = known.filter((record) => record.kind === "forget");
  const isForgotten = (record: LogRecord): boolean =>
    parts.some(
      (part) => part.seq >= record.seq && isForgottenPart(record, payloadOf(part, "forget")),
    );
  const copies: RecordInput[] = records
    .filter((record) => record.kind !== "tick" && record.seq > user.forwardedThrough)
    .filter((record) => !isForgotten(record))
    .map((record) => ({
      schema: record.schema,
      kind: record.kind,
      tenant: record.tenant,
      subject: root.subject,
      identity: record.identity,
      purposes: record.purposes,
      merged: true,
      source: record.source,
      at: record.at,
      receivedAt: record.receivedAt,
      messageHash: record.messageHash,
      payload: record.payload,
    }));
  const forget = engineRecord(
    "forget",
    { scope: "alias", to: root.subject, throughSeq },
    {
      tenant: user.tenant,
      subject: user.subject,
      at: 0,
      id: `alias:${user.subject}:${throughSeq}`,
    },
  );
  await log.append([...copies, forget]);
}
