/** Picks one subject's groups out of a batch, and takes records of a subject out of it. */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import {
  encodeGroupHeader,
  encodeRecordHeader,
  groupHeaderLength,
  RecordHeaderDecoder,
} from "../base/record-codec.ts";
import type { LogRecord } from "../base/record.ts";
import {
  type Batch,
  decodeHeads,
  firstOf,
  firstOffsets,
  type Group,
  groupsOf,
  stampBatch,
} from "./batch.ts";
import type { Removal } from "./log.ts";

/** The groups of one subject alone, as a body; undefined when there is none. */
export function pickSubject(
  body: Uint8Array,
  tenant: number,
  subject: string,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const { header, at, end } of groupsOf(body)) {
    if (header.tenant === tenant && header.subject === subject) parts.push(body.subarray(at, end));
  }
  return parts.length === 0 ? undefined : join(parts);
}

export interface Erasure {
  /** The body without them, checksums of its groups stamped. */
  body: Uint8Array;
  /** Headers of the records that went; payloads are empty. */
  removed: LogRecord[];
}

/** Takes records of a subject out of a batch; places, indexes and offsets of all others stay. */
export function eraseSubject(
  batch: Batch,
  tenant: number,
  subject: string,
  removal: Omit<Removal, "seqs">,
): Erasure | undefined {
  const { body } = batch;
  const parts: Uint8Array[] = [];
  const removed: LogRecord[] = [];
  const firsts = firstOffsets(decodeHeads(batch.heads));
  const isRemoved = (record: LogRecord, offset: number): boolean =>
    !removal.keep.includes(record.kind) &&
    (removal.offsets === null ? offset < removal.beforeOffset : removal.offsets.includes(offset));
  for (const group of groupsOf(body)) {
    if (group.header.tenant !== tenant || group.header.subject !== subject) {
      parts.push(body.subarray(group.at, group.end));
      continue;
    }
    const first = firstOf(firsts, group.header.partition);
    const kept = eraseFromGroup(body, group, (record, index) => {
      const gone = isRemoved(record, first + index);
      if (gone) removed.push(record);
      return gone;
    });
    if (kept !== undefined) parts.push(kept);
  }
  if (removed.length === 0) return undefined;
  const rest = join(parts);
  stampBatch(new Uint8Array(0), rest);
  return { body: rest, removed };
}

/** The group without the records that `isRemoved` names, or undefined when none is left. */
function eraseFromGroup(
  body: Uint8Array,
  group: Group,
  isRemoved: (record: LogRecord, index: number) => boolean,
): Uint8Array | undefined {
  const headers = new ByteWriter();
  const payloads = new ByteWriter();
  const decoder = new RecordHeaderDecoder();
  const reader = new ByteReader(body, group.start, group.payloads);
  let [place, index, payload, lastPlace, lastIndex, count] = [-1, -1, group.payloads, -1, -1, 0];
  for (let i = 0; i < group.header.count; i++) {
    const record = decoder.read(reader, group.header);
    const length = decoder.payloadLength;
    place += decoder.placeGap;
    index += decoder.indexGap;
    if (!isRemoved(record, index)) {
      encodeRecordHeader(headers, record, place - lastPlace, index - lastIndex, length);
      payloads.raw(body.subarray(payload, payload + length));
      [lastPlace, lastIndex, count] = [place, index, count + 1];
    }
    payload += length;
  }
  if (count === 0) return undefined;
  const sizes = { count, headersLength: headers.length, payloadsLength: payloads.length };
  const out = new ByteWriter(groupHeaderLength + headers.length + payloads.length);
  encodeGroupHeader(out, { ...group.header, ...sizes });
  out.raw(headers.view());
  out.raw(payloads.view());
  return out.take();
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
