import type { UserState } from "../../fold/state.ts";
import type { SessionIndex } from "../../sum/session-index.ts";

/** Where the index holds the asker's own sessions, which know nothing that the asker does not. */
export function ownSlots(index: SessionIndex, { sessions }: UserState): number[] {
  const slots: number[] = [];
  for (let s = 0; s < sessions.length; s++) {
    const slot = index.find(sessions.keyHi(s), sessions.keyLo(s));
    if (slot !== -1) slots.push(slot);
  }
  return slots;
}

/** That of the newest of them, in which the asker is or was last; -1 if no sum holds it. */
export function newestOwnSlot(index: SessionIndex, { sessions }: UserState): number {
  const newest = sessions.length - 1;
  return newest < 0 ? -1 : index.find(sessions.keyHi(newest), sessions.keyLo(newest));
}
