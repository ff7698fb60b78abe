/**
 * `attune report`: what Attune would have done on a stranger's own table of interactions, as one page. Nothing is
 * stored and nothing leaves the machine; a page goes to the file that is named, the figures to the terminal.
 */
import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { CodedError } from "@attune/protocol";
import { slices } from "../config.ts";
import { machineRows } from "../eval/report/machine-words.ts";
import { pageOf } from "../eval/report/page.ts";
import {
  methods,
  questionsMaxDefault,
  type ReportFigures,
  reportOn,
} from "../eval/report/report.ts";
import { leftOut, type ReadingNotes, share, summary } from "../eval/report/words.ts";
import { nameKey } from "../ingest/mapping-table.ts";
import { defaultMapping } from "../ingest/mapping-table.ts";
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
import { type Columns, roles } from "./report/columns.ts";
import { readHistory } from "./report/read.ts";
import { print, printJson, remark, shown, table } from "./terminal.ts";

/** Held in memory at most; docs/report.md says what that takes. */
const interactionsMaxDefault = 500_000;

const options = {
  html: {
    value: "FILE",
    help: "write the page there (default: NAME.report.html in this folder)",
  },
  user: {
    value: "COLUMN",
    help: "column of the person (default: by its usual names, as all of these)",
  },
  session: {
    value: "COLUMN",
    help: "column of the session; without one, half an hour's pause ends it",
  },
  item: { value: "COLUMN", help: "column of the item" },
  time: { value: "COLUMN", help: "column of the time: seconds, milliseconds or ISO 8601" },
  type: { value: "COLUMN", help: "column of what happened; without one every row is a view" },
  rating: { value: "COLUMN", help: "column of a rating up to 5, where nothing says what happened" },
  is: { value: "NAME", help: "take every row as this, such as view, play or purchase" },
  k: { value: "N", help: "length of the lists (default 20)" },
  seed: { value: "N", help: "of the intervals (default 1)" },
  "interactions-max": {
    value: "N",
    help: "hold so many, the newest; older ones are left out and counted (default 500,000)",
  },
  "questions-max": {
    value: "N",
    help: "ask so many questions, of people chosen by hash (default 5,000)",
  },
} as const satisfies Options;

const about = `
FILE is a table with a header (comma, semicolon or tab; .gz too): a person or a session, an item, a time, and
what happened if there is a column for it. The last fifth in time is asked about: how often what came next is
among Attune's items, beside the most popular ones and the neighbours of the last item, with intervals; for
whom; what an hour and a day of lateness cost; and the machine it takes. docs/report.md explains the page.

The file is read and not kept. The page names items and columns, and nobody.`;

export const command: Command = {
  name: "report",
  summary: "one page on your own table: how good the lists would have been, and what it takes",
  help: helpOf("report FILE.csv [--html PAGE.html] [options]", about, options),
  run: async (argv) => run(argv),
};

async function run(argv: string[]): Promise<number> {
  const given = readOptions(command.name, options, argv, 1);
  const path = fileGiven(given);
  const file = basename(path);
  const page = pageGiven(given, path);
  const interactionsMax = given.integer(
    "interactions-max",
    interactionsMaxDefault,
    100,
    20_000_000,
  );
  const questionsMax = given.integer("questions-max", questionsMaxDefault, 10, 1_000_000);
  const [k, seed] = [given.integer("k", 20, 1, 200), given.integer("seed", 1, 0, 2 ** 31)];
  const baseBytes = process.memoryUsage.rss();
  const reading = new Progress(path.endsWith(".gz") ? 0 : statSync(path).size, 0);
  const { history, reading: read } = await readHistory({
    path,
    file: shown(file),
    columns: columnsGiven(given),
    limits: slices(given.config).ingest,
    interactionsMax,
    is: isGiven(given),
    onProgress: (bytes, rows) => reading.draw(bytes, rows),
  });
  reading.end();
  let asking: Progress | undefined;
  const report = reportOn(history, {
    k,
    seed,
    questionsMax,
    baseBytes,
    onProgress: (done, total) => (asking ??= new Progress(total, 0)).draw(done, done),
  });
  asking?.end();
  const notes: ReadingNotes = { ...read, columns: { ...read.columns }, interactionsMax };
  writeFileSync(page, pageOf(file, report, notes));
  if (given.isJson) printJson({ file, page, reading: notes, ...report });
  else printReport(report, notes);
  remark(`The page: ${page}`);
  return exitCodes.done;
}

function fileGiven(given: Given): string {
  const [file] = given.operands;
  if (file === undefined) throw usage(command.name, "name a table of interactions");
  const path = resolve(file);
  if (existsSync(path) && statSync(path).isFile()) return path;
  throw new CodedError("not_found", `There is no file ${path}.`);
}

/** Never over the table itself, and a place that takes no page is known before the work is done. */
function pageGiven(given: Given, path: string): string {
  const name = basename(path).replace(/(\.[a-z]+)?(\.gz)?$/i, "");
  const page = resolve(given.text("html") ?? `${name}.report.html`);
  if (page === path) throw usage(command.name, "--html names the table itself");
  try {
    accessSync(existsSync(page) ? page : dirname(page), constants.W_OK);
  } catch {
    throw usage(command.name, `${page} cannot be written; name another place with --html`);
  }
  return page;
}

function columnsGiven(given: Given): Columns {
  return Object.fromEntries(
    roles.flatMap((role) => {
      const name = given.text(role);
      return name === undefined ? [] : [[role, name]];
    }),
  );
}

function isGiven(given: Given): string | undefined {
  const name = given.text("is");
  if (name === undefined) return undefined;
  const verb = Object.hasOwn(defaultMapping.names, nameKey(name))
    ? defaultMapping.names[nameKey(name)]
    : undefined;
  if (verb !== undefined && verb !== "seen" && verb !== "search" && verb !== "rating") return name;
  throw usage(
    command.name,
    `--is ${shown(name)} is no interaction; give view, play, like, purchase`,
  );
}

function printReport(report: ReportFigures, notes: ReadingNotes): void {
  const { quality, coverage, k } = report;
  const names = { attune: "Attune", popular: "most popular", lastItem: "last item's neighbours" };
  print(
    table(
      ["list", `HR@${k}`, `MRR@${k}`, "coverage"],
      methods.map((method) => [
        names[method],
        share(quality[method].hr),
        share(quality[method].mrr),
        `${(coverage[method] * 100).toFixed(1)} %`,
      ]),
    ),
  );
  for (const sentence of summary(report)) print(`\n${sentence}`);
  print("");
  print(
    table(
      ["the machine", "", "how it was come by"],
      machineRows(report.machine).map((row) => [...row]),
    ),
  );
  print("");
  for (const sentence of leftOut(report, notes)) print(sentence);
  for (const { line, reason } of notes.refusals) print(`  line ${line}: ${shown(reason, 300)}`);
}
