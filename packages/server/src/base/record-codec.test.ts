import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssertionError } from "./assert.ts";
import { ByteReader, BytesError, ByteWriter } from "./bytes.ts";
import {
  decodeGroupHeader,
  encodeGroupHeader,
  encodeRecordHeader,
  type GroupHeader,
  groupCrcAt,
  groupFormat,
  groupHeaderLength,
  RecordHeaderDecoder,
} from "./record-codec.ts";
import { nobody, type RecordHeader, recordKinds, recordSchema } from "./record.ts";

const hex = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"))
  .filter((text) => text !== "0".repeat(32));
const u32 = fc.integer({ min: 0, max: 0xffffffff });

const anyGroup: fc.Arbitrary<GroupHeader> = fc.record({
  tenant: u32,
  subject: fc.oneof(hex, fc.constant(nobody)),
  partition: fc.integer({ min: 0, max: 0xffff }),
  alg: fc.integer({ min: 0, max: 255 }),
  keyId: u32,
  count: u32,
  headersLength: u32,
  payloadsLength: u32,
  crc: u32,
});

function headerOf(group: GroupHeader): fc.Arbitrary<RecordHeader> {
  return fc.record({
    schema: fc.constant(recordSchema),
    kind: fc.constantFrom(...recordKinds),
    tenant: fc.constant(group.tenant),
    subject: fc.constant(group.subject),
    identity: fc.constantFrom("claimed", "verified"),
    purposes: fc.maxSafeNat(),
    merged: fc.boolean(),
    source: fc
      .string({ unit: "grapheme", maxLength: 16 })
      .filter((s) => Buffer.byteLength(s) <= 64),
    at: fc.maxSafeInteger(),
    receivedAt: fc.maxSafeInteger(),
    messageHash: hex,
  });
}

const group: GroupHeader = {
  tenant: 7,
  subject: "00112233445566778899aabbccddeeff",
  partition: 513,
  alg: 0,
  keyId: 0,
  count: 2,
  headersLength: 90,
  payloadsLength: 12,
  crc: 0xdeadbeef,
};

const header: RecordHeader = {
  schema: recordSchema,
  kind: "event",
  tenant: 7,
  subject: group.subject,
  identity: "verified",
  purposes: 5,
  merged: true,
  source: "shop-ä",
  at: 1_700_000_000_123,
  receivedAt: 1_700_000_001_456,
  messageHash: "ffeeddccbbaa99887766554433221100",
};

function goldenBytes(): Uint8Array {
  const writer = new ByteWriter();
  encodeGroupHeader(writer, group);
  for (const kind of recordKinds) encodeRecordHeader(writer, { ...header, kind }, 1, 300, 70_000);
  return writer.finish();
}

describe("record codec", () => {
  it("gives back headers of every shape", () => {
    const any = anyGroup.chain((g) =>
      fc.tuple(fc.constant(g), fc.array(headerOf(g), { maxLength: 5 })),
    );
    fc.assert(
      fc.property(any, fc.maxSafeNat(), ([g, headers], gap) => {
        const writer = new ByteWriter();
        encodeGroupHeader(writer, g);
        expect(writer.length).toBe(groupHeaderLength);
        for (const h of headers) encodeRecordHeader(writer, h, gap, 3, 9);
        const reader = new ByteReader(writer.finish());
        const read = decodeGroupHeader(reader);
        expect(read).toEqual(g);
        const decoder = new RecordHeaderDecoder();
        for (const h of headers) {
          expect(decoder.read(reader, read)).toMatchObject(h);
          expect([decoder.placeGap, decoder.indexGap, decoder.payloadLength]).toEqual([gap, 3, 9]);
        }
        reader.expectEnd();
      }),
    );
  });

  it("has the bytes it had: a red line here means a new groupFormat and a reader for both", () => {
    const bytes = goldenBytes();
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect({ groupFormat, recordSchema, length: bytes.length, sha256 }).toEqual({
      groupFormat: 1,
      recordSchema: 1,
      length: 543,
      sha256: "ec566e3fb695f3a2d039a69b030afe8ab6a16185dfb7487ad39462ebb26cd940",
    });
  });

  it("holds the checksum of a group where groupCrcAt says", () => {
    const view = new DataView(goldenBytes().buffer);
    expect(view.getUint32(groupCrcAt, true)).toBe(group.crc);
  });

  it("refuses to write what no reader could read back", () => {
    const write = (change: Partial<RecordHeader>) => () =>
      encodeRecordHeader(new ByteWriter(), { ...header, ...change }, 1, 1, 0);
    expect(write({ source: "s".repeat(64) })).not.toThrow();
    expect(write({ source: "s".repeat(65) })).toThrow(AssertionError);
    expect(write({ source: "ä".repeat(33) })).toThrow(AssertionError);
    expect(write({ at: 0.5 })).toThrow(AssertionError);
    expect(write({ schema: 2 })).toThrow(AssertionError);
    expect(write({ messageHash: "AB" })).toThrow(AssertionError);
  });

  it("reads a header with any byte cut off as an error", () => {
    const writer = new ByteWriter();
    encodeRecordHeader(writer, header, 1, 1, 5);
    const bytes = writer.finish();
    for (let cut = 0; cut < bytes.length; cut++) {
      const reader = new ByteReader(bytes, 0, cut);
      expect(() => new RecordHeaderDecoder().read(reader, group)).toThrow(BytesError);
    }
  });
});
