/**
 * `attune eval`: quality on public data, measured through the serving path. On session files the next item is
 * predicted; with --valid those of the validation file, for tuning; a test set is looked at once, with --test.
 * On a file of ratings a share of every item's ratings is learned and each user is asked about once.
 */
import { readFileSync } from "node:fs";
import { parseConfig, shippedConfig } from "../eval/configuration.ts";
import { type EvalReport, evaluate } from "../eval/evaluate.ts";
import { evaluateRatings, type RatingsReport } from "../eval/ratings.ts";
import { readRatings, splitByItem } from "../eval/ratings-file.ts";
import { readSessions } from "../eval/session-file.ts";
import { type Command, exitCodes, helpOf, type Options, readOptions, usage } from "./command.ts";
import { runSessionEnd, runWorld } from "./eval/foresight.ts";
import { print, printJson, table } from "./terminal.ts";

const options = {
  train: { value: "FILE", help: "sessions to learn from (SessionId, ItemId, Time; .gz too)" },
  test: { value: "FILE", help: "sessions to predict" },
  valid: { value: "FILE", help: "predict these instead: for tuning, which never sees a test set" },
  ratings: { value: "FILE", help: "ratings (user_id, item_id, timestamp), instead of sessions" },
  "for-you": { help: "ratings: ask all sources of for-you, not long-term taste alone" },
  "no-view": { help: "ratings: answer from the counts, without the EASE view" },
  k: { value: "N", help: "length of the lists (default 20; 10 with --ratings)" },
  live: { help: "learn each test event after it was predicted, in the order of time" },
  "exclude-current": { help: "never recommend the item that is open" },
  "no-repeats": { help: "drop consecutive repeats from all files; the open item is excluded" },
  predict: { help: "sessions: predict where a session ends, not what comes next" },
  world: {
    value: "NAME",
    help: "a simulator with known truth instead of a file: context or skips",
  },
  seed: { value: "N", help: "world: the same seed gives the same world (default 1)" },
  "no-effect": { help: "world context: circumstances are stated and change nothing" },
  habits: { help: "world context: people are mostly where others of their taste are" },
  config: { value: "FILE", help: "JSON with settings of neighbours, rules, sources and ranker" },
} as const satisfies Options;

/** As the published figures on ml-100k were split. */
const trainShare = 0.75;
const splitSeed = 42;

const summary = "measure recommendations on a data set";
const usageLine =
  "eval (--train FILE --test FILE [--live] [--exclude-current] [--no-repeats] | --ratings FILE | --world NAME)";
const about = `
Each session is a user of its own; each prefix of a test session is one prediction of the item that
comes next, over all items, through the same code that serves. Without --config these are the
settings of the product.

With --ratings three quarters of each item's ratings, drawn with seed 42, are learned in the order of
time; then every user is asked about once, and what was learned of them is left out.

With --predict each click of a test session is asked whether it is the last. With --world the data is
made by a simulator whose hidden factors an oracle knows: \`context\` for what circumstances add to
answers, \`skips\` for the chance that a play is skipped.`;

export const command: Command = {
  name: "eval",
  summary,
  help: helpOf(usageLine, about, options),
  run: async (argv) => run(argv),
};

function run(argv: string[]): number {
  const given = readOptions(command.name, options, argv, 0);
  const world = given.text("world");
  if (world !== undefined) return runWorld(given, world);
  const ratings = given.text("ratings");
  if (ratings !== undefined) {
    const report = evaluateRatings({
      ...splitByItem(readRatings(ratings), trainShare, splitSeed),
      k: given.integer("k", 10, 1, 200),
      sources: given.flag("for-you") ? "for-you" : "taste",
      withoutView: given.flag("no-view"),
    });
    if (given.isJson) printJson(report);
    else print(table(["metric", "value"], ratingRowsOf(report)));
    return exitCodes.done;
  }
  const [train, test] = [given.text("train"), given.text("valid") ?? given.text("test")];
  if (train === undefined || test === undefined) {
    throw usage(command.name, "give --train FILE and --test FILE, or --ratings FILE");
  }
  if (given.flag("predict")) return runSessionEnd(given, train, test);
  const config = given.text("config");
  const report = evaluate({
    train: readSessions(train),
    test: readSessions(test),
    k: given.integer("k", 20, 1, 200),
    live: given.flag("live"),
    excludeCurrent: given.flag("exclude-current"),
    noRepeats: given.flag("no-repeats"),
    settings: config === undefined ? shippedConfig : parseConfig(readFileSync(config, "utf8")),
  });
  if (given.isJson) printJson(report);
  else print(table(["metric", "value"], rowsOf(report)));
  return exitCodes.done;
}

function us(p50: number, p99: number): string {
  return `${p50.toFixed(1)} us p50, ${p99.toFixed(1)} us p99`;
}

function ratingRowsOf(report: RatingsReport): [string, string][] {
  const { k } = report;
  return [
    ["train, test", `${report.train}, ${report.test}`],
    ["users", String(report.users)],
    [`nDCG@${k}`, report.ndcg.toFixed(4)],
    [`P@${k}`, report.precision.toFixed(4)],
    [`R@${k}`, report.recall.toFixed(4)],
    ["view", `${report.viewItems} items, solved in ${report.solveCpuMs.toFixed(0)} ms of CPU`],
    ["answer", us(report.answerUsP50, report.answerUsP99)],
    ["event learned", us(report.updateUsP50, report.updateUsP99)],
  ];
}

function rowsOf(report: EvalReport): [string, string][] {
  const { k } = report;
  return [
    ["predictions", String(report.predictions)],
    [`HR@${k}`, report.hr.toFixed(4)],
    [`MRR@${k}`, report.mrr.toFixed(4)],
    [`recall@${k}`, report.recall.toFixed(4)],
    [`nDCG@${k}`, report.ndcg.toFixed(4)],
    [`coverage@${k}`, report.coverage.toFixed(4)],
    ["rows of the ranker", String(report.rankerRows)],
    ["answer", us(report.predictUsP50, report.predictUsP99)],
    ["event learned", us(report.updateUsP50, report.updateUsP99)],
  ];
}
