import type { UserState } from "../fold/state.ts";

/** Skips by item since the user last took to it, as far as the ring goes back. */
export function skipsOf(state: UserState): Map<string, number> {
  const skips = new Map<string, number>();
  const { ring } = state;
  for (let i = 0; i < ring.length; i++) {
    const item = ring.itemAt(i);
    if (ring.typeAt(i) === "skip") skips.set(item, (skips.get(item) ?? 0) + 1);
    else if (ring.strengthAt(i) > 0) skips.delete(item);
  }
  return skips;
}
