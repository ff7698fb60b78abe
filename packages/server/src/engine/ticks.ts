import { setImmediate } from "node:timers/promises";
import type { RecordInput } from "../base/record.ts";
import { engineRecord } from "./payload.ts";
import type { Timer, Timers } from "./timers.ts";
import type { Users } from "./users/users.ts";

const allPurposeBits = 0b11;

/** Timers looked at between two appends: after hours in which nothing ran, those of most users may be due at once. */
const lookedAtMax = 128;

export interface TicksParts {
  timers: Timers;
  users: Users;
  /** A timer that was due longer ago is dropped. */
  staleMs: number;
  now(): number;
  append(ticks: readonly RecordInput[]): Promise<unknown>;
}

/** Appends a tick for every user whose timer is due. When an append fails its timers are set again. */
export async function appendDueTicks({ timers, append, ...parts }: TicksParts): Promise<void> {
  for (let isAll = false; !isAll;) {
    const found = dueTicks(timers, parts.users, parts.now(), parts.staleMs);
    isAll = found.isAll;
    try {
      if (found.ticks.length > 0) await append(found.ticks);
      else if (!isAll) await setImmediate();
    } catch (error) {
      for (const timer of found.due) timers.add(timer);
      throw error;
    }
  }
}

/** The next ticks to append and their timers; `isAll` unless more may be due. A timer that moved is set anew. */
function dueTicks(
  timers: Timers,
  users: Users,
  now: number,
  staleMs: number,
): { ticks: RecordInput[]; due: Timer[]; isAll: boolean } {
  const ticks: RecordInput[] = [];
  const due: Timer[] = [];
  for (let lookedAt = 0; lookedAt < lookedAtMax; lookedAt++) {
    const timer = timers.popDue(now);
    if (timer === undefined) return { ticks, due, isAll: true };
    const user = users.find(timer.tenant, timer.subject);
    if (user === undefined) continue;
    user.timerAt = 0;
    const dueAt = user.state?.dueAt ?? 0;
    if (dueAt === 0 || dueAt < now - staleMs) continue;
    if (dueAt > timer.dueAt) {
      user.timerAt = dueAt;
      timers.add({ ...timer, dueAt });
      continue;
    }
    due.push(timer);
    ticks.push(tickOf(timer, dueAt));
  }
  return { ticks, due, isAll: false };
}

/** The id makes it appear once, however often it is appended. */
function tickOf({ tenant, subject }: Timer, dueAt: number): RecordInput {
  const id = `${subject}:${dueAt}`;
  const payload = { type: "tick", dueAt } as const;
  return engineRecord("tick", payload, {
    tenant,
    subject,
    purposes: allPurposeBits,
    at: dueAt,
    id,
  });
}
