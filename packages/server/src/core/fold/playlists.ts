import type { PlaylistEvent } from "@attune/protocol";
import type { FoldLimits, Playlist, UserState } from "./state.ts";

/**
 * The playlists of a user, in the order of the log: the last word about one holds. One that a merge brings
 * gives way to the person's own.
 */
export function keepPlaylist(
  state: UserState,
  { playlist: id, content }: PlaylistEvent,
  at: number,
  isMerged: boolean,
  limits: Readonly<FoldLimits>,
): void {
  const known = state.playlists.get(id);
  if (isMerged && known !== undefined && !known.merged) return;
  if (content === undefined && known === undefined) return;
  const playlists = new Map(state.playlists);
  playlists.delete(id);
  if (content !== undefined) playlists.set(id, playlistOf(content, at, isMerged));
  if (playlists.size > limits.playlistsMax) playlists.delete(oldest(playlists));
  state.playlists = playlists;
}

/** Field by field: what else a payload may hold is no part of a state. */
function playlistOf(
  { title, tracks, evolving }: NonNullable<PlaylistEvent["content"]>,
  at: number,
  merged: boolean,
): Playlist {
  return {
    title,
    tracks: tracks.map(({ item, place }) => ({ item, place })),
    ...(evolving === undefined
      ? {}
      : { evolving: { placement: evolving.placement, size: evolving.size } }),
    at,
    merged,
  };
}

/** Written longest ago; of one time, the greater id. */
function oldest(playlists: ReadonlyMap<string, Playlist>): string {
  let found: { id: string; at: number } | undefined;
  for (const [id, { at }] of playlists) {
    if (found === undefined || at < found.at || (at === found.at && id > found.id))
      found = { id, at };
  }
  return found!.id;
}
