/** A ListenBrainz export: JSON (a list) or JSON lines, a listen each. */
import { hashOf } from "../../chance.ts";
import { HistoryError, type Play } from "./play.ts";

interface Listen {
  listened_at?: unknown;
  recording_msid?: unknown;
  track_metadata?: {
    track_name?: unknown;
    recording_msid?: unknown;
    mbid_mapping?: { recording_mbid?: unknown } | null;
    additional_info?: { recording_mbid?: unknown; recording_msid?: unknown } | null;
  } | null;
}

const mbid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function listenBrainzPlays(text: string): Play[] {
  const listens = text.trimStart().startsWith("[")
    ? (JSON.parse(text) as unknown[])
    : text
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => JSON.parse(line) as unknown);
  if (!Array.isArray(listens)) throw new HistoryError("This is no list of listens.");
  return listens.flatMap((listen) => {
    const play = typeof listen === "object" && listen !== null ? playOf(listen) : undefined;
    return play === undefined ? [] : [play];
  });
}

function playOf({
  listened_at: at,
  recording_msid: outer,
  track_metadata: track,
}: Listen): Play | undefined {
  const title = track?.track_name;
  if (typeof at !== "number" || typeof title !== "string" || title === "") return undefined;
  const ids = [
    track?.mbid_mapping?.recording_mbid,
    track?.additional_info?.recording_mbid,
    outer,
    track?.recording_msid,
    track?.additional_info?.recording_msid,
  ];
  const known = ids.find((id): id is string => typeof id === "string" && mbid.test(id));
  const id = known ?? hashOf(title).toString(16).padStart(8, "0");
  return { id: `listenbrainz:${id}`, title, at: at * 1000, isSkipped: false };
}
