import type { RecommendationRequest } from "@attune/protocol";
import type { UserState } from "../../fold/state.ts";
import type { Placement } from "../placement.ts";
import { RequestError } from "../request-error.ts";
import { skipsOf } from "../skips.ts";
import type { Ask } from "../source.ts";
import { fadeTable } from "../weights.ts";

/**
 * What a source of likeness starts from: the seeds of the request, all of one weight, or else the distinct
 * items the user last took to, newest first and fading, of a shifted session half as many. One that was disliked or skipped since is none.
 */
export interface Seed {
  key: string;
  /** 1..256. */
  weight: number;
}

export const seedsRead = 8;
const weightOne = 256;
const byAgo = fadeTable(3, seedsRead, weightOne);

export function seedsOf({ seeds, state, isShifted = false }: Ask): Seed[] {
  if (seeds !== undefined)
    return seeds.slice(0, seedsRead).map((key) => ({ key, weight: weightOne }));
  const skips = skipsOf(state);
  const recent = new Set<string>();
  const most = isShifted ? seedsRead / 2 : seedsRead;
  const { ring } = state;
  for (let at = ring.length - 1; at >= 0 && recent.size < most; at--) {
    const item = ring.itemAt(at);
    if (ring.strengthAt(at) > 0 && !state.dislikes.has(item) && !skips.has(item)) recent.add(item);
  }
  return [...recent].map((key, ago) => ({ key, weight: byAgo[ago]! }));
}

/**
 * What an answer is about: the items of the request, or the playlist it names, or what the user liked last if
 * the placement asks for that. Undefined: about nothing but the user.
 */
const seedsMax = 64;
/** A strength from which one interaction is a strong liking: a like or a purchase, not a play. */
const strongMin = 3;

export function seedItems(
  placement: Placement,
  { items, playlist }: RecommendationRequest,
  state: UserState,
): readonly string[] | undefined {
  if (items !== undefined && items.length > 0) return checked(items);
  if (playlist !== undefined) {
    // One that is not there, any more or yet, or for want of a permit, is no seed: the answer is what it would be.
    const tracks = state.playlists.get(playlist)?.tracks ?? [];
    return tracks.map(({ item }) => item).slice(0, seedsMax);
  }
  if (placement.seeds !== "liking") return undefined;
  const liked = newestLiking(state);
  return liked === undefined ? [] : [liked];
}

function checked(items: readonly string[]): readonly string[] {
  if (items.length > seedsMax) throw new RequestError("items", `at most ${seedsMax} of them`);
  return [...new Set(items)];
}

/** The newest strong liking of what is not disliked; beyond the ring, the best liked, newest first. */
function newestLiking(state: UserState): string | undefined {
  const { ring } = state;
  for (let at = ring.length - 1; at >= 0; at--) {
    const item = ring.itemAt(at);
    if (ring.strengthAt(at) >= strongMin && !state.dislikes.has(item)) return item;
  }
  let best: { item: string; score: number; lastAt: number } | undefined;
  for (const [item, { score, lastAt }] of state.reactions) {
    if (score < strongMin || state.dislikes.has(item)) continue;
    const isBetter =
      best === undefined ||
      score > best.score ||
      (score === best.score &&
        (lastAt > best.lastAt || (lastAt === best.lastAt && item < best.item)));
    if (isBetter) best = { item, score, lastAt };
  }
  return best?.item;
}
