/**
 * A synthetic listener: a taste in the space of the audio features, which drifts from day to day. Nobody real
 * stands behind one, and the player says so wherever the crowd shows.
 */
import { type Chance, chanceOf, spread } from "../chance.ts";
import type { Track } from "../catalogue/track.ts";

/** Where a taste lies: each axis about 0 to 1. */
export type Point = readonly number[];

export interface Listener {
  id: string;
  taste: Point;
  /** How far a track may lie from the taste before it is skipped. */
  width: number;
  /** How often this one comes, against the others. */
  keenness: number;
}

/** The axes of taste. Genre weighs most, as it does for people; tempo is halved in range to fit the others. */
export function pointOf(track: Track): Point {
  return [
    track.genre === "Hip-Hop" ? 1.1 : 0,
    track.energy,
    track.valence,
    track.danceability,
    track.acousticness * 0.8,
    Math.min(1, Math.max(0, (track.tempo - 60) / 140)) * 0.7,
    track.instrumentalness * 0.5,
  ];
}

export function distance(a: Point, b: Point): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** Listeners whose tastes start at tracks of the catalogue, so that nobody likes what does not exist. */
export function listenersOf(tracks: readonly Track[], count: number, seed: string): Listener[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `crowd-${String(i + 1).padStart(4, "0")}`;
    const chance = chanceOf(`${seed} ${id}`);
    const home = tracks[Math.floor(chance() * tracks.length)]!;
    return {
      id,
      taste: pointOf(home),
      width: 0.28 + chance() * 0.22,
      keenness: 0.2 + chance() ** 3 * 3,
    };
  });
}

/** The same listener some time later: the taste has moved a little, and never far at once. */
export function drifted(listener: Listener, days: number, chance: Chance): Listener {
  const step = 0.035 * Math.sqrt(days);
  const taste = listener.taste.map((value, axis) =>
    axis === 0 ? value : value + spread(chance) * step,
  );
  return { ...listener, taste };
}
