/**
 * Comma, semicolon or tab separated files with a header and a map that names the columns. Quoted cells may
 * hold separators, doubled quotes and line breaks. A column is named as it stands in the header, with or
 * without a type suffix (`user_id` finds `user_id:token`).
 */
import type { Dialect, Parsed, Reader } from "./dialect.ts";
import { Fields, fileTimeOf, strengthMax } from "./fields.ts";
import { cleanText, isObject, type JsonObject } from "../json.ts";
import type { IngestLimits } from "../limits.ts";

/** Which column holds what. Values after `=` in the map file of `import` are column names. */
export interface ColumnMap {
  separator?: string | undefined;
  user?: string | undefined;
  anonymous?: string | undefined;
  item?: string | undefined;
  /** Column of the interaction, or a fixed one: `{"is":"rating"}`. */
  type: string | { is: string };
  /** Seconds or milliseconds since 1970, or ISO 8601. */
  time: string;
  strength?: string | undefined;
  rating?: string | undefined;
  /** The best rating, when there is a rating column; 5 otherwise. */
  ratingMax?: number | undefined;
  id?: string | undefined;
}

const columnKeys = [
  "user",
  "anonymous",
  "item",
  "type",
  "time",
  "strength",
  "rating",
  "id",
] as const;
type ColumnKey = (typeof columnKeys)[number];

/** The map file of `import`; a text says what is wrong with it. */
export function parseColumnMap(value: unknown): ColumnMap | string {
  if (!isObject(value)) return "the map must be a JSON object";
  const known = new Set<string>([...columnKeys, "separator", "ratingMax"]);
  for (const [key, entry] of Object.entries(value)) {
    if (!known.has(key))
      return `the map has an unknown entry ${key}; known: ${[...known].join(", ")}`;
    const isFixed = key === "type" && isObject(entry) && typeof entry["is"] === "string";
    const isNumber = key === "ratingMax" && typeof entry === "number" && entry >= 2;
    if (typeof entry !== "string" && !isFixed && !isNumber)
      return `the map's ${key} must name a column`;
  }
  if (value["user"] === undefined && value["anonymous"] === undefined) {
    return "the map must name a column for user or anonymous";
  }
  if (value["time"] === undefined) return "the map must name a column for time";
  if (value["type"] === undefined) return 'the map must name a column for type, or {"is":"view"}';
  const separator = value["separator"];
  if (separator !== undefined && (separator as string).length !== 1)
    return "separator is one character";
  return value as unknown as ColumnMap;
}

export function csv(limits: IngestLimits, map: ColumnMap): Dialect {
  return { name: "csv", hasHeader: true, open: () => new CsvReader(limits, map) };
}

class CsvReader implements Reader {
  readonly #limits: IngestLimits;
  readonly #map: ColumnMap;
  #separator = ",";
  #columns: Map<ColumnKey, number> | undefined;
  #width = 0;
  #failed = false;
  /** Text of a row whose quotes are still open. */
  #open = "";

  constructor(limits: IngestLimits, map: ColumnMap) {
    this.#limits = limits;
    this.#map = map;
  }

  get isOpen(): boolean {
    return this.#open !== "";
  }

  read(line: string): Parsed[] {
    if (this.#failed) return [];
    const text = this.#open === "" ? line.replace(/\r$/, "") : `${this.#open}\n${line}`;
    if (text.trim() === "") return [];
    if (this.#columns === undefined) return this.#header(text);
    if (text.length > this.#limits.eventBytesMax) {
      this.#open = "";
      const detail = `the row is longer than eventBytesMax ${this.#limits.eventBytesMax}, or a quote never closes`;
      return [{ refusal: { code: "event_too_large", detail } }];
    }
    const cells = splitRow(text, this.#separator);
    if (cells === undefined) {
      this.#open = text;
      return [];
    }
    this.#open = "";
    return [this.#row(cells, this.#columns)];
  }

  end(): Parsed[] {
    if (this.#open === "") return [];
    this.#open = "";
    return [{ refusal: { code: "line_invalid", detail: "a quote never closes" } }];
  }

  #header(line: string): Parsed[] {
    const { separator, names } = csvHeader(line, this.#map.separator);
    this.#separator = separator;
    const columns = new Map<ColumnKey, number>();
    for (const key of columnKeys) {
      const column = this.#map[key];
      if (typeof column !== "string") continue;
      let index = names.indexOf(column);
      if (index < 0) index = names.findIndex((name) => name.split(":")[0] === column);
      if (index < 0) {
        this.#failed = true;
        const detail = `the map's ${key} names the column ${column}; the file has ${names.join(", ")}`;
        return [{ refusal: { code: "batch_invalid", detail: cleanText(detail.slice(0, 1_000)) } }];
      }
      columns.set(key, index);
    }
    this.#columns = columns;
    this.#width = names.length;
    return [];
  }

  #row(cells: string[], columns: Map<ColumnKey, number>): Parsed {
    const fields = new Fields(this.#limits);
    if (cells.length !== this.#width) {
      const detail = `the line has ${cells.length} cells, the header ${this.#width}`;
      return { refusal: { code: "line_invalid", detail } };
    }
    const cell = (key: ColumnKey): string => cleanText(cells[columns.get(key) ?? -1] ?? "").trim();
    const properties: JsonObject = {};
    const item = fields.id(cell("item"), "item");
    if (item !== undefined) properties["item"] = item;
    if (columns.has("rating")) {
      const rating = Number(cell("rating"));
      if (cell("rating") === "" || !Number.isFinite(rating))
        fields.refuse("rating", "must be a number");
      properties["rating"] = rating;
      properties["ratingMax"] = this.#map.ratingMax ?? 5;
    }
    const name = typeof this.#map.type === "string" ? cell("type") : this.#map.type.is;
    if (name === "") fields.refuse("type", "is missing");
    const originalAt = fileTimeOf(cell("time"));
    if (originalAt === undefined)
      fields.refuse("time", "must be seconds, milliseconds or ISO 8601");
    const event = {
      call: "track" as const,
      name,
      messageId: fields.id(cell("id"), "id"),
      userId: fields.id(cell("user"), "user"),
      anonymousId: fields.id(cell("anonymous"), "anonymous"),
      properties,
      traits: {},
      context: {},
      originalAt,
      strength: fields.integer(cell("strength"), "strength", strengthMax),
    };
    if (fields.refusal !== undefined)
      return { refusal: { ...fields.refusal, code: "line_invalid" } };
    return { event };
  }
}

/** The columns of a header line, and what separates them; none while a quote is open. */
export function csvHeader(line: string, given?: string): { separator: string; names: string[] } {
  const text = line.replace(/^\uFEFF/, "").replace(/\r$/, "");
  const separator = given ?? guessSeparator(text);
  const names = (splitRow(text, separator) ?? []).map((name) => name.trim());
  return { separator, names };
}

/** The separator that the header has most of; a comma when it has none. */
function guessSeparator(header: string): string {
  const count = (separator: string): number => header.split(separator).length;
  return ["\t", ";"].reduce((best, next) => (count(next) > count(best) ? next : best), ",");
}

/** The cells of a row, or nothing while a quote is open. A quote counts only at the start of a cell. */
function splitRow(text: string, separator: string): string[] | undefined {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let cell = "";
      let from = at + 1;
      for (;;) {
        const close = text.indexOf('"', from);
        if (close < 0) return undefined;
        cell += text.slice(from, close);
        from = close + 1;
        if (text[from] !== '"') break;
        cell += '"';
        from += 1;
      }
      const next = text.indexOf(separator, from);
      cells.push(cell + text.slice(from, next < 0 ? text.length : next));
      if (next < 0) return cells;
      at = next + 1;
    } else {
      const next = text.indexOf(separator, at);
      cells.push(text.slice(at, next < 0 ? text.length : next));
      if (next < 0) return cells;
      at = next + 1;
    }
  }
}
