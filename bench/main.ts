/**
 * `npm run bench`: takes the project's measurements on this machine and prints them with machine, method and
 * floors. Results go to standard output, progress to standard error; nothing here fails because it was slow.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Sizes, sizesOf } from "./curves/axes.ts";
import { say } from "./figures.ts";
import { type Load, loadOf } from "./generate.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { measurements } from "./measurements.ts";
import { pageText, type Run, terminalText } from "./page.ts";
import { svgOf } from "./plot.ts";
import { type Result, Suite } from "./suite.ts";

const longNames = measurements
  .filter(({ isLong }) => isLong)
  .map(({ name }) => name)
  .join(", ");
const help = `npm run bench -- [--only NAME,...] [--interactions N] [--json] [--save FILE]

  --only NAME,...    these measurements alone: ${measurements.map(({ name }) => name).join(", ")}
  --interactions N   size of the load (default 1,000,000; up to 20,000,000)
  --users N          default: a fifth of the interactions
  --items N          default: a twentieth of the interactions, at most 50,000
  --days N           event times cover so many days (default 30)
  --seed N           the same seed gives the same load (default 1)
  --curves AXIS=N,.. sizes of the curves along an axis (users, items or events), instead of their own
  --json             print the results as JSON
  --save FILE        write the page, and its plots beside it: --save docs/benchmarks.md
  --help             print this

Temporary files go to ${tmpdir()} (TMPDIR moves them; about 2 kB an interaction) and are removed at the end.
Run it on a quiet machine: the measurements run one after the other and want two cores.
Left out unless named or with ATTUNE_LONG=1: ${longNames}. It takes ten times the interactions asked for; with
ATTUNE_BENCH_DATA=DIR it keeps the data directory it prepared there for the next run.
`;

const options = {
  only: { type: "string" },
  interactions: { type: "string" },
  users: { type: "string" },
  items: { type: "string" },
  days: { type: "string" },
  seed: { type: "string" },
  curves: { type: "string", multiple: true },
  json: { type: "boolean" },
  save: { type: "string" },
  help: { type: "boolean" },
} as const;

class UsageError extends Error {}

type Values = ReturnType<typeof parse>;

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function integer(values: Values, name: "interactions" | "users" | "items" | "days" | "seed") {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll(/[,_]/g, ""));
  const max = name === "seed" ? 2 ** 31 : 20_000_000;
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new UsageError(`--${name} takes a whole number from 1 to ${max}, not ${text}`);
  return value;
}

function loadFrom(values: Values): Load {
  const given = Object.fromEntries(
    (["users", "items", "days", "seed"] as const)
      .map((name) => [name, integer(values, name)] as const)
      .filter(([, value]) => value !== undefined),
  );
  const load = loadOf(integer(values, "interactions") ?? 1_000_000, given);
  if (load.interactions < 1_000) throw new UsageError("--interactions must be at least 1000");
  if (load.users < 20) throw new UsageError("--users must be at least 20");
  if (load.items < 100) throw new UsageError("--items must be at least 100");
  return load;
}

function chosenFrom(only: string | undefined) {
  if (only === undefined)
    return measurements.filter(({ isLong }) => !isLong || process.env["ATTUNE_LONG"] === "1");
  return only.split(",").map((name) => {
    const found = measurements.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = measurements.map((one) => one.name).join(", ");
    throw new UsageError(`there is no measurement ${name}; there are ${names}`);
  });
}

function curvesFrom(given: readonly string[] = []): Sizes {
  const sizes = given.map(sizesOf);
  const wrong = sizes.find((one) => typeof one === "string");
  if (wrong !== undefined) throw new UsageError(wrong);
  return Object.assign({}, ...sizes) as Sizes;
}

function save(file: string, run: Run): void {
  const prefix = basename(file, ".md");
  const plotFile = (name: string) => `${prefix}-${name}.svg`;
  writeFileSync(file, pageText(run, plotFile));
  for (const plot of run.results.flatMap(({ measured }) => measured?.plots ?? []))
    writeFileSync(join(dirname(file), plotFile(plot.name)), svgOf(plot));
}

async function bench(argv: string[]): Promise<number> {
  const values = parse(argv);
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const load = loadFrom(values);
  const chosen = chosenFrom(values.only);
  const busy = loadAverage();
  if (busy !== undefined && busy > 0.5)
    say(`The machine is busy (load average ${busy}): take these figures for no more than a trial.`);
  const root = mkdtempSync(join(tmpdir(), "attune-bench-"));
  process.on("exit", () => rmSync(root, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  const suite = new Suite(root, load, curvesFrom(values.curves));
  const results: Result[] = [];
  for (const measurement of chosen) results.push(await suite.run(measurement));
  const long = process.env["ATTUNE_LONG"] === "1" ? ["ATTUNE_LONG=1"] : [];
  const command = [...long, "npm run bench", ...(argv.length > 0 ? ["--", ...argv] : [])].join(" ");
  const run: Run = { machine: describeMachine(new Date()), load, command, results };
  process.stdout.write(values.json === true ? `${JSON.stringify(run)}\n` : terminalText(run));
  if (values.save !== undefined) save(values.save, run);
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

try {
  process.exitCode = await bench(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
