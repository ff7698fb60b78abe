import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, BytesError, ByteWriter } from "./bytes.ts";

const runs = process.env["ATTUNE_LONG"] === "1" ? 100_000 : 500;

type Piece =
  | { is: "u8" | "u16" | "u32" | "f64" | "int53" | "varint" | "zigzag"; value: number }
  | { is: "text"; value: string }
  | { is: "blob"; value: Uint8Array };

const wellFormed = fc.string({ unit: "grapheme", maxLength: 200 });
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ is: fc.constant("u8" as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ is: fc.constant("u16" as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ is: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ is: fc.constant("f64" as const), value: fc.double() }),
  fc.record({ is: fc.constant("int53" as const), value: fc.maxSafeInteger() }),
  fc.record({ is: fc.constant("varint" as const), value: fc.maxSafeNat() }),
  fc.record({ is: fc.constant("zigzag" as const), value: fc.maxSafeInteger() }),
  fc.record({ is: fc.constant("text" as const), value: wellFormed }),
  fc.record({ is: fc.constant("blob" as const), value: fc.uint8Array({ maxLength: 300 }) }),
);

function write(pieces: readonly Piece[]): Uint8Array {
  const writer = new ByteWriter(1);
  for (const p of pieces) {
    if (p.is === "text") writer.text(p.value);
    else if (p.is === "blob") writer.blob(p.value);
    else writer[p.is](p.value);
  }
  return writer.finish();
}

function readAs(pieces: readonly Piece[], bytes: Uint8Array): unknown[] {
  const reader = new ByteReader(bytes);
  const values = pieces.map((p) => reader[p.is]());
  reader.expectEnd();
  return values;
}

/** True when the bytes gave a fit value or a BytesError; any other error is thrown on. */
function readOrRefuse(bytes: Uint8Array, is: "varint" | "zigzag" | "text" | "blob" | "int53") {
  try {
    const value = new ByteReader(bytes)[is]();
    return typeof value !== "number" || Number.isSafeInteger(value);
  } catch (error) {
    if (error instanceof BytesError) return true;
    throw error;
  }
}

describe("bytes", () => {
  it("gives back every sequence that was written", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const values = readAs(pieces, write(pieces));
        expect(values).toEqual(pieces.map((p) => (p.value === 0 ? 0 : p.value)));
      }),
      { numRuns: runs },
    );
  });

  it("never reads beyond a cut and never invents an integer", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 10 }), fc.nat(), (pieces, seed) => {
        const bytes = write(pieces);
        const cut = bytes.subarray(0, seed % bytes.length);
        expect(() => readAs(pieces, cut)).toThrow(BytesError);
      }),
      { numRuns: runs },
    );
  });

  it("reads any bytes at all as a value or a BytesError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const is of ["varint", "zigzag", "text", "blob", "int53"] as const) {
          expect(readOrRefuse(bytes, is)).toBe(true);
        }
      }),
      { numRuns: runs },
    );
  });

  it("keeps the outermost safe integers", () => {
    const edges = [0, 1, 63, 64, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
    for (const edge of edges) {
      const pieces: Piece[] = [
        { is: "varint", value: edge },
        { is: "zigzag", value: edge },
        { is: "zigzag", value: -edge },
      ];
      expect(readAs(pieces, write(pieces))).toEqual([edge, edge, edge === 0 ? 0 : -edge]);
    }
  });

  it("refuses a varint with a needless byte, so equal values have equal bytes", () => {
    expect(() => new ByteReader(Uint8Array.of(0x80, 0x00)).varint()).toThrow(BytesError);
    expect(() => new ByteReader(Uint8Array.of(0x81, 0x00)).zigzag()).toThrow(BytesError);
    expect(write([{ is: "f64", value: -0 }])).toEqual(write([{ is: "f64", value: 0 }]));
  });

  it("refuses values outside a field's range", () => {
    const writer = new ByteWriter();
    expect(() => writer.u8(256)).toThrow("u8");
    expect(() => writer.u16(-1)).toThrow("u16");
    expect(() => writer.u32(2 ** 32)).toThrow("u32");
    expect(() => writer.varint(-1)).toThrow("varint");
    expect(() => writer.zigzag(0.5)).toThrow("zigzag");
    expect(() => writer.int53(2 ** 53)).toThrow("int53");
  });
});
