import { expect, test } from "vitest";
import { inWords } from "./reasons.ts";

test("shares stand by source, greatest first, and what rounds to nothing is left out", () => {
  const reasons = [
    { source: "rules", because: "5", share: 180 },
    { source: "neighbours", because: "5", share: 616 },
    { source: "neighbours", because: "7", share: 200 },
    { source: "popular", share: 4 },
  ];
  expect(inWords(reasons, 1_000)).toBe(
    "in sessions that had 5 (62 %) and 7 (20 %), often comes after 5 (18 %)",
  );
});

test("a reason without an item, a source without words and a hostile item are told in one line", () => {
  expect(inWords([{ source: "trending", share: 3 }], 3)).toBe("rising now (100 %)");
  expect(inWords([{ source: "moon", because: "a\u001B[2J\nb", share: 3 }], 3)).toBe(
    "moon, through a\uFFFD[2J\uFFFDb (100 %)",
  );
});
