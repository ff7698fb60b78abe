import { foldLimits, type UserState } from "../fold/state.ts";
import { isTaste } from "../fold/taste.ts";

/** What the user has a taste for, newest reaction first, then by item: the user's own order, whatever order the map has. */
export function tasteItems(state: UserState): string[] {
  return [...state.reactions]
    .filter(([key, reaction]) => isTaste(state, key, reaction.score, foldLimits))
    .toSorted(([x, a], [y, b]) => b.lastAt - a.lastAt || (x < y ? -1 : 1))
    .slice(0, foldLimits.tasteItemsMax)
    .map(([key]) => key);
}
