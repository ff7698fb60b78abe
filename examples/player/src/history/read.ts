/** Files that were dropped or chosen become listens in the order of time, each listen once. */
import { listenBrainzPlays } from "./listenbrainz.ts";
import { HistoryError, type Play } from "./play.ts";
import { spotifyPlays } from "./spotify.ts";

/** What a list can remember: more would be sent, stored and not felt. */
export const playsMax = 5_000;

export interface History {
  /** Oldest first; at most `playsMax`, the newest. */
  plays: Play[];
  /** How many listens the files held. */
  found: number;
}

export function playsOf(name: string, text: string): Play[] {
  const isListenBrainz = /"(listened_at|track_metadata)"/.test(text.slice(0, 20_000));
  const isSpotify = /"(spotify_track_uri|ms_played)"/.test(text.slice(0, 20_000));
  try {
    if (isListenBrainz) return listenBrainzPlays(text);
    if (isSpotify) return spotifyPlays(text);
  } catch (error) {
    if (error instanceof HistoryError) throw new HistoryError(`${name}: ${error.message}`);
    throw new HistoryError(`${name} is cut off or is not JSON.`);
  }
  throw new HistoryError(
    `${name} is neither a Spotify extended history nor a ListenBrainz export.`,
  );
}

export function historyOf(lists: readonly (readonly Play[])[]): History {
  const all = new Map<string, Play>();
  for (const play of lists.flat()) all.set(`${play.at} ${play.id}`, play);
  const plays = [...all.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  if (plays.length === 0) throw new HistoryError("There is no music in it that could be sent.");
  return { plays: plays.slice(-playsMax), found: plays.length };
}
