import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmacHex } from "./hmac.ts";

test("it is the HMAC of the platform, whatever key and text", () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ minLength: 600, maxLength: 3_000 }),
  );
  fc.assert(
    // Longer, shorter, longer: what an earlier message left behind must not count.
    fc.property(key, fc.array(text, { minLength: 1, maxLength: 4 }), (bytes, texts) => {
      for (const one of texts) {
        expect(hmacHex(bytes, one)).toBe(createHmac("sha256", bytes).update(one).digest("hex"));
      }
    }),
  );
});
