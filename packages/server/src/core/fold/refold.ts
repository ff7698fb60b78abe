import type { ConsentEvent, InteractionEvent } from "@attune/protocol";
import {
  type FoldedPurpose,
  enterConsent,
  foldedPurposes,
  hasPurpose,
  isFolded,
  isFoldedPurpose,
  purposeBit,
} from "./consent.ts";
import { type FoldRecord, type Step, type TickPayload, isElement, stepOf } from "./fold-record.ts";
import { lateOf } from "./late.ts";
import { type FoldLimits, type UserState, emptyState } from "./state.ts";
import { foldInLog, foldInTime } from "./step.ts";

/**
 * The fold from nothing: the state that `apply` would have reached over the same records in the same log
 * order. Late events, withdrawals, merges, rectification and forgetting a part are all this one function of
 * the records that remain.
 */
export function refold(
  records: readonly FoldRecord[],
  limits: Readonly<FoldLimits>,
): UserState | undefined {
  const first = records[0];
  if (first === undefined) return undefined;
  const state = emptyState(first.header.tenant, first.header.subject);
  const steps = records.map(stepOf);
  const bits = enterConsents(state, records, steps);
  const late = lateOf(records, steps, bits, limits);
  for (const i of inTime(records, steps, bits)) {
    if (late?.[i] === 1) continue;
    const { header, payload } = records[i]!;
    foldInTime(
      state,
      payload as InteractionEvent,
      header.at,
      bits[i]!,
      limits,
      undefined,
      undefined,
    );
  }
  for (let i = 0; i < records.length; i++) {
    if (late?.[i] !== 1) foldInLog(state, records[i]!, steps[i]!, bits[i]!, limits, undefined);
  }
  if (hasRung(state, records, steps, bits, late)) state.dueAt = 0;
  return state;
}

/**
 * Fills the ledger and returns for each record the purposes that still hold: those it was accepted with,
 * less those refused later in the log. A refusal that a merge brought along for a person who has spoken for
 * themselves takes back merged records alone.
 */
function enterConsents(
  state: UserState,
  records: readonly FoldRecord[],
  steps: readonly Step[],
): number[] {
  const refused: Record<FoldedPurpose, Refused> = {
    analytics: { before: -1, mergedBefore: -1 },
    personalization: { before: -1, mergedBefore: -1 },
  };
  for (let i = 0; i < records.length; i++) {
    if (steps[i] !== "consent") continue;
    const { header, payload } = records[i]!;
    const { purpose, choice } = payload as ConsentEvent;
    const takesEffect = enterConsent(state, payload as ConsentEvent, header.merged);
    if (choice === "granted" || !isFoldedPurpose(purpose)) continue;
    refused[purpose].mergedBefore = i;
    if (takesEffect) refused[purpose].before = i;
  }
  return records.map(({ header }, i) => {
    let bits = header.purposes;
    for (const purpose of foldedPurposes) {
      const { before, mergedBefore } = refused[purpose];
      if (i < before || (header.merged && i < mergedBefore)) bits &= ~purposeBit(purpose);
    }
    return bits;
  });
}

/** Places in the log of the newest refusals: of all records before it, and of merged ones. */
interface Refused {
  before: number;
  mergedBefore: number;
}

/** The interactions in order of event time, equal times in log order. */
function inTime(
  records: readonly FoldRecord[],
  steps: readonly Step[],
  bits: readonly number[],
): number[] {
  const order: number[] = [];
  let isSorted = true;
  let newest = -Infinity;
  for (let i = 0; i < records.length; i++) {
    if (steps[i] !== "timed" || !isFolded(bits[i]!)) continue;
    const { at } = records[i]!.header;
    isSorted &&= at >= newest;
    newest = at;
    order.push(i);
  }
  if (isSorted) return order;
  return order.sort((a, b) => records[a]!.header.at - records[b]!.header.at || a - b);
}

/**
 * Whether the timer of the last session has rung: a tick with its due time stands in the log behind the
 * first interaction that set this timer. Ticks of timers that were set again since are void.
 */
function hasRung(
  state: UserState,
  records: readonly FoldRecord[],
  steps: readonly Step[],
  bits: readonly number[],
  late: Uint8Array | undefined,
): boolean {
  const setAt = state.sessions.times[state.sessions.size - 1];
  if (setAt === undefined) return false;
  let isSet = false;
  for (let i = 0; i < records.length; i++) {
    const { header, payload } = records[i]!;
    if (steps[i] === "tick") {
      if (isSet && (payload as TickPayload).dueAt === state.dueAt) return true;
    } else if (steps[i] === "timed" && header.at === setAt && late?.[i] !== 1) {
      isSet ||= hasPurpose(bits[i]!, "personalization") && isElement(payload as InteractionEvent);
    }
  }
  return false;
}
