/**
 * `attune lab`: what another configuration would have earned, from the answers that were logged and what came
 * of them; or, where the log cannot say, the reason and what to change. Nothing is written.
 */
import { foldLimits } from "../core/fold/state.ts";
import { weightOne } from "../core/rank/blend.ts";
import {
  builtInDefinitions,
  defined,
  type Definitions,
  findPlacement,
} from "../core/rank/placement.ts";

import { sourcesOf } from "../core/rank/sources.ts";
import { judgeSlots, type SlotReport } from "../eval/off-policy/slots.ts";
import { z } from "../eval/off-policy/estimate.ts";
import { nearest } from "../base/nearest.ts";
import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import {
  type Command,
  exitCodes,
  type Given,
  helpOf,
  type Options,
  readOptions,
  usage,
} from "./command.ts";
import { Progress } from "./import/progress.ts";
import { openBandit, printOpenBandit, printSimulated, simulated } from "./lab/known-truth.ts";
import {
  type LabOutcome,
  loggedAnswers,
  outcomeBits,
  type Question,
} from "./lab/logged-answers.ts";
import {
  estimateTable,
  figure,
  placesInWords,
  plusMinus,
  printAnswers,
  refusalInWords,
} from "./lab/words.ts";
import { print, printJson, remark } from "./terminal.ts";

const options = {
  placement: { value: "NAME", help: "whose logged answers (default up-next)" },
  as: { value: "NAME", help: "had it been configured as this placement" },
  sources: { value: "NAME=WEIGHT,..", help: "had it had these sources; a weight is from 0 to 1" },
  outcome: { value: "NAME", help: "click (default: opened or played), complete, skip or purchase" },
  seed: { value: "N", help: "of bootstrap and simulator (default 1)" },
  simulate: { help: "show the estimators on simulated logs whose truth is known" },
  runs: { value: "N", help: "simulated logs of each kind (default 200)" },
  "open-bandit": {
    value: "FOLDER",
    help: "show them on the Open Bandit data (random- and bts-*.csv)",
  },
} as const satisfies Options;

const about = `
Answers every logged request again, where it stood in the log, as the configuration asked about would
have, and weighs what followed by the propensities that were logged. Says "<outcome> per answer would
have been x +- y", or why it cannot. docs/lab.md explains the figures. Exit code 1 without
an estimate.`;

export const command: Command = {
  name: "lab",
  summary: "what another configuration would have earned, from the log",
  help: helpOf("lab --sources neighbours=1,rules=0.2 [options]", about, options),
  async run(argv) {
    const given = readOptions("lab", options, argv, 0);
    const seed = given.integer("seed", 1, 0, 2 ** 31);
    const folder = given.text("open-bandit");
    if (folder !== undefined) {
      const results = openBandit(folder, seed);
      if (given.isJson) printJson(results);
      else printOpenBandit(results);
      return exitCodes.done;
    }
    if (given.flag("simulate")) {
      const results = simulated(seed, given.integer("runs", 200, 2, 10_000));
      if (given.isJson) printJson(results);
      else printSimulated(results);
      return exitCodes.done;
    }
    return judgeLog(given, seed);
  },
};

async function judgeLog(given: Given, seed: number): Promise<number> {
  const placement = given.text("placement") ?? "up-next";
  const outcome = outcomeGiven(given);
  const change = changeGiven(given, placement);
  const attune = await open(given.config);
  try {
    const { number: tenant } = tenantOf(attune.tenants, given.tenant);
    await attune.engine.settled();
    const known = attune.engine.tenants().find(({ number }) => number === tenant);
    const definitions = known?.definitions ?? builtInDefinitions;
    const asked = askedOf(change, definitions);
    const progress = new Progress(attune.log.head(), 0);
    const question: Question = { tenant, placement, outcome, asked };
    const logged = await loggedAnswers(attune.log, foldLimits, question, (seq) =>
      progress.draw(seq, seq),
    );
    progress.end();
    const report = judgeSlots(logged.answers, { seed });
    const refusal = refusalInWords(logged, report);
    if (given.isJson) {
      const { answers: _answers, ...counts } = logged;
      printJson({ placement, outcome, ...counts, report, refusal: refusal ?? null });
    } else {
      printAnswers(logged, report);
      if (refusal === undefined) printReport(report, outcome);
      else remark(`\nNo estimate: ${refusal}`);
    }
    return refusal === undefined ? exitCodes.done : exitCodes.failed;
  } finally {
    await attune.close();
  }
}

function outcomeGiven(given: Given): LabOutcome {
  const text = given.text("outcome") ?? "click";
  if (Object.hasOwn(outcomeBits, text)) return text as LabOutcome;
  throw usage("lab", `--outcome is one of ${Object.keys(outcomeBits).join(", ")}`);
}

/** What is asked about: a placement, with its own sources or others. */
interface Change {
  name: string;
  sources: Record<string, number> | undefined;
}

function changeGiven(given: Given, placement: string): Change {
  const [as, text] = [given.text("as"), given.text("sources")];
  if (text === undefined && as === undefined)
    throw usage("lab", "say what to compare with: --sources NAME=WEIGHT,... or --as PLACEMENT");
  return { name: as ?? placement, sources: text === undefined ? undefined : sourcesGiven(text) };
}

/** The documents with the change, over those that hold now. */
function askedOf({ name, sources }: Change, definitions: Definitions): Question["asked"] {
  const base = findPlacement(definitions, name);
  if (base === undefined) {
    const near = nearest(name, Object.keys(definitions.placements));
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    throw usage("lab", `there is no placement ${name}${hint}`);
  }
  if (sources === undefined) return { definitions, placement: name };
  const changed = { ...base, kind: "placement", sources };
  return { definitions: defined(definitions, changed), placement: name };
}

function sourcesGiven(text: string): Record<string, number> {
  const known = sourcesOf().map((source) => source.name);
  const entries = text.split(",").map((part): [string, number] => {
    const [name = "", weight = ""] = part.split("=").map((half) => half.trim());
    if (!known.includes(name))
      throw usage("lab", `there is no source ${name}; there are ${known.join(", ")}`);
    const scaled = Math.round(Number(weight === "" ? NaN : weight) * weightOne);
    if (!(scaled >= 1 && scaled <= weightOne))
      throw usage(
        "lab",
        `the weight of ${name} is ${JSON.stringify(weight)}; give a number above 0, up to 1`,
      );
    return [name, scaled];
  });
  return Object.fromEntries(entries);
}

const outcomeWords: Record<LabOutcome, string> = {
  click: "clicks",
  complete: "completions",
  skip: "skips",
  purchase: "purchases",
};

function printReport(report: SlotReport, outcome: LabOutcome): void {
  const { judged, equal, unsupported, logged, target } = report;
  print("");
  if (target?.estimates === undefined) {
    print(
      `Every answer would have been the same: ${plusMinus(logged.all)} ${outcomeWords[outcome]} per answer.`,
    );
    return;
  }
  const robust = target.estimates.find(({ estimator }) => estimator === "DR")!;
  const { meanWeight, ess, maxWeight } = target.support;
  print(estimateTable(target.estimates));
  print(
    `\nmean weight ${meanWeight.toFixed(3)}, largest ${maxWeight.toFixed(1)}, effective rows ${ess.toFixed(0)}`,
  );
  print(
    `Had this placement been configured so, ${outcomeWords[outcome]} per answer on slots ${placesInWords(judged)} would have ` +
      `been ${figure(robust.value)} +- ${figure(z * robust.standardError)} (DR); logged: ${plusMinus(logged.judged)}.`,
  );
  if (report.open < report.atJudged) {
    const part = ((100 * report.open) / report.atJudged).toFixed(0);
    print(
      `Both figures count the ${part} % of these slots where the item asked about could have been drawn.`,
    );
  }
  if (equal.length > 0)
    print(`Slots ${placesInWords(equal)} are the same in both: ${plusMinus(logged.equal)}.`);
  if (unsupported.length > 0)
    print(
      `Slots ${placesInWords(unsupported)} differ and were not drawn by chance: nothing is said of them.`,
    );
}
