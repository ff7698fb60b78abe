import { expect, it } from "vitest";
import { murmur2 } from "./murmur2.ts";
import { utf8Encode } from "./text.ts";

it("agrees with the vectors of Kafka's own tests", () => {
  const vectors: [string, number][] = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["abc", 479470107],
  ];
  for (const [text, hash] of vectors) expect(murmur2(utf8Encode(text))).toBe(hash);
});
