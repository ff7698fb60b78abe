import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { CodedError } from "@attune/protocol";
import { type LogRecord, nobody, recordKinds } from "../base/record.ts";
import { utf8Decode } from "../base/text.ts";
import { type Batch, decodeBatch, faultOf } from "../log/batch.ts";
import { paths } from "../main.ts";
import { type Command, exitCodes, type Given, helpOf, readOptions, usage } from "./command.ts";
import { followStream, keyIn, lineOf as streamLineOf } from "./tail/stream.ts";
import { print, shown } from "./terminal.ts";
import { isoTime } from "./times.ts";

const options = {
  from: {
    value: "PLACE",
    help: "first commit to show (default: the last 20); with --url a cursor, or `start`",
  },
  follow: { help: "wait for more; reads beside a running process" },
  kind: { value: "KIND", help: `one of ${recordKinds.join(", ")}`, isMany: true },
  url: { value: "URL", help: "follow a server's /v1/stream instead of the file" },
  types: { value: "LIST", help: "with --url: of event, effect, decision; with commas" },
  "key-file": {
    value: "FILE",
    help: "with --url: where a secret key stands (default: the development keys)",
  },
} as const;

/**
 * Reads the file beside its writer and never writes. Of the payload it shows what happened to which item;
 * ids of people, traits, properties and queries stay where they are.
 */
export const command: Command = {
  name: "tail",
  summary: "the records of the log",
  help: helpOf(
    "tail [options]",
    `Prints the records of the log, a line each: place, kind, subject, time, what happened. Ids of people,
traits and properties are never printed. With --json a line is a JSON object. With --url it prints what the
server tells: events, effects and decisions as they come; then --json has each whole, ids included, and a broken
connection is taken up where it was.`,
    options,
  ),
  async run(argv) {
    const given = readOptions("tail", options, argv, 0);
    const url = given.text("url");
    if (url !== undefined) return tailServer(url, given);
    const kinds = given.list("kind");
    const odd = kinds.find((kind) => !recordKinds.some((known) => known === kind));
    if (odd !== undefined)
      throw usage("tail", `--kind ${odd} is unknown; it is one of ${recordKinds.join(", ")}`);
    const path = paths(given.config.data).log;
    if (!existsSync(path))
      throw new CodedError("not_found", `There is no log in ${given.config.data}.`);
    const log = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
    try {
      const head = Number(log.prepare("SELECT max(seq) AS head FROM batch").get()?.["head"] ?? 0);
      let next = given.integer("from", Math.max(1, head - 19), 1, Number.MAX_SAFE_INTEGER);
      for (;;) {
        next = printFrom(log, next, kinds, given.isJson);
        if (!given.flag("follow")) return exitCodes.done;
        await delay(followMs);
      }
    } finally {
      log.close();
    }
  },
};

async function tailServer(url: string, given: Given): Promise<number> {
  if (!URL.canParse(url)) throw usage("tail", `--url ${url} is no address`);
  const key = keyIn(given.text("key-file") ?? paths(given.config.data).developmentKeys);
  const ask = { url, key, types: given.text("types"), from: given.text("from") };
  return followStream(ask, (message) =>
    print(given.isJson ? JSON.stringify(message) : streamLineOf(message)),
  );
}

const followMs = 200;
const pageCommits = 64;

/** Prints what there is from a commit on; returns the next one to come. */
function printFrom(
  log: DatabaseSync,
  from: number,
  kinds: readonly string[],
  isJson: boolean,
): number {
  const page = log.prepare(
    "SELECT seq, heads, body, crc FROM batch WHERE seq >= ? ORDER BY seq LIMIT ?",
  );
  let next = from;
  for (;;) {
    const rows = page.all(next, pageCommits) as unknown as (Batch & { crc: number })[];
    for (const row of rows) {
      const fault = faultOf(row, row.crc);
      if (fault !== undefined) {
        throw new CodedError(
          "log_corrupt",
          `Commit ${row.seq} is corrupt: ${fault}. Restore a backup.`,
        );
      }
      for (const record of decodeBatch(row)) {
        if (kinds.length === 0 || kinds.includes(record.kind)) print(lineOf(record, isJson));
      }
      next = row.seq + 1;
    }
    if (rows.length < pageCommits) return next;
  }
}

function lineOf(record: LogRecord, isJson: boolean): string {
  const what = said(record);
  if (isJson) {
    const { payload: _payload, ...header } = record;
    return JSON.stringify({ ...header, ...what });
  }
  const place = `${record.seq}:${record.partition}:${record.offset}`;
  const subject = record.subject === nobody ? "-" : record.subject.slice(0, 8);
  const words = Object.entries(what).map(([name, value]) => `${name}=${shown(String(value), 40)}`);
  const merged = record.merged ? " merged" : "";
  return `${place.padEnd(14)} ${record.kind.padEnd(9)} ${subject.padEnd(8)} ${isoTime(record.at)}${merged}  ${words.join(" ")}`;
}

/** Fields of payloads that name nobody. */
const harmless =
  "type, item, strength, permille, purpose, choice, hour, scope, personal, placement, dueAt".split(
    ", ",
  );

function said(record: LogRecord): Record<string, string | number | boolean> {
  let payload: Record<string, unknown>;
  try {
    payload = JSON.parse(utf8Decode(record.payload)) as Record<string, unknown>;
  } catch {
    return { payload: "unreadable" };
  }
  const found: Record<string, string | number | boolean> = {};
  for (const name of harmless) {
    const value = payload[name];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      found[name] = value;
    }
  }
  if (record.kind === "decision") {
    const { request, slots } = payload as { request?: { placement?: string }; slots?: unknown[] };
    found["placement"] = request?.placement ?? "";
    found["slots"] = slots?.length ?? 0;
  }
  if (record.kind === "policy") found["bases"] = JSON.stringify(payload["bases"] ?? {});
  return found;
}
