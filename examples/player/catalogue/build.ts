/**
 * Makes `tracks.ndjson` from the Free Music Archive metadata: `node examples/player/catalogue/build.ts <folder>`,
 * where the folder holds `fma-rock-vs-hiphop.csv` and `echonest-metrics.json`. Tracks with both a title and
 * audio features are kept; nothing is added to them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Features, type Genre, lineOf, type Track } from "./track.ts";

type Columns = Record<keyof Features | "track_id", Record<string, number>>;

/** The text of the file, for the tracks in both sources, by ascending number. */
export function catalogueText(csv: string, metrics: string): string {
  const columns = JSON.parse(metrics) as Columns;
  const rows = new Map(Object.entries(columns.track_id).map(([row, id]) => [id, row]));
  const [header = [], ...records] = parseCsv(csv);
  const at = ["track_id", "title", "genre_top", "listens", "favorites"].map((name) =>
    header.indexOf(name),
  );
  const [id, title, genre, listens, favorites] = at as [number, number, number, number, number];
  const lines: [number, string][] = [];
  for (const record of records) {
    const number = Number(record[id]);
    const row = rows.get(number);
    if (row === undefined) continue;
    const track: Track = {
      id: `fma-${number}`,
      title: record[title]!.replace(/\s+/g, " ").trim(),
      genre: record[genre] as Genre,
      listens: Number(record[listens]),
      favorites: Number(record[favorites]),
      ...featuresOf(columns, row),
    };
    lines.push([number, lineOf(track)]);
  }
  return lines
    .toSorted(([a], [b]) => a - b)
    .map(([, line]) => `${line}\n`)
    .join("");
}

function featuresOf(columns: Columns, row: string): Features {
  const { track_id: _, ...features } = columns;
  return Object.fromEntries(
    Object.entries(features).map(([name, values]) => [name, values[row]!]),
  ) as unknown as Features;
}

/** Quoted fields may hold commas, line breaks and doubled quotes. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,"\n\r]*))(,|\r?\n|$)/gy;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null) throw new Error(`line ${rows.length + 1} is no CSV`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error("give the folder that holds the metadata");
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const text = catalogueText(read("fma-rock-vs-hiphop.csv"), read("echonest-metrics.json"));
  writeFileSync(join(import.meta.dirname, "tracks.ndjson"), text);
  console.log(`${text.split("\n").length - 1} tracks, ${Buffer.byteLength(text)} bytes`);
}
