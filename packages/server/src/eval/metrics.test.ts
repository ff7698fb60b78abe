import { expect, test } from "vitest";
import { Metrics, quantile } from "./metrics.ts";

test("hit rate and reciprocal rank look at the next item, recall and nDCG at all that are left", () => {
  const metrics = new Metrics(3);
  metrics.add(["a", "b", "c", "d"], ["b", "c", "x", "b"], "s");
  metrics.add(["a", "b", "c", "d"], ["d"], "t");
  const report = metrics.report(8, 1);
  expect(report.predictions).toBe(2);
  expect(report.hr).toBe(1 / 2);
  expect(report.mrr).toBe(1 / 2 / 2);
  expect(report.recall).toBeCloseTo((2 / 3 + 0) / 2);
  const gain = 1 / Math.log2(3) + 1 / Math.log2(4);
  expect(report.ndcg).toBeCloseTo(gain / (1 + gain) / 2);
  expect(report.coverage).toBe(3 / 8);
  expect(report.intervals.hr).toEqual([0, 1]);
});

test("quantiles are values that occurred", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([3, 1, 2], 0.99)).toBe(3);
  expect(quantile([], 0.5)).toBeNaN();
});
