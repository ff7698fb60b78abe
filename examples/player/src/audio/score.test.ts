import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tracksOf } from "../../catalogue/track.ts";
import { loopBeats, scoreOf } from "./score.ts";

const tracks = tracksOf(
  readFileSync(join(import.meta.dirname, "../../catalogue/tracks.ndjson"), "utf8"),
);

test("the same track has the same loop, and another track another", () => {
  const [a, b] = [tracks[0]!, tracks[1]!];
  expect(scoreOf(a)).toEqual(scoreOf({ ...a }));
  expect(scoreOf(a)).not.toEqual(scoreOf(b));
});

test("every loop fits its bars, within what ears and speakers take", () => {
  for (const track of tracks) {
    const { bpm, notes } = scoreOf(track);
    expect(bpm).toBeGreaterThanOrEqual(60);
    expect(bpm).toBeLessThanOrEqual(190);
    expect(notes.length).toBeGreaterThan(8);
    for (const { beat, gain, pitch } of notes) {
      expect(beat).toBeLessThan(loopBeats);
      expect(gain).toBeLessThanOrEqual(1);
      expect(pitch).toBeLessThan(100);
    }
  }
});

test("tempo and energy are heard", () => {
  const track = tracks[0]!;
  expect(scoreOf({ ...track, tempo: 90 }).bpm).toBe(90);
  const hats = (energy: number) =>
    scoreOf({ ...track, energy }).notes.filter(({ voice }) => voice === "hat").length;
  expect(hats(0.9)).toBeGreaterThan(hats(0.1));
});
