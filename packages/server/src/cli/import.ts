import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { CodedError } from "@attune/protocol";
import { slices } from "../config.ts";
import { csv, parseColumnMap } from "../ingest/dialect/csv.ts";
import type { Dialect } from "../ingest/dialect/dialect.ts";
import { jsonl } from "../ingest/dialect/jsonl.ts";
import { segment } from "../ingest/dialect/segment.ts";
import { sessionRec } from "../ingest/dialect/session-rec.ts";
import { type Attune, open, paths } from "../main.ts";
import { type Tenant, tenantOf } from "../tenants.ts";
import { writeDoor } from "../write-door.ts";
import { type Command, exitCodes, type Given, helpOf, readOptions, usage } from "./command.ts";
import { type ImportCounts, inFileOrder, runImport } from "./import/run.ts";
import { digestOf, ImportStates } from "./import/state.ts";
import { linesOf } from "./import/lines.ts";
import { loadWhole, sortedLines } from "./import/sorted-lines.ts";
import { Progress } from "./import/progress.ts";
import { duration, grouped, print, printJson, remark, table } from "./terminal.ts";

const formats = ["segment", "jsonl", "session-rec", "csv"] as const;
type Format = (typeof formats)[number];
const bases = ["legitimate-interest", "contract", "consent"] as const;

const options = {
  format: { value: "NAME", help: `${formats.join(", ")} (default: by the first line)` },
  map: {
    value: "FILE",
    help: "csv: JSON that names the columns user, anonymous, item, type, time, ...",
  },
  basis: { value: "BASIS", help: `${bases.join(", ")}: what the tenant declares; see above` },
  again: { help: "read the whole file again; what is known already counts as duplicate" },
} as const;

export const command: Command = {
  name: "import",
  summary: "read a file of events: Segment calls, session files, CSV, our own JSON",
  help: helpOf(
    "import FILE [options]",
    `Reads events of the past into the log; FILE may end in .gz. An import that was stopped goes on where it was; reading the same
file again adds nothing, because every line has an id of its own.

Data about people needs a basis. Where the events carry no consent and the tenant has declared nothing,
import declares legitimate interest for analytics and personalization, says so, and logs it as a policy;
--basis contract declares the other basis, --basis consent declares none.

A map for MovieLens:
  {"user":"user_id","item":"item_id","type":{"is":"rating"},"rating":"rating","time":"timestamp"}`,
    options,
  ),
  async run(argv) {
    const given = readOptions("import", options, argv, 1);
    const path = fileGiven(given);
    const dialect = await dialectGiven(given, path);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      await declareBasis(given, attune, tenant);
      return await importFile(given, attune, tenant, path, dialect);
    } finally {
      await attune.close();
    }
  },
};

function fileGiven(given: Given): string {
  const [file] = given.operands;
  if (file === undefined) throw usage("import", "name a file");
  const path = resolve(file);
  if (existsSync(path) && statSync(path).isFile()) return path;
  throw new CodedError("not_found", `There is no file ${path}.`);
}

async function dialectGiven(given: Given, path: string): Promise<Dialect> {
  const { ingest } = slices(given.config);
  const format =
    given.text("format") ?? (given.text("map") !== undefined ? "csv" : await guess(path));
  switch (format as Format) {
    case "segment":
      return segment(ingest);
    case "jsonl":
      return jsonl(ingest);
    case "session-rec":
      return sessionRec(ingest);
    case "csv":
      return csv(ingest, columnMap(given));
    default:
      throw usage("import", `--format ${format} is unknown; it is one of ${formats.join(", ")}`);
  }
}

/** By the first line; what cannot be told is asked for. */
async function guess(path: string): Promise<Format> {
  const head: string[] = [];
  for await (const lines of linesOf(path, { line: 0, byte: 0 }, 4_194_304)) {
    head.push(...lines.map(({ text }) => text ?? "").filter((text) => text.trim() !== ""));
    if (head.length > 0) break;
  }
  const first = head[0]?.trim() ?? "";
  if (/^sessionid\t/i.test(first)) return "session-rec";
  if (first.startsWith("{")) {
    return /"(batch|anonymousId|messageId|originalTimestamp|event)"\s*:/.test(first) &&
      /"(batch|timestamp|originalTimestamp|event|properties|traits)"\s*:/.test(first) &&
      !/"(item|at)"\s*:/.test(first)
      ? "segment"
      : "jsonl";
  }
  throw usage(
    "import",
    `the first line does not say what ${path} is; add --format, or --map for a table`,
  );
}

function columnMap(given: Given) {
  const file = given.text("map");
  if (file === undefined)
    throw usage("import", "a csv file needs --map FILE, JSON that names its columns");
  if (!existsSync(file)) throw new CodedError("not_found", `There is no map ${file}.`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw usage("import", `the map ${file} is no JSON`);
  }
  const map = parseColumnMap(value);
  if (typeof map === "string") throw usage("import", map);
  return map;
}

async function declareBasis(given: Given, attune: Attune, tenant: Tenant): Promise<void> {
  const chosen = given.text("basis");
  const basis = bases.find((name) => name === (chosen ?? "legitimate-interest"));
  if (basis === undefined) throw usage("import", `--basis is one of ${bases.join(", ")}`);
  const { policy } = attune.engine.tenant(tenant.number);
  const isDeclared = Object.keys(policy.bases).length > 0;
  if (basis === "consent" || (isDeclared && chosen === undefined)) return;
  if (policy.bases.analytics === basis && policy.bases.personalization === basis) return;
  await attune.engine.setPolicy(tenant.number, {
    bases: { analytics: basis, personalization: basis },
  });
  remark(
    `Declared and logged: ${tenant.name} uses data for analytics and personalization on the basis ${basis}.`,
  );
}

async function importFile(
  given: Given,
  attune: Attune,
  tenant: Tenant,
  path: string,
  dialect: Dialect,
): Promise<number> {
  const digest = await digestOf(path);
  const reading = `${tenant.number} ${dialect.name}`;
  const states = new ImportStates(paths(given.config.data).imports, digest, reading);
  const known = given.flag("again") ? undefined : states.load();
  if (known?.isDone === true) {
    if (given.isJson) printJson({ isDone: true, events: 0, records: 0 });
    else remark("This file is imported already; --again reads it once more.");
    return exitCodes.done;
  }
  const { lineBytesMax, importSortBytesMax } = limitsOf(given);
  const whole = await loadWhole(path, importSortBytesMax);
  const isSorted = whole !== undefined;
  if (!isSorted) remark("The file is larger than importSortBytesMax: it is read in its own order.");
  const isResumed = known !== undefined && known.isSorted === isSorted;
  if (isResumed) remark(`Going on after line ${grouped(known.line)}.`);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const from = isResumed ? { line: known.line, byte: known.byte } : { line: 0, byte: 0 };
  const progress = new Progress(
    whole?.length ?? (path.endsWith(".gz") ? 0 : statSync(path).size),
    from.byte,
  );
  const { importBatchEvents, importBatchesInFlightMax } = limitsOf(given);
  const started = performance.now();
  const { counts, end } = await runImport({
    attune,
    door: writeDoor(attune, tenant, "import", "archive"),
    dialect,
    path,
    lines: isSorted
      ? sortedLines(path, whole, dialect, from, lineBytesMax)
      : inFileOrder(path, dialect, from, lineBytesMax),
    isSorted,
    digest,
    from,
    states,
    progress,
    batchEvents: importBatchEvents,
    batchesInFlightMax: importBatchesInFlightMax,
    lineBytesMax,
    isStopped: () => stop.signal.aborted,
  });
  progress.end();
  const isDone = !stop.signal.aborted;
  states.save({ file: path, ...end, isSorted, isDone });
  const elapsedMs = performance.now() - started;
  if (given.isJson)
    printJson({ isDone, ...counts, elapsedMs, rejected: rejectedOf(counts, states) });
  else printCounts(counts, elapsedMs, isDone, rejectedOf(counts, states));
  return isDone ? exitCodes.done : exitCodes.interrupted;
}

function limitsOf({ config }: Given) {
  return { lineBytesMax: config.batchBytesMax, ...slices(config).import };
}

function rejectedOf(counts: ImportCounts, states: ImportStates): string | undefined {
  return counts.drop === 0 ? undefined : states.rejectedPath;
}

function printCounts(
  counts: ImportCounts,
  elapsedMs: number,
  isDone: boolean,
  rejected: string | undefined,
): void {
  const { events, records, ok, warning, duplicate, drop, codes } = counts;
  print(
    table(
      ["events", "ok", "warning", "duplicate", "drop"],
      [[events, ok, warning, duplicate, drop]],
    ),
  );
  for (const [code, count] of Object.entries(codes)) print(`  ${code}: ${grouped(count)}`);
  const rate = grouped((events * 1_000) / Math.max(elapsedMs, 1));
  print(
    `${grouped(records)} records in ${duration(elapsedMs)}, ${rate} events/s, all durable and folded.`,
  );
  if (rejected !== undefined) print(`Dropped lines and their reasons: ${rejected}`);
  if (!isDone) print("Stopped. The same command goes on from here.");
}
