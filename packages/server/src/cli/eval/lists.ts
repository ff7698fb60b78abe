/**
 * The parts of `attune eval` about lists: the next item on files of sessions, items to come on files of ratings.
 * Each run can be printed, drawn and saved.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parseConfig, shippedConfig } from "../../eval/configuration.ts";
import { chartOf } from "../../eval/chart.ts";
import { type EvalReport, evaluate } from "../../eval/evaluate.ts";
import { evaluateRatings, type RatingsReport } from "../../eval/ratings.ts";
import { readRatings, splitByItem, splitByUser } from "../../eval/ratings-file.ts";
import { readSessions } from "../../eval/session-file.ts";
import { exitCodes, type Given, usage } from "../command.ts";
import { Progress } from "../import/progress.ts";
import { print, printJson, remark, table } from "../terminal.ts";
import { type Figure, type Run, saveRun } from "./saved-runs.ts";

/** As the published figures on ml-100k were split. */
const trainShare = 0.75;
const splitSeed = 42;

export function runRatings(given: Given, file: string): number {
  const by = given.text("by") ?? "items";
  if (by !== "items" && by !== "users") throw usage("eval", "--by is items or users");
  const ratings = readRatings(file);
  const split =
    by === "users" ? splitByUser(ratings, trainShare) : splitByItem(ratings, trainShare, splitSeed);
  const isForYou = given.flag("for-you");
  const progress = progressOf();
  const report = evaluateRatings({
    ...split,
    k: given.integer("k", 10, 1, 200),
    sources: isForYou ? "for-you" : "taste",
    withoutView: given.flag("no-view"),
    seed: given.integer("seed", 1, 1, 2 ** 31),
    onProgress: progress.draw,
  });
  progress.end();
  const { hr, mrr, ndcg, recall, precision, intervals } = report;
  const variant = [
    `by ${by}`,
    isForYou ? "for-you" : "long-term taste",
    ...(given.flag("no-view") ? ["no view"] : []),
  ];
  finish(given, report, ratingRowsOf(report), {
    data: dataOf(file),
    variant: variant.join(", "),
    n: report.users,
    k: report.k,
    figures: {
      HR: { value: hr, interval: intervals.hr },
      MRR: { value: mrr, interval: intervals.mrr },
      nDCG: { value: ndcg, interval: intervals.ndcg },
      recall: { value: recall, interval: intervals.recall },
      precision: { value: precision, interval: intervals.precision },
    },
  });
  return exitCodes.done;
}

export function runSessions(given: Given, train: string, test: string): number {
  const config = given.text("config");
  const [isLive, noRepeats] = [given.flag("live"), given.flag("no-repeats")];
  const excludeCurrent = given.flag("exclude-current");
  const progress = progressOf();
  const report = evaluate({
    train: readSessions(train),
    test: readSessions(test),
    k: given.integer("k", 20, 1, 200),
    live: isLive,
    excludeCurrent,
    noRepeats,
    settings: config === undefined ? shippedConfig : parseConfig(readFileSync(config, "utf8")),
    seed: given.integer("seed", 1, 1, 2 ** 31),
    onProgress: progress.draw,
  });
  progress.end();
  const { hr, mrr, ndcg, recall, coverage, intervals } = report;
  const variant = [
    config === undefined ? "as shipped" : basename(config),
    isLive ? "live" : "static",
    ...(noRepeats ? ["no repeats"] : []),
    ...(excludeCurrent && !noRepeats ? ["open item excluded"] : []),
  ];
  finish(given, report, rowsOf(report), {
    data: `${dataOf(train)} -> ${basename(test)}`,
    variant: variant.join(", "),
    n: report.predictions,
    k: report.k,
    figures: {
      HR: { value: hr, interval: intervals.hr },
      MRR: { value: mrr, interval: intervals.mrr },
      nDCG: { value: ndcg, interval: intervals.ndcg },
      recall: { value: recall, interval: intervals.recall },
      coverage: { value: coverage },
    },
  });
  return exitCodes.done;
}

/** With its folder, which mostly is what the data are called; no more of the path. */
function dataOf(file: string): string {
  return `${basename(dirname(resolve(file)))}/${basename(file)}`;
}

function progressOf() {
  let progress: Progress | undefined;
  return {
    draw: (done: number, total: number): void =>
      (progress ??= new Progress(total, 0)).draw(done, done),
    end: (): void => progress?.end(),
  };
}

function finish(given: Given, report: object, rows: string[][], run: Omit<Run, "date">): void {
  if (given.isJson) printJson(report);
  else print(table(["metric", "value", "95 %"], rows));
  const [plot, save] = [given.text("plot"), given.text("save")];
  if (plot !== undefined) {
    const { data, variant, k, figures } = run;
    const drawn = Object.entries(figures)
      .filter(([name]) => name !== "coverage")
      .map(([label, figure]) => ({ label: `${label}@${k}`, ...figure, isMain: label === "HR" }));
    writeFileSync(plot, `${chartOf(`${data}: ${variant}`, drawn)}\n`);
    remark(`The plot: ${plot}`);
  }
  if (save !== undefined) {
    saveRun(save, { date: new Date().toISOString().slice(0, 10), ...run });
    remark(`Saved to ${save}.`);
  }
}

function us(p50: number, p99: number): string {
  return `${p50.toFixed(1)} us p50, ${p99.toFixed(1)} us p99`;
}

function row(name: string, { value, interval }: Figure): string[] {
  const ends = interval === undefined ? "" : interval.map((end) => end.toFixed(4)).join(" to ");
  return [name, value.toFixed(4), ends];
}

function ratingRowsOf(report: RatingsReport): string[][] {
  const { k, intervals } = report;
  return [
    ["train, test", `${report.train}, ${report.test}`, ""],
    ["users", String(report.users), ""],
    row(`nDCG@${k}`, { value: report.ndcg, interval: intervals.ndcg }),
    row(`P@${k}`, { value: report.precision, interval: intervals.precision }),
    row(`R@${k}`, { value: report.recall, interval: intervals.recall }),
    row(`HR@${k}`, { value: report.hr, interval: intervals.hr }),
    row(`MRR@${k}`, { value: report.mrr, interval: intervals.mrr }),
    ["view", `${report.viewItems} items, solved in ${report.solveCpuMs.toFixed(0)} ms of CPU`, ""],
    ["answer", us(report.answerUsP50, report.answerUsP99), ""],
    ["event learned", us(report.updateUsP50, report.updateUsP99), ""],
  ];
}

function rowsOf(report: EvalReport): string[][] {
  const { k, intervals } = report;
  return [
    ["predictions", String(report.predictions), ""],
    row(`HR@${k}`, { value: report.hr, interval: intervals.hr }),
    row(`MRR@${k}`, { value: report.mrr, interval: intervals.mrr }),
    row(`recall@${k}`, { value: report.recall, interval: intervals.recall }),
    row(`nDCG@${k}`, { value: report.ndcg, interval: intervals.ndcg }),
    row(`coverage@${k}`, { value: report.coverage }),
    ["rows of the ranker", String(report.rankerRows), ""],
    ["answer", us(report.predictUsP50, report.predictUsP99), ""],
    ["event learned", us(report.updateUsP50, report.updateUsP99), ""],
  ];
}
