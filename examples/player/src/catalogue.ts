/** The catalogue in the browser: for search and browsing, and to name the tracks that reasons point at. */
import { type Genre, genres, type Track, tracksOf } from "../catalogue/track.ts";

export interface Shelf {
  /** Most heard first. */
  tracks: readonly Track[];
  byId: ReadonlyMap<string, Track>;
}

export const moods = [
  "bright and fast",
  "bright and calm",
  "dark and fast",
  "dark and calm",
] as const;
export type Mood = (typeof moods)[number];

export async function loadShelf(): Promise<Shelf> {
  const answer = await fetch("/player/tracks.ndjson");
  return shelfOf(tracksOf(await answer.text()));
}

function shelfOf(list: readonly Track[]): Shelf {
  const tracks = list.toSorted((a, b) => b.listens - a.listens);
  return { tracks, byId: new Map(tracks.map((track) => [track.id, track])) };
}

/** Nine different tracks to begin with: the most heard of each genre and mood, and one more. */
export function startersOf(shelf: Shelf): Track[] {
  const starters = genres.flatMap((genre) =>
    moods.flatMap((mood) => search(shelf, { text: "", genre, mood }, 1)),
  );
  const more = shelf.tracks.find((track) => !starters.includes(track));
  return more === undefined ? starters : [...starters, more];
}

/** Halves of the catalogue by its own numbers: the middle of valence and of energy. */
function moodOf({ valence, energy }: Pick<Track, "valence" | "energy">): Mood {
  const [glad, fast] = [valence >= 0.446, energy >= 0.649];
  return moods[(glad ? 0 : 2) + (fast ? 0 : 1)]!;
}

export interface Wanted {
  text: string;
  genre: Genre | undefined;
  mood: Mood | undefined;
}

export function search(shelf: Shelf, { text, genre, mood }: Wanted, limit: number): Track[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found: Track[] = [];
  for (const track of shelf.tracks) {
    if (genre !== undefined && track.genre !== genre) continue;
    if (mood !== undefined && moodOf(track) !== mood) continue;
    const title = track.title.toLowerCase();
    if (!words.every((word) => title.includes(word))) continue;
    found.push(track);
    if (found.length === limit) break;
  }
  return found;
}

/**
 * A track as the page shows it, from the attributes that came with a list. One from somebody's history has a
 * title and no more: its cover and sound are drawn from its id, with every feature in the middle.
 */
export function trackFrom(id: string, attributes: unknown, title?: string): Track {
  const known = (typeof attributes === "object" ? attributes : null) as Partial<Track> | null;
  return {
    tempo: 112,
    energy: 0.5,
    valence: 0.5,
    danceability: 0.5,
    acousticness: 0.5,
    instrumentalness: 0.5,
    liveness: 0.2,
    speechiness: 0.1,
    listens: 0,
    favorites: 0,
    ...known,
    id,
    title: titled(known?.title ?? title),
  };
}

function titled(title: string | undefined): string {
  return title === undefined || title === "" ? "(untitled)" : title;
}
