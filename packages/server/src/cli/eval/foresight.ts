/**
 * The parts of `attune eval` about what is not the next item: where a session ends, what is skipped, and what
 * circumstances are worth.
 */
import { evaluateContext } from "../../eval/context/evaluate.ts";
import type { Quality } from "../../eval/predict/calibration.ts";
import { evaluateSessionEnd } from "../../eval/predict/session-end.ts";
import { evaluateSkips } from "../../eval/predict/skips.ts";
import { readSessions } from "../../eval/session-file.ts";
import { exitCodes, type Given, usage } from "../command.ts";
import { print, printJson, table } from "../terminal.ts";

const contextWorld = { users: 600, items: 200, sessionsOfUser: 10 };
const skipWorld = { users: 600, items: 150, sessionsOfUser: 8, playsOfSession: 10 };
const placements = ["up-next", "for-you"];

export function runSessionEnd(given: Given, train: string, test: string): number {
  const report = evaluateSessionEnd(readSessions(train), readSessions(test));
  if (given.isJson) {
    printJson(report);
    return exitCodes.done;
  }
  print(`${report.predictions} clicks, ${report.laterPredictions} of them not a session's first`);
  const rows: [string, Quality][] = [
    ["predicted", report.predicted],
    ["last action alone", report.lastAction],
    ["base rate", report.base],
    ["predicted, later clicks", report.later],
    ["last action, later clicks", report.laterLastAction],
  ];
  printQuality(rows, report.predicted);
  return exitCodes.done;
}

export function runWorld(given: Given, name: string): number {
  const seed = given.integer("seed", 1, 1, 2 ** 31);
  if (name === "context") return runContext(given, seed);
  if (name !== "skips") throw usage("eval", "--world takes context or skips");
  const report = evaluateSkips({ seed, ...skipWorld });
  if (given.isJson) {
    printJson(report);
    return exitCodes.done;
  }
  print(`${report.plays} plays learned, ${report.predictions} predicted`);
  const rows: [string, Quality][] = [
    ["predicted", report.predicted],
    ["last action alone", report.lastAction],
    ["base rate", report.base],
    ["oracle", report.oracle],
  ];
  printQuality(rows, report.predicted);
  const [withRisk, without] = [report.headSkips, report.headSkipsWithoutRisk];
  const half = report.differenceHalf.toFixed(4);
  print(
    `chance of a skip in the first ten: ${withRisk.toFixed(4)}, without the risk ` +
      `${without.toFixed(4)} (difference ${(withRisk - without).toFixed(4)} +- ${half})`,
  );
  return exitCodes.done;
}

function runContext(given: Given, seed: number): number {
  const hasEffect = !given.flag("no-effect");
  const hasHabits = given.flag("habits");
  const reports = placements.map((placement) => ({
    placement,
    ...evaluateContext({ ...contextWorld, seed, hasEffect, hasHabits, placement }),
  }));
  if (given.isJson) {
    printJson(reports);
    return exitCodes.done;
  }
  print(`${reports[0]!.plays} plays, ${reports[0]!.asked} questions a placement; lists of 10`);
  const head = [
    "placement",
    "blind",
    "context",
    "lift",
    "oracle of effects",
    "of all, blind -> not",
  ];
  const rows = reports.map((report): string[] => [
    report.placement,
    report.blind.toFixed(4),
    report.withContext.toFixed(4),
    `${report.lift.toFixed(4)} +- ${report.liftHalf.toFixed(4)}`,
    `${report.effects.toFixed(4)} (${share(report.ofEffects)})`,
    `${report.allBlind.toFixed(4)} -> ${report.all.toFixed(4)} (${share(report.ofAll)})`,
  ]);
  print(table(head, rows));
  return exitCodes.done;
}

/** Of an oracle's lift; a world without effect has none to take a share of. */
function share(part: number): string {
  return Number.isFinite(part) ? `${(part * 100).toFixed(1)} %` : "-";
}

function printQuality(rows: readonly [string, Quality][], { bins }: Quality): void {
  const head = ["", "AUC", "Brier", "calibration error"];
  print(
    table(
      head,
      rows.map(([name, { auc, brier, ece }]) => [name, auc, brier, ece].map(figure)),
    ),
  );
  print(
    table(
      ["predictions", "said", "came true"],
      bins.map(({ count, said, came }) => [String(count), figure(said), figure(came)]),
    ),
  );
}

function figure(value: string | number): string {
  return typeof value === "number" ? value.toFixed(4) : value;
}
