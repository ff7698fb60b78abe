/**
 * A file's lines in the order of their events' times, read into memory. An event that comes after a newer one
 * of the same person makes the engine fold that person anew; a file in the order of users would do that line
 * by line, and the MovieLens ratings, which are in no order, took more than ten minutes instead of seconds.
 */
import type { Dialect } from "../../ingest/dialect/dialect.ts";
import { chunksOf, type Line, linesOf, type Place } from "./lines.ts";

interface Unit {
  start: number;
  end: number;
  /** Line of the file at which it starts. */
  number: number;
  /** Time of its first event; a unit without one stays behind the unit before it. */
  at: number;
}

/** The whole file when its bytes are at most `bytesMax`, else nothing. */
export async function loadWhole(path: string, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(path, 0)) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** Whole rows by time, equal times in the order of the file; the header first, if the dialect has one. */
export async function* sortedLines(
  path: string,
  whole: Buffer,
  dialect: Dialect,
  from: Place,
  lineBytesMax: number,
): AsyncGenerator<Line[]> {
  const { header, units } = await indexOf(path, dialect, lineBytesMax);
  units.sort((a, b) => a.at - b.at || a.number - b.number);
  const line = (unit: Unit, place: Place): Line => {
    const bytes = unit.end - unit.start;
    const text = whole.toString("utf8", unit.start, unit.end).replace(/\n$/, "");
    return { text: bytes > lineBytesMax ? undefined : text, number: unit.number, place };
  };
  if (header !== undefined) yield [line(header, from)];
  let byte = from.byte;
  for (let first = from.line; first < units.length; first += pageUnits) {
    yield units.slice(first, first + pageUnits).map((unit, i) => {
      byte += unit.end - unit.start;
      return line(unit, { line: first + i + 1, byte });
    });
  }
}

const pageUnits = 500;

async function indexOf(
  path: string,
  dialect: Dialect,
  lineBytesMax: number,
): Promise<{ header: Unit | undefined; units: Unit[] }> {
  const reader = dialect.open();
  const units: Unit[] = [];
  let header: Unit | undefined;
  let start = 0;
  let number = 1;
  let at = 0;
  for await (const lines of linesOf(path, { line: 0, byte: 0 }, lineBytesMax)) {
    for (const { text, place } of lines) {
      const parsed = text === undefined ? [] : reader.read(text);
      const first = parsed.find((entry) => "event" in entry);
      if (first !== undefined && "event" in first) at = first.event.originalAt ?? at;
      if (reader.isOpen) continue;
      const unit = { start, end: place.byte, number, at };
      [start, number] = [place.byte, place.line + 1];
      if (text?.trim() === "") continue;
      if (dialect.hasHeader && header === undefined) header = unit;
      else units.push(unit);
    }
  }
  return { header, units };
}
