/**
 * A record is one fact in the log: a clear header, which every room may read, and a payload, which only
 * core and engine understand. Raw ids of people stand in the payload alone.
 */
export const recordKinds = [
  "event",
  "decision",
  "tick",
  "clock",
  "merge",
  "forget",
  "policy",
  "definition",
  "catalogue",
  "quarantine",
] as const;
export type RecordKind = (typeof recordKinds)[number];

export const recordSchema = 1;

/** Subject of records that are nobody's (clock, policy, definition, catalogue). */
export const nobody = "";

export interface RecordHeader {
  schema: number;
  kind: RecordKind;
  /** Number of the tenant, given out by the tenant registry; 1..2^32-1. 0 is the platform's own (clock). */
  tenant: number;
  /** HMAC-128(tenant key, user id) as 32 hex digits, or `nobody`. */
  subject: string;
  identity: "claimed" | "verified";
  /** Granted or declared purposes as bits, see `purposes` in the protocol. */
  purposes: number;
  /** True for a record that an identity merge appended again under the known subject. */
  merged: boolean;
  /** Who sent it: deduplication is by (tenant, source, messageHash). At most 64 bytes of UTF-8. */
  source: string;
  /** Event time, corrected; ms since 1970, an integer. */
  at: number;
  /** When it was accepted; ms since 1970, an integer. */
  receivedAt: number;
  /** First 128 bits of SHA-256(message id) as 32 hex digits. */
  messageHash: string;
}

/** What is appended: the payload is JSON in UTF-8, unread by the log. */
export interface RecordInput extends RecordHeader {
  payload: Uint8Array;
}

/** What is read back: the same with its place. */
export interface LogRecord extends RecordInput {
  /** Lane the record belongs to; `everyPartition` for a record that stands in all of them. */
  partition: number;
  /** Dense number of the record within its partition (of partition 0 for `everyPartition`). */
  offset: number;
  /** Commit that holds it: the number in the position `"epoch.seq"`. */
  seq: number;
}

/** Addressed to all partitions at once: clock, policy, definition and catalogue records. */
export const everyPartition = 0xffff;
