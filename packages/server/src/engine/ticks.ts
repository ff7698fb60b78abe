import type { RecordInput } from "../base/record.ts";
import { engineRecord } from "./payload.ts";
import type { Timer, Timers } from "./timers.ts";
import type { Users } from "./users.ts";

const allPurposeBits = 0b11;

/**
 * The ticks to append for users whose timers are due at `now`, and those timers, to be set again when the
 * append fails. A timer that moved is set anew; one that was due longer than `staleMs` ago is dropped.
 */
export function dueTicks(
  timers: Timers,
  users: Users,
  now: number,
  staleMs: number,
): { ticks: RecordInput[]; due: Timer[] } {
  const ticks: RecordInput[] = [];
  const due: Timer[] = [];
  for (let timer = timers.popDue(now); timer; timer = timers.popDue(now)) {
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
  return { ticks, due };
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
