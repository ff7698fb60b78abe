import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tracksOf } from "../catalogue/track.ts";
import { chanceOf } from "../chance.ts";
import { pastOf } from "./history.ts";
import { distance, drifted, listenersOf, pointOf } from "./listener.ts";
import { sessionOf, shelfOf } from "./session.ts";

const tracks = tracksOf(
  readFileSync(join(import.meta.dirname, "../catalogue/tracks.ndjson"), "utf8"),
);
const shelf = shelfOf(tracks);
const listeners = listenersOf(tracks, 100, "test");
const now = Date.UTC(2026, 0, 8);
const past = (seed: string) => pastOf(listeners, shelf, { sittings: 400, days: 7, now, seed });

describe("the crowd", () => {
  test("does the same for the same seed, and something else for another", () => {
    expect(past("a")).toEqual(past("a"));
    expect(past("a")).not.toEqual(past("b"));
  });
  test("has a past in the order of time, within the days asked for, each message once", () => {
    const events = past("a");
    const times = events.map(({ timestamp }) => Date.parse(timestamp));
    expect(events.length).toBeGreaterThan(2_000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(now - 7 * 86_400_000);
    expect(times.at(-1)).toBeLessThan(now);
    expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(events.length);
  });
  test("says of every event that it is synthetic", () => {
    for (const { userId, properties } of past("a")) {
      expect(properties.synthetic).toBe(true);
      expect(userId).toMatch(/^crowd-\d{4}$/);
    }
  });
  test("skips what lies farther from the taste than what it plays", () => {
    const far = { "Track Played": [] as number[], "Song Skipped": [] as number[] };
    const points = new Map(tracks.map((track) => [track.id, pointOf(track)]));
    for (const listener of listeners) {
      for (const { event, track } of sessionOf(listener, shelf, chanceOf(listener.id)))
        if (event in far)
          far[event as keyof typeof far].push(distance(points.get(track)!, listener.taste));
    }
    const mean = (list: number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;
    expect(mean(far["Song Skipped"])).toBeGreaterThan(mean(far["Track Played"]) * 1.3);
  });
  test("drifts: a taste moves, a little in a day and further in a month", () => {
    const moved = (days: number) =>
      listeners.reduce((sum, each) => {
        return sum + distance(drifted(each, days, chanceOf(each.id)).taste, each.taste);
      }, 0) / listeners.length;
    expect(moved(1)).toBeGreaterThan(0);
    expect(moved(1)).toBeLessThan(0.2);
    expect(moved(30)).toBeGreaterThan(moved(1) * 2);
  });
});
