import type { LogRecord } from "../base/record.ts";
import { hasPurpose } from "../core/fold/consent.ts";
import type { Log } from "../log/log.ts";
import type { Outbox } from "./outbox.ts";
import { payloadOf } from "./payload.ts";
import { PositionError } from "./position.ts";

/** Something that happened in a tenant, with the place behind which a reader can go on. */
export interface Happening {
  cursor: string;
  type: "event" | "effect" | "decision";
  tenant: number;
  data: Readonly<Record<string, unknown>>;
}

export interface FollowParts {
  log: Log;
  outbox: Outbox;
  /** Last commit that is folded whole. */
  seq(): number;
  /** Calls back whenever a commit was folded whole; returns how to stop that. */
  onFolded(listener: () => void): () => void;
  publicId(tenant: number, id: string): string;
}

/**
 * Follows a tenant: events and decisions from the log, each with its effects behind it, first what is stored
 * and then what comes. It pulls from its own place, so a slow reader slows nobody. A cursor is
 * `epoch.seq:n`, n messages into that commit. Records without the purpose analytics are left out.
 */
export async function* follow(
  parts: FollowParts,
  tenant: number,
  from: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Happening> {
  let place = from === undefined ? { seq: parts.seq(), taken: Infinity } : placeOf(parts, from);
  while (!signal.aborted) {
    const news = nextCommit(parts, signal);
    const through = parts.seq();
    const after = place.taken === Infinity ? place.seq : place.seq - 1;
    for await (const commit of parts.log.read(after)) {
      if (commit.seq > through || signal.aborted) break;
      const skipped = commit.seq === place.seq ? place.taken : 0;
      let n = 0;
      for (const happening of happenings(parts, tenant, commit.records)) {
        n += 1;
        if (n > skipped) yield { ...happening, cursor: `${parts.log.epoch}.${commit.seq}:${n}` };
      }
      place = { seq: commit.seq, taken: Infinity };
    }
    if (parts.seq() > place.seq && place.taken === Infinity) continue;
    await news;
  }
}

interface Place {
  seq: number;
  /** Messages of that commit that the reader has; Infinity: all. */
  taken: number;
}

/** Where a cursor points; `start` is before everything that is kept. Throws a PositionError. */
export function placeOf({ log, outbox }: FollowParts, cursor: string): Place {
  if (cursor === "start") return { seq: 0, taken: Infinity };
  const match = /^(.+)\.(\d{1,15})(?::(\d{1,9}))?$/.exec(cursor);
  if (match === null || match[1] !== log.epoch)
    throw new PositionError(`${cursor} is no cursor of this log (epoch ${log.epoch}).`);
  const seq = Number(match[2]);
  const taken = match[3] === undefined ? Infinity : Number(match[3]);
  if (seq > log.head()) throw new PositionError(`${cursor} is beyond the log's head.`);
  if (seq < outbox.keptAfter())
    throw new PositionError(`Effects behind ${cursor} are no longer kept; ask without effects.`);
  return { seq, taken };
}

function nextCommit(parts: FollowParts, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = parts.onFolded(() => done());
    const done = (): void => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
  });
}

function* happenings(
  parts: FollowParts,
  tenant: number,
  records: readonly LogRecord[],
): Generator<Omit<Happening, "cursor">> {
  for (const record of records) {
    if (record.tenant !== tenant) continue;
    const isNobodys = record.subject === "";
    if (!isNobodys && !hasPurpose(record.purposes, "analytics") && record.kind !== "forget")
      continue;
    const shown = shownRecord(record);
    if (shown !== undefined) yield shown;
    for (let index = 0; ; index++) {
      const effect = parts.outbox.find(`${record.partition}:${record.offset}:${index}`);
      if (effect === undefined) break;
      const id = parts.publicId(tenant, effect.id);
      const data = { id, subject: effect.subject, ...(JSON.parse(effect.body) as object) };
      yield { type: "effect", tenant, data };
    }
  }
}

function shownRecord(record: LogRecord): Omit<Happening, "cursor"> | undefined {
  const { tenant, subject, at, receivedAt, source } = record;
  if (record.kind === "event") {
    // A copy that a merge made is no news: the original was told.
    if (record.merged) return undefined;
    return {
      type: "event",
      tenant,
      data: { subject, at, receivedAt, source, ...payloadOf(record, "event") },
    };
  }
  if (record.kind !== "decision" || record.merged) return undefined;
  const decision = payloadOf(record, "decision");
  // Nobody was shown anything.
  if (decision.shadow !== undefined) return undefined;
  const { features: _own, ...told } = decision;
  return { type: "decision", tenant, data: { subject, at, ...told } };
}
