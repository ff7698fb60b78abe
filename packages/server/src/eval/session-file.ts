/**
 * Sessions from a file of clicks as session-rec has them: tab-separated `SessionId ItemId Time` with a header,
 * time in seconds. Each session is sorted by time, equal times in file order, for many published files are
 * not; sessions come in the order of their first rows. A name that ends in .gz is unpacked.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export interface FileSession {
  id: string;
  items: string[];
  /** Event times, ms, ascending; as long as `items`. */
  at: number[];
}

export function readSessions(path: string): FileSession[] {
  const bytes = readFileSync(path);
  return parseSessions((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"), path);
}

export function parseSessions(text: string, path: string): FileSession[] {
  const [header = "", ...rows] = text.split(/\r?\n/);
  const columns = header.split("\t");
  const [session, item, time] = ["SessionId", "ItemId", "Time"].map((name) => {
    const at = columns.indexOf(name);
    if (at === -1) throw new Error(`${path}: the header has no column ${name}`);
    return at;
  }) as [number, number, number];
  const clicks = new Map<string, { item: string; at: number }[]>();
  rows.forEach((row, index) => {
    if (row === "") return;
    const fields = row.split("\t");
    const id = fields[session] ?? "";
    const at = Math.round(Number(fields[time] ?? "") * 1000);
    if (id === "" || (fields[item] ?? "") === "" || !Number.isSafeInteger(at) || at < 0) {
      throw new Error(`${path}: row ${index + 2} is no click`);
    }
    const click = { item: fields[item]!, at };
    const known = clicks.get(id);
    if (known === undefined) clicks.set(id, [click]);
    else known.push(click);
  });
  return [...clicks].map(([id, list]) => {
    const sorted = list.toSorted((x, y) => x.at - y.at);
    return { id, items: sorted.map((click) => click.item), at: sorted.map((click) => click.at) };
  });
}

/** The no-repeat variant: clicks on the item that is open already are dropped, then sessions of one click. */
export function withoutRepeats(sessions: readonly FileSession[]): FileSession[] {
  return sessions
    .map(({ id, items, at }) => {
      const keeps = items.map((item, index) => index === 0 || items[index - 1] !== item);
      return {
        id,
        items: items.filter((_, index) => keeps[index]),
        at: at.filter((_, index) => keeps[index]),
      };
    })
    .filter(({ items }) => items.length > 1);
}
