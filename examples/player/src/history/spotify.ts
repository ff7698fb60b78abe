/**
 * Spotify's extended streaming history (`Streaming_History_Audio_*.json`). Only the fields named here are kept
 * while the text is read: the address a listen came from is dropped unread, as is everything else.
 */
import { HistoryError, type Play } from "./play.ts";

const fields = ["ts", "ms_played", "skipped", "spotify_track_uri", "master_metadata_track_name"];
const kept = new Set(fields);
/** Shorter listens count as skips where the export does not say. */
const listenMsMin = 30_000;
const uri = /^spotify:track:[0-9A-Za-z]{22}$/;

interface Entry {
  ts?: unknown;
  ms_played?: unknown;
  skipped?: unknown;
  spotify_track_uri?: unknown;
  master_metadata_track_name?: unknown;
}

export function spotifyPlays(text: string): Play[] {
  // List positions and the list itself (the empty key) must stay, or there is nothing left.
  const isKept = (key: string): boolean => key === "" || /^\d+$/.test(key) || kept.has(key);
  const entries: unknown = JSON.parse(text, (key, value: unknown) =>
    isKept(key) ? value : undefined,
  );
  if (!Array.isArray(entries)) throw new HistoryError("This is no list of streams.");
  return entries.flatMap((entry: Entry | null) => {
    const play = entry === null ? undefined : playOf(entry);
    return play === undefined ? [] : [play];
  });
}

/** Podcasts, local files and entries without a time are left out. */
function playOf(entry: Entry): Play | undefined {
  const {
    ts,
    ms_played: played,
    skipped,
    spotify_track_uri: id,
    master_metadata_track_name: title,
  } = entry;
  const at = typeof ts === "string" ? Date.parse(ts) : NaN;
  if (typeof id !== "string" || !uri.test(id) || typeof title !== "string" || title === "")
    return undefined;
  if (Number.isNaN(at)) return undefined;
  const isShort = typeof played === "number" && played < listenMsMin;
  return { id, title, at, isSkipped: typeof skipped === "boolean" ? skipped || isShort : isShort };
}
