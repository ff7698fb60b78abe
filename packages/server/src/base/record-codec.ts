/**
 * The bytes of records, for good: a change here is a new `groupFormat` and a reader for both. Records of one
 * subject stand under one group header; within a group first all record headers, then all payloads, so that
 * headers are read without payloads and one seal (`alg` other than 0, later) can cover the payloads alone.
 *
 *   group   u32 tenant | 16 B subject | u16 partition | u8 alg | u32 keyId | u32 count | u32 headersLength
 *           | u32 payloadsLength | u32 crc32c of the two parts | headers | payloads
 *   header  u8 schema | u8 kind | u8 flags | varint purposes | varint place gap | varint index gap
 *           | text source | int53 at | int53 receivedAt | 16 B messageHash | varint payload length
 *
 * `place` is the record's number in its commit, `index` that in its partition's share of the commit: both
 * stay when neighbours are erased. A gap counts from the record before in the group (from -1 at first).
 */
import { assert } from "./assert.ts";
import { BytesError, type ByteReader, type ByteWriter } from "./bytes.ts";
import { hex128, writeHex128 } from "./hex.ts";
import { type LogRecord, nobody, type RecordHeader, recordKinds, recordSchema } from "./record.ts";
import { utf8Decode } from "./text.ts";

/** Bumped when the bytes of a group or of a record header change; stands in the heads of every commit. */
export const groupFormat = 1;

export const algPlain = 0;
export const groupHeaderLength = 43;
/** Where the checksum stands in a group header. */
export const groupCrcAt = 39;
export const sourceBytesMax = 64;

const flagVerified = 1;
const flagMerged = 2;
const zeroSubject = "0".repeat(32);
const noPayload = new Uint8Array(0);
const scratch = new Uint8Array(16);

const kindNumbers = new Map<string, number>(recordKinds.map((kind, number) => [kind, number]));

export interface GroupHeader {
  tenant: number;
  subject: string;
  partition: number;
  alg: number;
  keyId: number;
  count: number;
  headersLength: number;
  payloadsLength: number;
  crc: number;
}

export function encodeGroupHeader(writer: ByteWriter, group: GroupHeader): void {
  writer.u32(group.tenant);
  writeHex(writer, group.subject === nobody ? zeroSubject : group.subject);
  writer.u16(group.partition);
  writer.u8(group.alg);
  writer.u32(group.keyId);
  writer.u32(group.count);
  writer.u32(group.headersLength);
  writer.u32(group.payloadsLength);
  writer.u32(group.crc);
}

export function decodeGroupHeader(reader: ByteReader): GroupHeader {
  const tenant = reader.u32();
  const subject = hex128(reader.bytes, reader.skip(16));
  return {
    tenant,
    subject: subject === zeroSubject ? nobody : subject,
    partition: reader.u16(),
    alg: reader.u8(),
    keyId: reader.u32(),
    count: reader.u32(),
    headersLength: reader.u32(),
    payloadsLength: reader.u32(),
    crc: reader.u32(),
  };
}

/** Throws an AssertionError on a header no reader could give back: the caller should have refused it. */
export function encodeRecordHeader(
  writer: ByteWriter,
  header: RecordHeader,
  placeGap: number,
  indexGap: number,
  payloadLength: number,
): void {
  const kind = kindNumbers.get(header.kind);
  assert(kind !== undefined, "unknown kind of record");
  assert(header.schema === recordSchema, "unknown schema of record");
  writer.u8(header.schema);
  writer.u8(kind);
  writer.u8((header.identity === "verified" ? flagVerified : 0) | (header.merged ? flagMerged : 0));
  writer.varint(header.purposes);
  writer.varint(placeGap);
  writer.varint(indexGap);
  const before = writer.length;
  writer.text(header.source);
  assert(writer.length - before <= sourceBytesMax + 1, "source is longer than 64 bytes");
  writer.int53(header.at);
  writer.int53(header.receivedAt);
  writeHex(writer, header.messageHash);
  writer.varint(payloadLength);
}

/**
 * Decodes record headers one after the other. The fields hold what belongs to the last header read and is
 * no part of a record; they are fields, not a result object, because a replay reads millions of headers.
 */
export class RecordHeaderDecoder {
  placeGap = 0;
  indexGap = 0;
  payloadLength = 0;
  #source = "";
  #sourceBytes: Uint8Array = noPayload;

  /** A record still without payload, offset and seq: the caller knows them. */
  read(reader: ByteReader, group: GroupHeader): LogRecord {
    const schema = reader.u8();
    if (schema !== recordSchema) throw new BytesError(`record of schema ${schema}`);
    const kind = recordKinds[reader.u8()];
    if (kind === undefined) throw new BytesError("record of unknown kind");
    const flags = reader.u8();
    const purposes = reader.varint();
    this.placeGap = reader.varint();
    this.indexGap = reader.varint();
    const source = this.#readSource(reader);
    const at = reader.int53();
    const receivedAt = reader.int53();
    const messageHash = hex128(reader.bytes, reader.skip(16));
    this.payloadLength = reader.varint();
    return {
      schema,
      kind,
      tenant: group.tenant,
      subject: group.subject,
      identity: (flags & flagVerified) === 0 ? "claimed" : "verified",
      purposes,
      merged: (flags & flagMerged) !== 0,
      source,
      at,
      receivedAt,
      messageHash,
      payload: noPayload,
      partition: group.partition,
      offset: 0,
      seq: 0,
    };
  }

  /** Neighbours mostly have the same source: equal bytes give the string made before. */
  #readSource(reader: ByteReader): string {
    const size = reader.varint();
    const start = reader.skip(size);
    const bytes = reader.bytes;
    const last = this.#sourceBytes;
    if (size === last.length) {
      let i = 0;
      while (i < size && bytes[start + i] === last[i]) i++;
      if (i === size) return this.#source;
    }
    this.#sourceBytes = bytes.slice(start, start + size);
    this.#source = textOf(this.#sourceBytes);
    return this.#source;
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch {
    throw new BytesError("source is not UTF-8");
  }
}

function writeHex(writer: ByteWriter, text: string): void {
  writeHex128(text, scratch, 0);
  writer.raw(scratch);
}
