/**
 * The gates of off-policy estimates. On a simulator with a known truth: no bias, intervals that cover as often
 * as they say, and two planted faults that are caught. On the Open Bandit data: the figures that we know of.
 * ATTUNE_LONG=1 takes 1,000 logs in place of 200 and makes the million draws of the sampler again.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Prng } from "../src/base/prng.ts";
import { calibrate } from "../src/eval/off-policy/calibration.ts";
import { estimate } from "../src/eval/off-policy/estimate.ts";
import { type Estimator, estimators } from "../src/eval/off-policy/estimators.ts";
import {
  compare,
  readImpressions,
  samplerOf,
  uniformPolicy,
} from "../src/eval/off-policy/open-bandit.ts";
import { type Campaign, campaigns, priors } from "../src/eval/off-policy/open-bandit-prior.ts";
import { explorations, World } from "../src/eval/off-policy/simulator.ts";
import { slotCounts } from "../src/eval/off-policy/thompson.ts";

const isLong = process.env["ATTUNE_LONG"] === "1";
const logs = isLong
  ? { runs: 1_000, answers: 1_500, seed: 1_000 }
  : { runs: 200, answers: 1_500, seed: 1_000 };
/** Standard errors of a mean that chance may be blamed for. */
const biasMax = isLong ? 2 : 3;
/** 200 intervals of 95 % cover 90.4 to 99.6 % of the time, by 3 standard errors. */
const [coverMin, coverMax] = isLong ? [0.93, 0.97] : [0.904, 0.996];

describe.each(explorations)("a log that explores by %s", (exploration) => {
  const world = new World(1, exploration);

  test("IPW and DR have no bias, and 95 % intervals cover the truth", { timeout: 300_000 }, () => {
    const { byEstimator, refused } = calibrate(world, logs);
    // A log that happens to carry no answer says so; that must stay rare, for the rest is what is judged.
    expect(refused).toBeLessThanOrEqual(logs.runs / 100);
    for (const name of ["IPW", "DR"] as const) {
      const { bias, biasError } = byEstimator[name];
      expect(Math.abs(bias / biasError), `bias of ${name} in standard errors`).toBeLessThan(
        biasMax,
      );
    }
    for (const name of ["IPW", "SNIPW", "DR", "SNDR"] as const) {
      const { coverage } = byEstimator[name];
      expect(coverage, `coverage of ${name}`).toBeGreaterThanOrEqual(coverMin);
      expect(coverage, `coverage of ${name}`).toBeLessThanOrEqual(coverMax);
    }
    // What the correction is for: the model alone is off, and its interval does not know.
    expect(Math.abs(byEstimator.DM.bias / byEstimator.DM.biasError)).toBeGreaterThan(5);
  });

  test("a log that keeps 1 as the propensity of what was drawn is refused", () => {
    const { refused } = calibrate(world, { ...logs, runs: 20, logPropensity: () => 1 });
    expect(refused).toBe(20);
  });

  test("a propensity that is 3 % too large shows as bias where the weights still pass", () => {
    const planted = { ...logs, runs: 100, logPropensity: (p: number) => Math.min(1, p * 1.03) };
    const { byEstimator } = calibrate(world, planted);
    expect(byEstimator.IPW.bias / byEstimator.IPW.biasError).toBeLessThan(-biasMax);
  });

  test("intervals that are too narrow are caught", () => {
    const { byEstimator } = calibrate(world, {
      ...logs,
      runs: 100,
      estimateOf: (rows, options) => {
        const report = estimate(rows, options);
        for (const each of report.estimates ?? []) {
          const { value, standardError } = each;
          each.normal = [value - 1.2 * standardError, value + 1.2 * standardError];
        }
        return report;
      },
    });
    expect(byEstimator.IPW.coverage).toBeLessThan(0.904);
    expect(byEstimator.DR.coverage).toBeLessThan(0.904);
  });
});

const resamples = isLong ? 1_000 : 100;
const folder = join(import.meta.dirname, "data/open-bandit-small");
const kept = JSON.parse(readFileSync(join(folder, "sampler-counts.json"), "utf8")) as Record<
  Campaign,
  number[][]
> & { draws: number; seed: number };

/** Relative errors that we know of: mean over 30 bootstraps of the same two logs, made independently. */
const known: Record<Campaign, Record<Estimator, number>> = {
  men: {
    IPW: 0.332,
    SNIPW: 0.325,
    DM: 0.287,
    DR: 0.325,
    SNDR: 0.325,
    "Switch-DR": 0.292,
    DRos: 0.283,
  },
  women: {
    IPW: 0.576,
    SNIPW: 0.577,
    DM: 0.279,
    DR: 0.577,
    SNDR: 0.578,
    "Switch-DR": 0.34,
    DRos: 0.481,
  },
};
const knownValue = { men: 0.004543, women: 0.006817 };
/** Published for the campaign `all`: mean + sd of 30 bootstraps (st-tech/zr-obp, examples/obd). */
const publishedMax = {
  IPW: 0.622,
  SNIPW: 0.647,
  DR: 0.607,
  SNDR: 0.63,
  "Switch-DR": 0.419,
} as const;

describe.each(campaigns)("open-bandit-small, %s", (campaign) => {
  const items = priors[campaign].alpha.length;
  const random = readImpressions(folder, `random-${campaign}`);
  const bts = readImpressions(folder, `bts-${campaign}`);
  const { report, byEstimator } = compare(random, bts, samplerOf(kept[campaign]), items, {
    resamples,
  });
  const value = (name: Estimator) => report.estimates!.find((e) => e.estimator === name)!.value;

  test("the table of the sampler's propensities is what the draws give", () => {
    const draws = isLong ? kept.draws : 20_000;
    const seed = isLong ? kept.seed : 99;
    const counts = slotCounts(priors[campaign], 3, draws, new Prng(seed));
    if (isLong) expect(counts).toEqual(kept[campaign]);
    counts.forEach((byItem, slot) =>
      byItem.forEach((count, item) => {
        const share = kept[campaign][slot]![item]! / kept.draws;
        const slack = 5 * Math.sqrt((share * (1 - share)) / draws) + 3 / draws;
        expect(Math.abs(count / draws - share), `slot ${slot}, item ${item}`).toBeLessThan(slack);
      }),
    );
  }, 120_000);

  test("the weights average 1 within .02 and IPW is within 2 % of the known value", () => {
    expect(Math.abs(report.support.meanWeight - 1)).toBeLessThan(0.02);
    expect(Math.abs(value("IPW") / knownValue[campaign] - 1)).toBeLessThan(0.02);
  });

  test.each(estimators)(
    "%s: no more than .02 worse than known, and the difference may be 0",
    (name) => {
      const { relativeError, resampledError, resampledErrorError, difference } = byEstimator[name];
      expect(relativeError).toBeLessThan(known[campaign][name] + 0.02);
      // The known figure is a mean of 30 resamples: one such mean is off by chance as well.
      const errorOf30 = resampledErrorError * Math.sqrt(resamples / 30);
      expect(resampledError).toBeLessThan(known[campaign][name] + 0.02 + 2 * errorOf30);
      expect(difference[0]).toBeLessThanOrEqual(0);
      expect(difference[1]).toBeGreaterThanOrEqual(0);
    },
  );

  test("from the sampler's log to the random policy there is no estimate", () => {
    const { report: back } = compare(bts, random, uniformPolicy(campaign), items, { resamples: 2 });
    expect(back.refusal).toBeDefined();
    expect(back.estimates).toBeUndefined();
    expect(back.support.maxWeight).toBeGreaterThan(170);
  });

  if (campaign === "women") return;
  test.each(Object.entries(publishedMax))("%s is inside what is published", (name, max) => {
    expect(byEstimator[name as Estimator].resampledError).toBeLessThan(max);
  });
});
