import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c } from "./crc32c.ts";
import { utf8Encode } from "./text.ts";

describe("crc32c", () => {
  it("agrees with the vectors of RFC 3720, B.4, and with the check value of the catalogue", () => {
    const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(rising)).toBe(0x46dd794e);
    expect(crc32c(rising.toReversed())).toBe(0x113fdb5c);
    expect(crc32c(utf8Encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  it("sums pieces to the sum of the whole", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const cut = Math.min(at, bytes.length);
        const first = crc32c(bytes.subarray(0, cut));
        expect(crc32c(bytes.subarray(cut), first)).toBe(crc32c(bytes));
      }),
    );
  });
});
