/**
 * `attune eval`: next-item quality on session files, measured through the serving path. With --valid the
 * predictions are those of the validation file, for tuning; a test set is looked at once, with --test.
 */
import { readFileSync } from "node:fs";
import { parseConfig, shippedConfig } from "../eval/config.ts";
import { type EvalReport, evaluate } from "../eval/evaluate.ts";
import { readSessions } from "../eval/session-file.ts";
import { type Command, exitCodes, helpOf, type Options, readOptions, usage } from "./command.ts";
import { print, printJson, table } from "./terminal.ts";

const options = {
  train: { value: "FILE", help: "sessions to learn from (SessionId, ItemId, Time; .gz too)" },
  test: { value: "FILE", help: "sessions to predict" },
  valid: { value: "FILE", help: "predict these instead: for tuning, which never sees a test set" },
  k: { value: "N", help: "length of the lists (default 20)" },
  live: { help: "learn each test event after it was predicted, in the order of time" },
  "exclude-current": { help: "never recommend the item that is open" },
  "no-repeats": { help: "drop consecutive repeats from all files; the open item is excluded" },
  config: { value: "FILE", help: "JSON with settings of neighbours, rules and sources" },
} as const satisfies Options;

const summary = "measure recommendations on a data set";
const usageLine = "eval --train FILE --test FILE [--live] [--exclude-current] [--no-repeats]";
const about = `
Each session is a user of its own; each prefix of a test session is one prediction of the item that
comes next, over all items, through the same code that serves. Without --config these are the
settings of the product.`;

export const command: Command = {
  name: "eval",
  summary,
  help: helpOf(usageLine, about, options),
  run: async (argv) => run(argv),
};

function run(argv: string[]): number {
  const given = readOptions(command.name, options, argv, 0);
  const [train, test] = [given.text("train"), given.text("valid") ?? given.text("test")];
  if (train === undefined || test === undefined) {
    throw usage(command.name, "give --train FILE and --test FILE");
  }
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

function rowsOf(report: EvalReport): [string, string][] {
  const { k } = report;
  const us = (p50: number, p99: number) => `${p50.toFixed(1)} us p50, ${p99.toFixed(1)} us p99`;
  return [
    ["predictions", String(report.predictions)],
    [`HR@${k}`, report.hr.toFixed(4)],
    [`MRR@${k}`, report.mrr.toFixed(4)],
    [`recall@${k}`, report.recall.toFixed(4)],
    [`nDCG@${k}`, report.ndcg.toFixed(4)],
    [`coverage@${k}`, report.coverage.toFixed(4)],
    ["answer", us(report.predictUsP50, report.predictUsP99)],
    ["event learned", us(report.updateUsP50, report.updateUsP99)],
  ];
}
