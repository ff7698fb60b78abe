/**
 * What a synthetic listener does in one sitting: tracks near the taste, each near the one before, the known
 * ones more often; what lies too far is skipped, what lies close is liked at times.
 */
import { type Chance, oneOf } from "../chance.ts";
import type { Track } from "../catalogue/track.ts";
import { distance, type Listener, type Point, pointOf } from "./listener.ts";

export interface Act {
  event: "Track Played" | "Song Skipped" | "Track Liked" | "Song Completed";
  track: string;
  /** Thousandths heard, of a play. */
  permille?: number | undefined;
  /** Ms since the sitting began. */
  after: number;
}

/** The catalogue as the crowd knows it: a track comes up as often as its listens say. */
export interface Shelf {
  tracks: readonly Track[];
  points: readonly Point[];
  /** Sums of weights, for drawing by popularity. */
  upTo: readonly number[];
}

const candidates = 40;
/** Most sittings look at the known part of the shelf alone, as people do. */
const knownTracks = 1_200;

export function shelfOf(tracks: readonly Track[]): Shelf {
  const known = tracks.toSorted((a, b) => b.listens - a.listens || (a.id < b.id ? -1 : 1));
  let sum = 0;
  const upTo = known.map(
    ({ listens }, i) => (sum += Math.sqrt(listens + 50) * (i < knownTracks ? 1 : 0.12)),
  );
  return { tracks: known, points: known.map(pointOf), upTo };
}

export function sessionOf(listener: Listener, shelf: Shelf, chance: Chance): Act[] {
  const acts: Act[] = [];
  const heard = new Set<number>();
  const length = 4 + Math.floor(chance() * chance() * 14);
  let mood: Point = listener.taste;
  let after = 0;
  for (let i = 0; i < length; i++) {
    const pick = nearest(mood, shelf, heard, chance);
    heard.add(pick);
    const point = shelf.points[pick]!;
    const { id } = shelf.tracks[pick]!;
    const far = distance(point, listener.taste);
    after += 4_000;
    if (far > listener.width * (1 + chance() * 0.5)) {
      after += 6_000 + Math.floor(chance() * 20_000);
      acts.push({ event: "Song Skipped", track: id, after });
      continue;
    }
    const permille = chance() < 0.2 ? 300 + Math.floor(chance() * 500) : 1_000;
    after += permille * 180 + Math.floor(chance() * 30_000);
    acts.push({ event: "Track Played", track: id, permille, after });
    if (far < listener.width * 0.7 && chance() < 0.3)
      acts.push({ event: "Track Liked", track: id, after: after + 900 });
    // The next track is sought near this one, still within reach of the taste.
    mood = point.map((value, axis) => value * 0.6 + listener.taste[axis]! * 0.4);
  }
  return acts;
}

/** The nearest of some candidates that popularity brings up. */
function nearest(mood: Point, shelf: Shelf, heard: ReadonlySet<number>, chance: Chance): number {
  let best = -1;
  let bestFar = Infinity;
  for (let i = 0; i < candidates; i++) {
    const pick = drawn(shelf, chance);
    if (heard.has(pick)) continue;
    const far = distance(shelf.points[pick]!, mood) + chance() * 0.08;
    if (far < bestFar) [best, bestFar] = [pick, far];
  }
  return best === -1 ? oneOf([...shelf.tracks.keys()], chance) : best;
}

function drawn({ upTo }: Shelf, chance: Chance): number {
  const wanted = chance() * upTo.at(-1)!;
  let [low, high] = [0, upTo.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (upTo[middle]! > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
