import type { LogRecord, RecordInput } from "../base/record.ts";
import { isFull, type Log } from "../log/log.ts";
import { engineRecord, payloadOf } from "./payload.ts";
import { isForgottenPart, remainingRecords } from "./remaining.ts";
import { isToForward, type User, type Users } from "./users/users.ts";

const nothing: ReadonlySet<string> = new Set();

/**
 * The second half of an identity merge: the anonymous subject's records are appended again under the subject
 * it was merged into (source, ids and times as they were), with a forget of the anonymous one, in one commit.
 * What was set aside goes along and has its chance there; a part of their past that the person asked to forget
 * does not. Doing it twice changes nothing: the log tells the copies and the forget as duplicates.
 */
async function forwardMerged(log: Log, user: User, root: User): Promise<void> {
  const throughSeq = user.commits.newest;
  const records = await remainingRecords(log, user, throughSeq, nothing);
  const known = await log.readSubject(root.tenant, root.subject, root.commits.ranges());
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

export interface ForwardsParts {
  log: Log;
  users: Users;
  resolve: (tenant: number, subject: string) => string;
  /** False during a replay: then who is to be forwarded waits. */
  isLive: () => boolean;
  track: (work: Promise<unknown>) => void;
}

/** Sees every merge through: at once, or as soon as the engine is live and the log has space. */
export class Forwards {
  readonly #parts: ForwardsParts;
  readonly #waiting = new Map<string, User>();

  constructor(parts: ForwardsParts) {
    this.#parts = parts;
  }

  add(user: User): void {
    if (this.#parts.isLive()) this.#forward(user);
    else this.#wait(user);
  }

  /** Those that a replay found, and those that found no space in the log. */
  retry(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const { users } = this.#parts;
    for (const { tenant, subject } of waiting) this.#forward(users.obtain(tenant, subject));
  }

  #forward(user: User): void {
    // Forgotten since, it is nobody's alias any more.
    if (!isToForward(user)) return;
    const { log, users, resolve, track } = this.#parts;
    const root = users.obtain(user.tenant, resolve(user.tenant, user.subject));
    const forwarded = forwardMerged(log, user, root).catch((error: unknown) => {
      if (!isFull(error)) throw error;
      this.#wait(user);
    });
    track(forwarded);
  }

  #wait(user: User): void {
    this.#waiting.set(`${user.tenant}/${user.subject}`, user);
  }
}
