import { expect, test } from "vitest";
import { sharedText } from "./text.ts";

test("a shared text is what was given, however many there are", () => {
  // More than are kept, and all of them again.
  for (let n = 0; n < 140_000; n++)
    expect(sharedText(`item-${n % 70_000}`)).toBe(`item-${n % 70_000}`);
});
