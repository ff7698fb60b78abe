import type { RecordInput } from "../base/record.ts";
import type { Log } from "../log/log.ts";
import { engineRecord } from "./payload.ts";
import { remainingRecords } from "./remaining.ts";
import type { User } from "./users.ts";

const nothing: ReadonlySet<string> = new Set();

/**
 * The second half of an identity merge: the anonymous subject's records are appended again under the subject
 * it was merged into (source, ids and times as they were), with a forget of the anonymous one, in one commit.
 * What was set aside goes along and has its chance there. Doing it twice changes nothing: the log tells the
 * copies and the forget as duplicates.
 */
export async function forwardMerged(log: Log, user: User, root: string): Promise<void> {
  const throughSeq = user.commits[user.commits.length - 1]?.[1] ?? 0;
  const records = await remainingRecords(log, user, throughSeq, nothing);
  const copies: RecordInput[] = records
    .filter((record) => record.kind !== "tick" && record.seq > user.forwardedThrough)
    .map((record) => ({
      schema: record.schema,
      kind: record.kind,
      tenant: record.tenant,
      subject: root,
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
    { scope: "alias", to: root, throughSeq },
    {
      tenant: user.tenant,
      subject: user.subject,
      at: 0,
      id: `alias:${user.subject}:${throughSeq}`,
    },
  );
  await log.append([...copies, forget]);
}
