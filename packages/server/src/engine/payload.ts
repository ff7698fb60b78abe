import { createHash } from "node:crypto";
import type { Decision, UserEvent } from "@attune/protocol";
import { everyPartition, nobody, type RecordInput, recordSchema } from "../base/record.ts";
import type { LogRecord, RecordKind } from "../base/record.ts";
import { utf8Decode, utf8Encode } from "../base/text.ts";
import type { ConsentPolicy } from "../core/fold/consent.ts";
import type { TickPayload } from "../core/fold/apply.ts";
import type { CatalogueChange } from "../core/rank/catalogue.ts";
import type { DefinitionDocument } from "../core/rank/placement.ts";

/** What stands in the payload of each kind of record: JSON in UTF-8. */
export interface Payloads {
  event: UserEvent;
  decision: Decision;
  tick: TickPayload;
  clock: ClockPayload;
  merge: MergePayload;
  forget: ForgetPayload;
  policy: ConsentPolicy;
  definition: DefinitionDocument;
  catalogue: CataloguePayload;
  quarantine: QuarantinePayload;
}

/** Hours since 1970. Windows and buckets move on these alone. */
export interface ClockPayload {
  hour: number;
}

/** The anonymous subject `from` (the record's own) turned out to be the known subject `to`. */
export interface MergePayload {
  from: string;
  to: string;
}

/**
 * `all`: the subject and everything up to `at`. `alias`: the subject's records up to commit `throughSeq` stand
 * under the subject it was merged into, nothing is barred. `part`: events between two times (ms, both included), or one message.
 */
export type ForgetPayload =
  | { scope: "all"; at: number; reason?: string | undefined }
  | { scope: "alias"; to: string; throughSeq: number }
  | { scope: "part"; from: number; to: number }
  | { scope: "part"; messageHash: string };

export type CataloguePayload = CatalogueChange;

/** The record at (partition, offset) failed three times and is set aside, now and in every replay. */
export interface QuarantinePayload {
  partition: number;
  offset: number;
  reason: string;
}

/** The payload of a record of the given kind; a payload that is no JSON throws and gets quarantined. */
export function payloadOf<K extends RecordKind>(record: LogRecord, _kind: K): Payloads[K] {
  return JSON.parse(utf8Decode(record.payload)) as Payloads[K];
}

/** Where a record of the engine's own stands. `id` makes it appear once however often it is appended. */
export interface RecordPlace {
  tenant: number;
  subject?: string | undefined;
  purposes?: number | undefined;
  at: number;
  id: string;
}

/** Builds a record that the engine itself appends. */
export function engineRecord<K extends RecordKind>(
  kind: K,
  payload: Payloads[K],
  place: RecordPlace,
): RecordInput {
  return engineRecordOf(kind, utf8Encode(JSON.stringify(payload)), place);
}

/** The same of a payload that is written already. */
export function engineRecordOf(
  kind: RecordKind,
  payload: Uint8Array,
  { tenant, subject = nobody, purposes = 0, at, id }: RecordPlace,
): RecordInput {
  return {
    schema: recordSchema,
    kind,
    tenant,
    subject,
    identity: "verified",
    purposes,
    merged: false,
    source: "engine",
    at,
    receivedAt: at,
    messageHash: hashOf(`${kind}:${id}`),
    payload,
  };
}

/** First 128 bits of SHA-256, as 32 hex digits. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** Key of a record's place, as the quarantine set has it. */
export function placeOf(record: { partition: number; offset: number }): string {
  return record.partition === everyPartition
    ? `*:${record.offset}`
    : `${record.partition}:${record.offset}`;
}
