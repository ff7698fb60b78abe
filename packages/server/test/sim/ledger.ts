/**
 * What the world outside the machine knows: which messages were sent, acknowledged, forgotten, and which
 * effects were heard of. The laws of a simulation hold the machine against it.
 */
import type { RecordInput } from "../../src/base/record.ts";
import type { OutboxEntry } from "../../src/engine/checkpoint/checkpoint.ts";
import type { Log } from "../../src/log/log.ts";

export interface Message {
  number: number;
  record: RecordInput;
  isAcknowledged: boolean;
  /** A forget that covers it was acknowledged: it must leave the bytes with the next checkpoint. */
  mustGo: boolean;
}

/** A forget that was asked for, acknowledged or not: of all before message `before` and of older times. */
interface Excuse {
  subject: string;
  before: number;
  from: number;
  to: number;
}

export class Ledger {
  readonly messages: Message[] = [];
  readonly #groups = new Map<string, string>();
  readonly effects = new Map<string, string>();
  readonly delivered = new Set<string>();
  readonly broken: string[] = [];
  readonly #excuses: Excuse[] = [];
  /** Of effects that go when their subject does. */
  readonly #subjects = new Map<string, string>();

  /** Subjects that were ever said to be one person's; a name for the group. */
  groupOf(subject: string): string {
    let group = subject;
    for (;;) {
      const next = this.#groups.get(group);
      if (next === undefined) return group;
      group = next;
    }
  }

  unite(a: string, b: string): void {
    const [from, to] = [this.groupOf(a), this.groupOf(b)];
    if (from !== to) this.#groups.set(from, to);
  }

  /** Somebody asked to be forgotten, with all that was ever said to be theirs: all, or a span of times. */
  excuse(subject: string, from: number, to: number): void {
    const group = this.groupOf(subject);
    if (from === -Infinity) this.erase((own) => this.groupOf(own) === group);
    this.#excuses.push({ subject, before: this.messages.length, from, to });
  }

  /** Whether the message need not be there. A device that turns out to be theirs is covered too. */
  isExcused({ number, record }: Message): boolean {
    const group = this.groupOf(record.subject);
    return this.#excuses.some(({ subject, before, from, to }) => {
      if (this.groupOf(subject) !== group) return false;
      const isWhole = from === -Infinity;
      const isInSpan = record.at >= from && record.at <= to;
      return isWhole ? number < before || isInSpan : number < before && isInSpan;
    });
  }

  hear(entry: OutboxEntry): void {
    const known = this.effects.get(entry.id);
    if (known !== undefined && known !== entry.body) {
      this.broken.push(`effect ${entry.id} was ${known} and is now ${entry.body}`);
    }
    this.effects.set(entry.id, entry.body);
    if (!entry.body.includes("subject.erased")) this.#subjects.set(entry.id, entry.subject);
  }

  /** What was still to be told about them need not be told any more. */
  erase(isErased: (subject: string) => boolean): void {
    for (const [id, subject] of this.#subjects) if (isErased(subject)) this.delivered.add(id);
  }

  /** Effects that were heard of, not delivered, and wait nowhere. */
  lostEffects(waiting: Iterable<OutboxEntry>): string[] {
    const ids = new Set([...waiting].map(({ id }) => id));
    return [...this.effects.keys()].filter((id) => !this.delivered.has(id) && !ids.has(id));
  }
}

/** How often every message stands in the log: its own record, and copies by the subject they stand under. */
async function countMessages(
  log: Log,
): Promise<Map<string, { own: number; copies: Map<string, number> }>> {
  const counts = new Map<string, { own: number; copies: Map<string, number> }>();
  for await (const commit of log.read(0)) {
    for (const { kind, tenant, source, messageHash, merged, subject } of commit.records) {
      if (kind !== "event") continue;
      const key = `${tenant}/${source}/${messageHash}`;
      const count = counts.get(key) ?? { own: 0, copies: new Map<string, number>() };
      if (merged) count.copies.set(subject, (count.copies.get(subject) ?? 0) + 1);
      else count.own += 1;
      counts.set(key, count);
    }
  }
  return counts;
}

/** What the acknowledged messages and the log disagree about. */
export async function presenceFaults(ledger: Ledger, log: Log): Promise<string[]> {
  const counts = await countMessages(log);
  const faults: string[] = [];
  for (const message of ledger.messages) {
    const { number, record, isAcknowledged } = message;
    const key = `${record.tenant}/${record.source}/${record.messageHash}`;
    const count = counts.get(key) ?? { own: 0, copies: new Map<string, number>() };
    const most = Math.max(count.own, ...count.copies.values());
    if (most > 1) faults.push(`message ${number} stands ${most} times in the log`);
    if (isAcknowledged && most === 0 && !ledger.isExcused(message)) {
      faults.push(`message ${number} was acknowledged and is not in the log`);
    }
  }
  return faults;
}
