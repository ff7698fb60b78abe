import type { UserState } from "../fold/state.ts";

/** Skips by item since the user last took to it, as far as the ring goes back. */
export function skipsOf(state: UserState): Map<string, number> {
  const skips = new Map<string, number>();
  for (const { item, type, strength } of state.ring) {
    if (type === "skip") skips.set(item, (skips.get(item) ?? 0) + 1);
    else if (strength > 0) skips.delete(item);
  }
  return skips;
}
