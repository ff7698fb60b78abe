/**
 * Session files as research on recommenders publishes them: tab-separated `SessionId ItemId Time`, the time in
 * seconds, whole or not. A session has no person behind it, so its id is an anonymous id; every line is a view.
 */
import type { Dialect, Parsed, Reader } from "./dialect.ts";
import { Fields, fileTimeOf } from "./fields.ts";
import { cleanText } from "../json.ts";
import type { IngestLimits } from "../limits.ts";

export function sessionRec(limits: IngestLimits): Dialect {
  return { name: "session-rec", hasHeader: true, open: () => new SessionRecReader(limits) };
}

class SessionRecReader implements Reader {
  readonly isOpen = false;
  readonly #limits: IngestLimits;
  #columns: { session: number; item: number; time: number } | undefined;
  #failed = false;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  read(line: string): Parsed[] {
    if (line.trim() === "" || this.#failed) return [];
    if (line.length > this.#limits.eventBytesMax) {
      const detail = `the line is longer than eventBytesMax ${this.#limits.eventBytesMax}`;
      return [{ refusal: { code: "event_too_large", detail } }];
    }
    const cells = line.replace(/\r$/, "").split("\t");
    if (this.#columns !== undefined) return [this.#row(cells, this.#columns)];
    const names = cells.map((cell) => cell.trim().toLowerCase());
    const [session, item, time] = ["sessionid", "itemid", "time"].map((name) =>
      names.indexOf(name),
    );
    if (session! < 0 || item! < 0 || time! < 0) {
      this.#failed = true;
      const detail =
        "the first line must name the tab-separated columns SessionId, ItemId and Time";
      return [{ refusal: { code: "batch_invalid", detail } }];
    }
    this.#columns = { session: session!, item: item!, time: time! };
    return [];
  }

  end(): Parsed[] {
    return [];
  }

  #row(cells: string[], columns: { session: number; item: number; time: number }): Parsed {
    const fields = new Fields(this.#limits);
    const anonymousId = fields.id(cleanText(cells[columns.session] ?? ""), "SessionId");
    const item = fields.id(cleanText(cells[columns.item] ?? ""), "ItemId");
    const originalAt = fileTimeOf(cells[columns.time] ?? "");
    if (anonymousId === undefined) fields.refuse("SessionId", "is missing");
    if (item === undefined) fields.refuse("ItemId", "is missing");
    if (originalAt === undefined) fields.refuse("Time", "must be seconds since 1970");
    if (fields.refusal !== undefined)
      return { refusal: { ...fields.refusal, code: "line_invalid" } };
    const properties = { item };
    return {
      event: {
        call: "track",
        name: "view",
        anonymousId,
        properties,
        traits: {},
        context: {},
        originalAt,
      },
    };
  }
}
