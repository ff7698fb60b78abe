import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tracksOf } from "../../catalogue/track.ts";
import { coverOf } from "./cover.ts";

const tracks = tracksOf(
  readFileSync(join(import.meta.dirname, "../../catalogue/tracks.ndjson"), "utf8"),
);

test("the same track has the same cover", () => {
  for (const track of tracks.slice(0, 50)) expect(coverOf(track)).toEqual(coverOf({ ...track }));
});

test("no two tracks have the same cover", () => {
  const drawn = tracks.map((track) => JSON.stringify(coverOf(track)));
  expect(new Set(drawn).size).toBe(tracks.length);
});

test("every cover is drawn: paths without gaps in their numbers, colours for light and for dark", () => {
  for (const track of tracks) {
    const { ground, inks, shapes } = coverOf(track);
    expect(shapes.length).toBeGreaterThan(0);
    for (const { d } of shapes) expect(d).not.toMatch(/NaN|Infinity|undefined/);
    for (const ink of [ground, ...inks]) expect(new Set(ink).size).toBe(2);
  }
});
