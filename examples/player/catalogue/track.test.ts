import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogueText, parseCsv } from "./build.ts";
import { lineOf, trackOf, tracksOf } from "./track.ts";

const text = readFileSync(join(import.meta.dirname, "tracks.ndjson"), "utf8");
const source = join(import.meta.dirname, "../../../../shared/data/fma");

describe("the catalogue", () => {
  test("has 4,802 tracks of two genres, each with its own id, in less than a megabyte", () => {
    const tracks = tracksOf(text);
    expect(tracks.length).toBe(4_802);
    expect(new Set(tracks.map(({ id }) => id)).size).toBe(4_802);
    expect(new Set(tracks.map(({ genre }) => genre))).toEqual(new Set(["Rock", "Hip-Hop"]));
    expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
    for (const { energy, valence } of tracks) {
      expect(energy).toBeGreaterThanOrEqual(0);
      expect(valence).toBeLessThanOrEqual(1);
    }
  });
  test("names no artist", () => {
    expect(Object.keys(tracksOf(text)[0]!)).not.toContain("artist");
  });
  test("reads back what it writes", () => {
    for (const line of text.split("\n").slice(0, 200)) expect(lineOf(trackOf(line))).toBe(line);
  });
  test("is what the build makes of the data", ({ skip }) => {
    if (!existsSync(source)) skip("the Free Music Archive metadata is not beside the project");
    const read = (name: string) => readFileSync(join(source, name), "utf8");
    const built = catalogueText(read("fma-rock-vs-hiphop.csv"), read("echonest-metrics.json"));
    expect(built === text).toBe(true);
  });
});

test("a quoted field may hold commas, quotes and line breaks", () => {
  expect(parseCsv('a,b\r\n"x, ""y""\nz",\n')).toEqual([
    ["a", "b"],
    ['x, "y"\nz', ""],
  ]);
});
