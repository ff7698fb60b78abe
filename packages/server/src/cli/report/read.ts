/**
 * Reads a stranger's table into a bounded history, line by line, through the dialect and the mapping that import
 * goes through. A row that is no interaction costs its neighbours nothing; it is counted, and the first are named.
 */
import { CodedError } from "@attune/protocol";
import { History } from "../../eval/report/history.ts";
import { csv, csvHeader } from "../../ingest/dialect/csv.ts";
import type { Dialect, Incoming, Parsed, Reader } from "../../ingest/dialect/dialect.ts";
import type { IngestLimits } from "../../ingest/limits.ts";
import { map } from "../../ingest/mapping.ts";
import { defaultMapping } from "../../ingest/mapping-table.ts";
import { linesOf } from "../import/lines.ts";
import { shown } from "../terminal.ts";
import { type Columns, columnsOf, mapOf } from "./columns.ts";

export interface ReadOptions {
  path: string;
  /** As messages name it. */
  file: string;
  columns: Columns;
  limits: IngestLimits;
  interactionsMax: number;
  /** What a table without a column for it holds. */
  is: string | undefined;
  onProgress: (bytes: number, rows: number) => void;
}

export interface Reading {
  columns: Columns;
  /** Rows below the header, blank ones aside. */
  rows: number;
  /** Rows that could not be read. */
  refused: number;
  /** The first of them, with the line and the reason. */
  refusals: { line: number; reason: string }[];
  /** Rows that name something without effect on answers, by that name; the most frequent first. */
  without: { name: string; rows: number }[];
  withoutEffect: number;
}

const refusalsNamed = 5;
const namesListed = 8;
/** Different names that are counted apart: a column of free text would fill the memory. */
const namesCounted = 1_000;

export async function readHistory(
  options: ReadOptions,
): Promise<{ history: History; reading: Reading }> {
  const table = new Table(options);
  const { eventBytesMax } = options.limits;
  for await (const lines of linesOf(options.path, { line: 0, byte: 0 }, eventBytesMax)) {
    for (const { text, number, place } of lines) {
      table.line(text, number);
      options.onProgress(place.byte, table.reading.rows);
    }
  }
  return { history: table.end(), reading: table.result() };
}

class Table {
  readonly #options: ReadOptions;
  readonly #history: History;
  readonly #without = new Map<string, number>();
  readonly reading: Omit<Reading, "without"> = {
    columns: {},
    rows: 0,
    refused: 0,
    refusals: [],
    withoutEffect: 0,
  };
  #reader: Reader | undefined;
  #number = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#history = new History(options.interactionsMax);
  }

  line(text: string | undefined, number: number): void {
    this.#number = number;
    if (this.#reader === undefined) return this.#header(text);
    if (text === undefined) {
      const { eventBytesMax } = this.#options.limits;
      return this.#refuse(`it is longer than eventBytesMax ${eventBytesMax}`);
    }
    this.#take(this.#reader.read(text));
  }

  end(): History {
    const { file } = this.#options;
    if (this.#reader === undefined) {
      throw new CodedError("batch_invalid", `${file} is empty. Its first line names the columns.`);
    }
    this.#take(this.#reader.end());
    const { rows, refused, refusals } = this.reading;
    if (this.#history.count === 0) {
      const first = refusals[0];
      const why =
        first === undefined
          ? "Its rows name nothing that counts as an interaction."
          : `${refused} of ${rows} rows could not be read; the first is line ${first.line}: ${shown(first.reason, 300)}.`;
      throw new CodedError(
        "batch_invalid",
        rows === 0
          ? `${file} has a header and no rows.`
          : `${file} holds no interaction. ${why}${this.#hint()}`,
      );
    }
    this.#history.sort();
    return this.#history;
  }

  result(): Reading {
    const without = [...this.#without]
      .map(([name, rows]) => ({ name, rows }))
      .sort((x, y) => y.rows - x.rows || (x.name < y.name ? -1 : 1))
      .slice(0, namesListed);
    return { ...this.reading, without };
  }

  #header(text: string | undefined): void {
    if (text?.trim() === "") return;
    const { columns, file, limits, is } = this.#options;
    const { names, separator } = csvHeader(text ?? "");
    if (names.length === 0) {
      throw new CodedError(
        "batch_invalid",
        `The first line of ${file} is no header: ${text === undefined ? "it is too long" : "a quote in it never closes"}. It names the columns.`,
      );
    }
    const found = columnsOf(names, columns, file);
    this.reading.columns = found;
    const columnMap = mapOf(found, separator);
    const dialect: Dialect = csv(limits, is === undefined ? columnMap : fixed(columnMap, is));
    this.#reader = dialect.open();
    this.#reader.read(text!);
  }

  #take(parsed: readonly Parsed[]): void {
    for (const entry of parsed) {
      if ("refusal" in entry) {
        const { field, detail } = entry.refusal;
        this.#refuse(field === undefined ? (detail ?? "unreadable") : this.#about(field, detail));
      } else this.#event(entry.event);
    }
  }

  /** In the words of the file: its own name of the column. */
  #about(field: string, detail: string | undefined): string {
    const role = field === "anonymous" ? "session" : field;
    const column = (this.reading.columns as Record<string, string | undefined>)[role];
    return `the ${role} (column ${column ?? field}) ${detail ?? "is wrong"}`;
  }

  #event(incoming: Incoming): void {
    const { userId, anonymousId, originalAt } = incoming;
    // A session without a user is a person of its own, and never one whose user has the same name.
    const user = userId ?? (anonymousId === undefined ? undefined : `session ${anonymousId}`);
    if (user === undefined) return this.#refuse("nobody: the user and the session are empty");
    if (originalAt === undefined) return this.#refuse("the time is missing");
    const [event] = map(incoming, { userId, anonymousId }, defaultMapping).events;
    this.reading.rows += 1;
    if (event === undefined || event.type === "other" || event.item === undefined) {
      this.reading.withoutEffect += 1;
      this.#count(incoming.properties["item"] === undefined ? "no item" : incoming.name);
      return;
    }
    const { type, item, strength } = event;
    this.#history.add({ user, session: anonymousId, item, type, strength, at: originalAt });
  }

  #count(name: string): void {
    const counted = this.#without.size < namesCounted || this.#without.has(name);
    const key = counted ? name : "other names";
    this.#without.set(key, (this.#without.get(key) ?? 0) + 1);
  }

  #refuse(reason: string): void {
    this.reading.rows += 1;
    this.reading.refused += 1;
    if (this.reading.refusals.length < refusalsNamed)
      this.reading.refusals.push({ line: this.#number, reason });
  }

  #hint(): string {
    const { type } = this.reading.columns;
    if (type === undefined || this.reading.withoutEffect === 0) return "";
    const names = this.result()
      .without.map(({ name }) => shown(name))
      .join(", ");
    return ` The column ${shown(type)} says ${names}, which docs/reference/mapping.md does not know; --is view takes every row as a view.`;
  }
}

function fixed(columns: ReturnType<typeof mapOf>, is: string): ReturnType<typeof mapOf> {
  return { ...columns, type: { is }, rating: undefined };
}
