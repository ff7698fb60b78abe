import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { subjectOf } from "./subject.ts";

test("a subject is the HMAC of the platform, whatever key and id", () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const id = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ minLength: 600, maxLength: 3_000 }),
  );
  fc.assert(
    fc.property(key, fc.array(id, { minLength: 1, maxLength: 4 }), (bytes, ids) => {
      // Longer, shorter, longer: what an earlier message left behind must not count.
      for (const one of ids) {
        const mac = createHmac("sha256", bytes).update(`user:${one}`).digest("hex");
        expect(subjectOf(bytes, "user", one)).toBe(mac.slice(0, 32));
      }
    }),
  );
});
