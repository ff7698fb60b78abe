import type { UserState } from "../../../fold/state.ts";
import { skipsOf } from "../../skips.ts";
import type { Ask } from "../../source.ts";

/**
 * What an edition of a list knows of a user: nothing that came after it began, so that it stays as it is, and
 * of what they refuse all there is, since a refusal acts at once.
 */
const dayMs = 86_400_000;

/** No score of a place reaches it. */
export const fullScore = 2 ** 19;
/** More than any number that tells apart two items of the same place in all. */
const step = 128;
/** The first place is worth a twelfth more than the second, and so on, ever less. */
const steepness = 12;

/**
 * The score of a place, from 1: steep, so that in a list which is slow to move who comes anew takes their own
 * place and not the last. `number` (below `step`) tells items apart that several sources place: were two sums
 * equal, the newest touch by anybody would decide between them, and the edition would not stay as it is.
 */
export function placeScore(place: number, number: number): number {
  const part = (fullScore * steepness) / (steepness + place);
  return Math.floor(part / step) * step + number;
}

/** When the edition that holds began (ms, a midnight); of a placement without editions, the day. */
export function beganAt({ editionAt, now }: Ask): number {
  return editionAt ?? Math.floor(now / dayMs) * dayMs;
}

/** Whether the user had met the item before. What they met since is for the placement to leave out. */
export function wasKnown({ reactions }: UserState, item: string, before: number): boolean {
  const row = reactions.find(item);
  return row !== -1 && reactions.firstAt(row) < before;
}

/**
 * Distinct items that the user took to before, newest first; of a person who was not there before, all they
 * took to: their first edition grows with them. None of what they dislike or skipped since.
 */
export function tookTo(state: UserState, before: number, max: number): string[] {
  const end = isOld(state, before) ? before : Infinity;
  const skips = skipsOf(state);
  const items = new Set<string>();
  const { sessions } = state;
  for (let place = sessions.size - 1; place >= 0; place--) {
    const item = sessions.items[place]!;
    if (sessions.times[place]! >= end || state.dislikes.has(item) || skips.has(item)) continue;
    items.add(item);
    if (items.size === max) return [...items];
  }
  return [...items];
}

function isOld({ sessions }: UserState, before: number): boolean {
  const first = sessions.times[0];
  return first !== undefined && first < before;
}
