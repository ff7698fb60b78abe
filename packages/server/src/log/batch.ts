/**
 * A batch is what one commit stores: `heads` (what it adds to which partition) and `body` (groups of records,
 * one per subject). This file packs, checks, reads and erases batches; it knows no disk.
 *
 *   heads  u8 format | int53 seq | int53 logTime | u32 records | u16 entries
 *          | entries: u16 partition, int53 first offset, u32 count
 *
 * `logTime` is the greatest receivedAt of any record up to here, so that the start of a window can be found
 * by bisection. Heads are full (every partition has an entry) each `fullHeadsEvery` commits and when a record
 * stands in all partitions: the offsets after the newest commit are found without reading the whole log.
 */
import { assert } from "../base/assert.ts";
import { ByteReader, BytesError, ByteWriter } from "../base/bytes.ts";
import { crc32c } from "../base/crc32c.ts";
import { isHex128 } from "../base/hex.ts";
import {
  algPlain,
  decodeGroupHeader,
  encodeGroupHeader,
  encodeRecordHeader,
  type GroupHeader,
  groupCrcAt,
  groupFormat,
  groupHeaderLength,
  RecordHeaderDecoder,
  sourceBytesMax,
} from "../base/record-codec.ts";
import {
  everyPartition,
  type LogRecord,
  nobody,
  type RecordInput,
  recordKinds,
  recordSchema,
} from "../base/record.ts";
import { utf8Encode } from "../base/text.ts";
import { partitionOf } from "./partitioner.ts";

const fullHeadsEvery = 64;

export interface Batch {
  seq: number;
  heads: Uint8Array;
  body: Uint8Array;
}

/** Where the log stands after its newest commit. */
export interface LogEnd {
  seq: number;
  logTime: number;
  /** Next offset of each partition. */
  offsets: Float64Array;
}

interface GroupDraft {
  tenant: number;
  subject: string;
  partition: number;
  places: number[];
  lastIndex: number;
  headersLength: number;
  payloadsLength: number;
}

/** Throws an AssertionError on a record that the log could not give back as it is. */
export function assertRecord(record: RecordInput): void {
  const { tenant, subject, source } = record;
  assert(record.schema === recordSchema, "unknown schema of record");
  assert(recordKinds.includes(record.kind), "unknown kind of record");
  assert(tenant >>> 0 === tenant, "tenant is not in 0..2^32-1");
  assert(subject === nobody || isHex128(subject), "subject is not 32 hex digits");
  assert(isHex128(record.messageHash), "messageHash is not 32 hex digits");
  assert(Number.isSafeInteger(record.purposes) && record.purposes >= 0, "purposes are no bits");
  assert(Number.isSafeInteger(record.at), "at is not an integer");
  assert(Number.isSafeInteger(record.receivedAt), "receivedAt is not an integer");
  assert(
    source.length * 3 <= sourceBytesMax || utf8Encode(source).length <= sourceBytesMax,
    "source is longer than 64 bytes",
  );
  assert(record.payload instanceof Uint8Array, "payload is no Uint8Array");
}

/** Collects the records of one commit. Headers are encoded as they come, while the disk is still busy. */
export class BatchBuilder {
  /** In log order; partition is set, offset and seq are by `seal`. */
  readonly records: LogRecord[] = [];
  readonly #partitions: number;
  readonly #groups: GroupDraft[] = [];
  readonly #groupOf = new Map<number, Map<string, GroupDraft>>();
  readonly #headers = new ByteWriter(4096);
  /** Start of each record's header; one entry more than records, the end of the last. */
  readonly #starts: number[] = [0];
  readonly #indexes: number[] = [];
  readonly #counts: Float64Array;
  #everyCount = 0;
  #logTime = 0;
  #bodyLength = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
    this.#counts = new Float64Array(partitions);
  }

  get bytes(): number {
    return this.#bodyLength;
  }

  add(record: RecordInput): void {
    const group = this.#group(record.tenant, record.subject);
    const place = this.records.length;
    const index = this.#claimIndex(group.partition);
    const placeGap = place - (group.places.at(-1) ?? -1);
    const payloadLength = record.payload.length;
    encodeRecordHeader(this.#headers, record, placeGap, index - group.lastIndex, payloadLength);
    const headerLength = this.#headers.length - (this.#starts[place] as number);
    group.places.push(place);
    group.lastIndex = index;
    group.headersLength += headerLength;
    group.payloadsLength += payloadLength;
    this.#starts.push(this.#headers.length);
    this.#indexes.push(index);
    this.#bodyLength += headerLength + payloadLength;
    this.#logTime = Math.max(this.#logTime, record.receivedAt);
    this.records.push(toLogRecord(record, group.partition));
  }

  /** Gives the records their offsets after `end` and packs them; checksums are left to `stampBatch`. */
  seal(end: LogEnd): Batch {
    const seq = end.seq + 1;
    assert(this.records.length > 0, "an empty batch is not sealed");
    assert(end.offsets.length === this.#partitions, "partitions differ");
    const heads = this.#heads(end, seq);
    const out = new ByteWriter(heads.length + this.#bodyLength);
    out.raw(heads);
    for (const group of this.#groups) this.#writeGroup(out, group);
    this.records.forEach((record, place) => {
      const lane = record.partition === everyPartition ? 0 : record.partition;
      record.offset = (end.offsets[lane] as number) + (this.#indexes[place] as number);
      record.seq = seq;
    });
    const bytes = out.take();
    assert(bytes.length === heads.length + this.#bodyLength, "batch length was miscounted");
    return { seq, heads: bytes.subarray(0, heads.length), body: bytes.subarray(heads.length) };
  }

  /** Where the log stands once this batch is durable. */
  endAfter(end: LogEnd): LogEnd {
    const offsets = end.offsets.map((offset, p) => offset + this.#countOf(p));
    return { seq: end.seq + 1, logTime: Math.max(end.logTime, this.#logTime), offsets };
  }

  #group(tenant: number, subject: string): GroupDraft {
    let bySubject = this.#groupOf.get(tenant);
    if (bySubject === undefined) this.#groupOf.set(tenant, (bySubject = new Map()));
    const known = bySubject.get(subject);
    if (known !== undefined) return known;
    const partition = partitionOf(tenant, subject, this.#partitions);
    const group: GroupDraft = {
      tenant,
      subject,
      partition,
      places: [],
      lastIndex: -1,
      headersLength: 0,
      payloadsLength: 0,
    };
    bySubject.set(subject, group);
    this.#groups.push(group);
    this.#bodyLength += groupHeaderLength;
    return group;
  }

  #countOf(partition: number): number {
    return (this.#counts[partition] as number) + this.#everyCount;
  }

  #claimIndex(partition: number): number {
    const index = this.#countOf(partition === everyPartition ? 0 : partition);
    if (partition === everyPartition) this.#everyCount++;
    else (this.#counts[partition] as number)++;
    return index;
  }

  #heads(end: LogEnd, seq: number): Uint8Array {
    const isFull = this.#everyCount > 0 || seq % fullHeadsEvery === 0;
    const touched: number[] = [];
    for (let p = 0; p < this.#partitions; p++) if (isFull || this.#counts[p] !== 0) touched.push(p);
    const writer = new ByteWriter(32 + touched.length * 14);
    writer.u8(groupFormat);
    writer.int53(seq);
    writer.int53(Math.max(end.logTime, this.#logTime));
    writer.u32(this.records.length);
    writer.u16(touched.length);
    for (const partition of touched) {
      writer.u16(partition);
      writer.int53(end.offsets[partition] as number);
      writer.u32(this.#countOf(partition));
    }
    return writer.finish();
  }

  #writeGroup(out: ByteWriter, draft: GroupDraft): void {
    const { tenant, subject, partition, headersLength, payloadsLength, places } = draft;
    const count = places.length;
    const sizes = { count, headersLength, payloadsLength };
    encodeGroupHeader(out, {
      tenant,
      subject,
      partition,
      alg: algPlain,
      keyId: 0,
      ...sizes,
      crc: 0,
    });
    const headers = this.#headers.view();
    for (let i = 0; i < count;) {
      // Neighbours in the commit that are neighbours in the group too are copied in one go.
      const first = places[i] as number;
      let next = first + 1;
      for (i++; i < count && places[i] === next; i++) next++;
      out.raw(headers.subarray(this.#starts[first], this.#starts[next]));
    }
    for (const place of places) out.raw((this.records[place] as LogRecord).payload);
  }
}

/** Fields in the order of the decoder, so that records of both origins share one shape in the engine. */
function toLogRecord(record: RecordInput, partition: number): LogRecord {
  return {
    schema: record.schema,
    kind: record.kind,
    tenant: record.tenant,
    subject: record.subject,
    identity: record.identity,
    purposes: record.purposes,
    merged: record.merged,
    source: record.source,
    at: record.at,
    receivedAt: record.receivedAt,
    messageHash: record.messageHash,
    payload: record.payload,
    partition,
    offset: 0,
    seq: 0,
  };
}

export interface Heads {
  seq: number;
  logTime: number;
  records: number;
  entries: { partition: number; first: number; count: number }[];
}

export function decodeHeads(bytes: Uint8Array): Heads {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== groupFormat) throw new BytesError(`commit of format ${format}`);
  const heads: Heads = {
    seq: reader.int53(),
    logTime: reader.int53(),
    records: reader.u32(),
    entries: [],
  };
  for (let left = reader.u16(); left > 0; left--) {
    heads.entries.push({ partition: reader.u16(), first: reader.int53(), count: reader.u32() });
  }
  reader.expectEnd();
  return heads;
}

/** Writes the checksum of every group into its header and returns that of the batch. */
export function stampBatch(heads: Uint8Array, body: Uint8Array): number {
  const view = viewOf(body);
  for (let at = 0; at < body.length;) {
    const end = groupEnd(view, at);
    assert(end !== undefined, "group longer than its body");
    view.setUint32(at + groupCrcAt, crc32c(body.subarray(at + groupHeaderLength, end)), true);
    at = end;
  }
  return checksum(heads, body);
}

/**
 * The checksum of heads and body: of the heads and the group headers, which hold the checksums of the rest.
 * So a byte is summed once; a fault in a group's content is its own checksum's to find (`faultOf`).
 */
export function checksum(heads: Uint8Array, body: Uint8Array): number {
  const view = viewOf(body);
  let crc = crc32c(heads);
  for (let at = 0; at < body.length;) {
    const end = groupEnd(view, at);
    // Lengths that lead out of the body are summed as they stand, and will not match.
    crc = crc32c(body.subarray(at, at + groupHeaderLength), crc);
    at = end ?? body.length;
  }
  return crc;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the group at `at` ends; undefined when that is beyond the body. */
function groupEnd(view: DataView, at: number): number | undefined {
  const start = at + groupHeaderLength;
  if (start > view.byteLength) return undefined;
  const end = start + view.getUint32(at + 31, true) + view.getUint32(at + 35, true);
  return end <= view.byteLength ? end : undefined;
}

function hasFaultyGroup(body: Uint8Array): boolean {
  const view = viewOf(body);
  for (let at = 0; at < body.length;) {
    const end = groupEnd(view, at);
    if (end === undefined) return true;
    const crc = view.getUint32(at + groupCrcAt, true);
    if (crc32c(body.subarray(at + groupHeaderLength, end)) !== crc) return true;
    at = end;
  }
  return false;
}

/** What is wrong with a stored batch, or undefined: the checksum, and the seq the heads claim. */
export function faultOf(batch: Batch, crc: number): string | undefined {
  if (checksum(batch.heads, batch.body) !== crc) return "its checksum does not match";
  if (hasFaultyGroup(batch.body)) return "the checksum of a group does not match";
  try {
    const { seq } = decodeHeads(batch.heads);
    return seq === batch.seq ? undefined : `it holds commit ${seq}`;
  } catch (error) {
    return `its heads cannot be read: ${(error as Error).message}`;
  }
}

/** The records of a batch that passed `faultOf`, in log order. Payloads are views into the body. */
export function decodeBatch(batch: Batch): LogRecord[] {
  const heads = decodeHeads(batch.heads);
  const firsts = firstOffsets(heads);
  const records: (LogRecord | undefined)[] = Array.from({ length: heads.records });
  const decoder = new RecordHeaderDecoder();
  let found = 0;
  for (const group of groupsOf(batch.body)) {
    const first = firstOf(firsts, group.header.partition);
    const reader = new ByteReader(batch.body, group.start, group.payloads);
    let [place, index, payload] = [-1, -1, group.payloads];
    for (let i = 0; i < group.header.count; i++) {
      const record = decoder.read(reader, group.header);
      place += decoder.placeGap;
      index += decoder.indexGap;
      record.payload = batch.body.subarray(payload, payload + decoder.payloadLength);
      record.offset = first + index;
      record.seq = batch.seq;
      if (place >= heads.records) throw new BytesError("record beyond its commit");
      payload += decoder.payloadLength;
      records[place] = record;
      found++;
    }
    reader.expectEnd();
  }
  return found === records.length
    ? (records as LogRecord[])
    : records.filter((record) => record !== undefined);
}

export interface Group {
  header: GroupHeader;
  /** Positions in the body: of the group header, the record headers, the payloads, the end. */
  at: number;
  start: number;
  payloads: number;
  end: number;
}

/** The groups of a body in order. */
export function* groupsOf(body: Uint8Array): Generator<Group> {
  const reader = new ByteReader(body);
  while (reader.left > 0) {
    const at = reader.at;
    const header = decodeGroupHeader(reader);
    if (header.alg !== algPlain) throw new BytesError(`group sealed by unknown alg ${header.alg}`);
    const start = reader.skip(header.headersLength);
    const payloads = reader.skip(header.payloadsLength);
    yield { header, at, start, payloads, end: reader.at };
  }
}

export function firstOffsets(heads: Heads): Map<number, number> {
  return new Map(heads.entries.map((entry) => [entry.partition, entry.first]));
}

/** Offsets of records in every partition are those of partition 0. */
export function firstOf(firsts: ReadonlyMap<number, number>, partition: number): number {
  const first = firsts.get(partition === everyPartition ? 0 : partition);
  if (first === undefined) throw new BytesError(`partition ${partition} is not in the heads`);
  return first;
}

/**
 * Where the log stands, from its newest batches: newest first, and as many as it takes to reach full heads
 * or the first commit.
 */
export function endFrom(newestFirst: Iterable<Heads>, partitions: number): LogEnd {
  const end: LogEnd = { seq: 0, logTime: 0, offsets: new Float64Array(partitions) };
  const known = new Set<number>();
  for (const heads of newestFirst) {
    if (end.seq === 0) [end.seq, end.logTime] = [heads.seq, heads.logTime];
    for (const { partition, first, count } of heads.entries) {
      if (known.has(partition)) continue;
      known.add(partition);
      end.offsets[partition] = first + count;
    }
    if (known.size === partitions) break;
  }
  return end;
}
