import { type RecordKind, recordKinds } from "../../base/record.ts";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { utf8Encode } from "../../base/text.ts";
import type { Removal } from "../../log/log.ts";
import { packRanges, readRanges, takeRanges } from "../users/commits.ts";
import { isEmptyRow, type UserRow } from "./checkpoint.ts";

/**
 * Bytes of what a checkpoint stores beside the packed state, and of a whole change on its way to the thread
 * that writes it (one transferred buffer costs a fraction of a thousand cloned objects).
 */
const metaFormat = 1;

function writeMeta(writer: ByteWriter, row: UserRow): void {
  writer.u8(metaFormat);
  writer.raw(row.commits);
  writer.zigzag(row.barredThrough);
  writer.text(row.aliasOf);
  writer.varint(row.aliases.length);
  for (const alias of row.aliases) writer.text(alias);
  writer.varint(row.forwardedThrough);
  writer.varint(row.purge.length);
  for (const removal of row.purge) writeRemoval(writer, removal);
}

export function decodeRow(
  tenant: number,
  subject: string,
  body: Uint8Array | null,
  meta: Uint8Array,
): UserRow {
  const reader = new ByteReader(meta);
  if (reader.u8() !== metaFormat) throw new Error("a checkpoint row is of another format");
  const commits = takeRanges(reader);
  const barredThrough = reader.zigzag();
  const aliasOf = reader.text();
  const aliases = Array.from({ length: reader.varint() }, () => reader.text());
  const forwardedThrough = reader.varint();
  const purge = Array.from({ length: reader.varint() }, () => readRemoval(reader));
  reader.expectEnd();
  return {
    tenant,
    subject,
    body,
    commits,
    barredThrough,
    aliasOf,
    aliases,
    forwardedThrough,
    purge,
  };
}

function writeRemoval(writer: ByteWriter, removal: Removal): void {
  writer.raw(packRanges(removal.seqs));
  writer.varint(removal.beforeOffset);
  writer.u8(removal.offsets === null ? 0 : 1);
  if (removal.offsets !== null) {
    writer.varint(removal.offsets.length);
    for (const offset of removal.offsets) writer.varint(offset);
  }
  writer.varint(removal.keep.length);
  for (const kind of removal.keep) writer.u8(recordKinds.indexOf(kind));
}

function readRemoval(reader: ByteReader): Removal {
  const seqs = readRanges(reader);
  const beforeOffset = reader.varint();
  const offsets =
    reader.u8() === 0 ? null : Array.from({ length: reader.varint() }, () => reader.varint());
  const keep = Array.from({ length: reader.varint() }, (): RecordKind => recordKinds[reader.u8()]!);
  return { seqs, beforeOffset, offsets, keep };
}

/** A user row as bytes, ready for its table; without `meta` the row is to be deleted. */
export interface PackedRow {
  tenant: number;
  subject: string;
  body: Uint8Array | null;
  meta: Uint8Array | null;
}

/** Rows are written one after the other, so these serve them all. */
const writer = new ByteWriter(1 << 16);
const meta = new ByteWriter(256);

export function encodeRows(rows: readonly UserRow[]): Uint8Array<ArrayBuffer> {
  writer.reset();
  writer.varint(rows.length);
  for (const row of rows) {
    const isEmpty = isEmptyRow(row);
    writer.u32(row.tenant);
    writer.text(row.subject);
    writer.u8((isEmpty ? 0 : 1) + (row.body === null ? 0 : 2));
    if (!isEmpty) {
      meta.reset();
      writeMeta(meta, row);
      writer.blob(meta.view());
    }
    if (row.body !== null) writer.blob(row.body);
  }
  return writer.finish();
}

export function decodeRows(bytes: Uint8Array): PackedRow[] {
  const reader = new ByteReader(bytes);
  return Array.from({ length: reader.varint() }, () => {
    const tenant = reader.u32();
    const subject = reader.text();
    const parts = reader.u8();
    const meta = (parts & 1) === 0 ? null : reader.blob();
    const body = (parts & 2) === 0 ? null : reader.blob();
    return { tenant, subject, meta, body };
  });
}

/** Checksum of a user row: whose it is, state and metadata. */
export function rowCrc(
  tenant: number,
  subject: string,
  body: Uint8Array | null,
  meta: Uint8Array,
): number {
  const seed = crc32c(meta, textCrc([tenant, subject]));
  return body === null ? seed : crc32c(body, seed);
}

/** Checksum of a row of plain values. */
export function textCrc(values: readonly (string | number)[]): number {
  return crc32c(utf8Encode(JSON.stringify(values)));
}
