/** The estimators where the truth is known: on the simulator, and on the Open Bandit data. */
import { Prng } from "../../base/prng.ts";
import { calibrate } from "../../eval/off-policy/calibration.ts";
import { estimate } from "../../eval/off-policy/estimate.ts";
import { estimators } from "../../eval/off-policy/estimators.ts";
import { compare, readImpressions, samplerOf } from "../../eval/off-policy/open-bandit.ts";
import { campaigns, priors } from "../../eval/off-policy/open-bandit-prior.ts";
import { explorations, World } from "../../eval/off-policy/simulator.ts";
import { slotCounts } from "../../eval/off-policy/thompson.ts";
import { Progress } from "../import/progress.ts";
import { print, table } from "../terminal.ts";
import { figure } from "./words.ts";

const answers = 1_500;

/** One log of each kind of exploration, and how the estimates of many such logs lie around the truth. */
export function simulated(seed: number, runs: number) {
  const progress = new Progress(runs * explorations.length, 0);
  const results = explorations.map((exploration, i) => {
    const world = new World(seed, exploration);
    const report = estimate(world.rows(answers, seed), { seed });
    const calibration = calibrate(world, {
      runs,
      answers,
      seed: 1_000 * seed,
      progress: (run) => progress.draw(i * runs + run, (i * runs + run) * answers),
    });
    return { exploration, answers, report, calibration };
  });
  progress.end();
  return results;
}

export function printSimulated(results: ReturnType<typeof simulated>): void {
  for (const { exploration, report, calibration } of results) {
    const { truth, runs, refused, byEstimator } = calibration;
    const how =
      exploration === "slot"
        ? "one slot of ten drawn by chance"
        : "slots 6 to 10 drawn one after another";
    print(`A simulated log of ${answers} answers, ${how}.`);
    print(`Clicks per drawn slot of the other configuration: ${figure(truth)}, exactly.\n`);
    if (report.refusal !== undefined) print(`No estimate from the first log: ${report.refusal}.\n`);
    const rows = estimators.map((name, i) => {
      const { bias, biasError, coverage } = byEstimator[name];
      const first = report.estimates?.[i];
      return [
        name,
        first === undefined ? "-" : figure(first.value),
        first === undefined ? "-" : first.normal.map(figure).join(" to "),
        `${figure(bias)} +- ${figure(1.96 * biasError)}`,
        `${(100 * coverage).toFixed(1)} %`,
      ];
    });
    print(table(["estimator", "first log", "95 %", `bias over ${runs} logs`, "covered"], rows));
    print(`${refused} of ${runs} logs were refused.\n`);
  }
}

const draws = 1_000_000;

export function openBandit(folder: string, seed: number) {
  return campaigns.map((campaign, i) => {
    const progress = new Progress(draws * campaigns.length, 0);
    const prior = priors[campaign];
    const counts = slotCounts(prior, 3, draws, new Prng(seed), (done) =>
      progress.draw(i * draws + done, i * draws + done),
    );
    progress.end();
    const [random, bts] = ["random", "bts"].map((policy) =>
      readImpressions(folder, `${policy}-${campaign}`),
    ) as [ReturnType<typeof readImpressions>, ReturnType<typeof readImpressions>];
    const comparison = compare(random, bts, samplerOf(counts), prior.alpha.length, { seed });
    return { campaign, draws, counts, ...comparison };
  });
}

export function printOpenBandit(results: ReturnType<typeof openBandit>): void {
  for (const { campaign, report, truth, byEstimator } of results) {
    const { meanWeight, ess, maxWeight } = report.support;
    print(`${campaign}: the sampler's clicks per impression from the log of the random policy`);
    print(
      `mean weight ${meanWeight.toFixed(3)}, largest ${maxWeight.toFixed(1)}, effective rows ${ess.toFixed(0)}; ` +
        `the sampler's own log says ${truth.toFixed(4)}\n`,
    );
    const rows = (report.estimates ?? []).map(({ estimator, value, standardError }) => {
      const { relativeError, resampledError, resampledErrorError, difference } =
        byEstimator[estimator];
      return [
        estimator,
        `${value.toFixed(6)} +- ${(1.96 * standardError).toFixed(4)}`,
        relativeError.toFixed(3),
        `${resampledError.toFixed(3)} +- ${(1.96 * resampledErrorError).toFixed(3)}`,
        difference.map((end) => end.toFixed(4)).join(" to "),
      ];
    });
    const head = [
      "estimator",
      "estimate",
      "relative error",
      "over 1,000 resamples",
      "estimate - truth",
    ];
    print(`${table(head, rows)}\n`);
  }
}
