import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssertionError } from "./assert.ts";
import { hex128, isHex128, writeHex128 } from "./hex.ts";

describe("hex", () => {
  it("turns 16 bytes into 32 digits and back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = hex128(bytes, 0);
        const back = new Uint8Array(17);
        writeHex128(text, back, 1);
        expect(isHex128(text)).toBe(true);
        expect(text).toBe(Buffer.from(bytes).toString("hex"));
        expect(back.subarray(1)).toEqual(bytes);
      }),
    );
  });

  it("refuses what is not 32 lower-case digits", () => {
    const target = new Uint8Array(16);
    for (const bad of [
      "",
      "A".repeat(32),
      "g".repeat(32),
      "é".repeat(32),
      "0".repeat(31),
      "0".repeat(33),
    ]) {
      expect(isHex128(bad)).toBe(false);
      expect(() => writeHex128(bad, target, 0)).toThrow(AssertionError);
    }
  });
});
