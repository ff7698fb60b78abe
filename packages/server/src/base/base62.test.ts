import { expect, test } from "vitest";
import { base62 } from "./base62.ts";

test("bytes of one length give texts of one length, in the order of the bytes", () => {
  const texts = [0, 1, 61, 62, 255].map((last) => base62(Uint8Array.of(0, 0, last)));
  expect(texts).toEqual(["00000", "00001", "0000z", "00010", "00047"]);
  expect(base62(new Uint8Array(16).fill(255))).toHaveLength(22);
  expect(base62(new Uint8Array(16))).toBe("0".repeat(22));
});
