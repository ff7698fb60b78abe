import { expect, test } from "vitest";
import { chartOf } from "./chart.ts";
import { escaped } from "./markup.ts";

test("a chart names every row and figure, and its dots stand in the order of the figures", () => {
  const svg = chartOf("HR@20", [
    { label: "Attune", value: 0.4, interval: [0.35, 0.45], isMain: true },
    { label: "most popular", value: 0.1, interval: [0.05, 0.15] },
  ]);
  expect(svg).toContain(
    'aria-label="HR@20. Attune 0.4000 (0.3500 to 0.4500); most popular 0.1000 (0.0500 to 0.1500)"',
  );
  expect(svg).toContain("prefers-color-scheme: dark");
  const dots = [...svg.matchAll(/cx="([\d.]+)"/g)].map(([, x]) => Number(x));
  expect(dots).toHaveLength(2);
  expect(dots[0]).toBeGreaterThan(dots[1]!);
  const [, low, high] = /class="span" x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)"/.exec(svg)!;
  expect(Number(low)).toBeLessThan(dots[0]!);
  expect(Number(high)).toBeGreaterThan(dots[0]!);
});

test.each([0, 1e-5, 0.03, 0.7, 1])("a chart up to %d stays within its frame", (value) => {
  const svg = chartOf("t", [{ label: "a", value, interval: [0, value] }]);
  for (const [, x] of svg.matchAll(/ (?:cx|x1|x2|x)="([^"]+)"/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(0);
    expect(Number(x)).toBeLessThanOrEqual(720);
  }
});

test("names from a file are text in it", () => {
  const svg = chartOf("<b>", [{ label: `"><script>alert('1')</script>&`, value: 1 }]);
  expect(svg).not.toMatch(/<script|<b>/);
  expect(escaped(`a\u202Eb"<`)).toBe("a\uFFFDb&quot;&lt;");
  expect(escaped("x".repeat(300))).toHaveLength(200);
});
