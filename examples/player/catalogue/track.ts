/**
 * A track of the demo catalogue, and the compact file it is kept in: one JSON array a line, features as whole
 * thousandths. The data has no artists and no recordings, so a track has neither.
 */
export const genres = ["Rock", "Hip-Hop"] as const;
export type Genre = (typeof genres)[number];

/** What the data says about the sound, each from 0 to 1 except the tempo. */
export interface Features {
  /** Beats a minute. */
  tempo: number;
  energy: number;
  valence: number;
  danceability: number;
  acousticness: number;
  instrumentalness: number;
  liveness: number;
  speechiness: number;
}

export interface Track extends Features {
  id: string;
  title: string;
  /** Absent for a track that came with somebody's listening history. */
  genre?: Genre | undefined;
  /** How often it had been heard, and kept as a favourite, where the data was collected. */
  listens: number;
  favorites: number;
}

const featureNames = [
  "energy",
  "valence",
  "danceability",
  "acousticness",
  "instrumentalness",
  "liveness",
  "speechiness",
] as const;

/** Where a track lies among sounds, as integers of 8 bits around the middle: what likeness is measured by. */
export function vectorOf(track: Features): number[] {
  const small = (part: number): number =>
    Math.max(-127, Math.min(127, Math.round((part - 0.5) * 254)));
  return [small((track.tempo - 60) / 120), ...featureNames.map((name) => small(track[name]))];
}

const idPrefix = "fma-";

/** A line of the file; the order of its columns is the file's format. */
export function lineOf(track: Track): string {
  const number = Number(track.id.slice(idPrefix.length));
  const features = featureNames.map((name) => Math.round(track[name] * 1000));
  const genre = track.genre === undefined ? -1 : genres.indexOf(track.genre);
  const { title, listens, favorites, tempo } = track;
  const tenths = Math.round(tempo * 10);
  return JSON.stringify([number, title, genre, listens, favorites, tenths, ...features]);
}

export function trackOf(line: string): Track {
  const [number, title, genre, listens, favorites, tenths, ...features] = JSON.parse(line) as [
    number,
    string,
    ...number[],
  ];
  const named = Object.fromEntries(featureNames.map((name, i) => [name, features[i]! / 1000]));
  return {
    id: `${idPrefix}${number}`,
    title,
    genre: genres[genre!],
    listens: listens!,
    favorites: favorites!,
    tempo: tenths! / 10,
    ...(named as Omit<Features, "tempo">),
  };
}

export function tracksOf(text: string): Track[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(trackOf);
}
