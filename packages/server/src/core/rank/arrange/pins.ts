import type { CatalogueItem } from "../catalogue.ts";
import type { Pin } from "../merchandise/in-force.ts";

export interface Pinned {
  list: string[];
  /** Of the items that a rule put in their slots: the source of that reason. */
  sources: ReadonlyMap<string, string>;
}

/**
 * Puts into each kept slot the first of its items that may be shown and stands in no slot before. Of two that
 * want one slot, the later moves to the next. Pins come last: what the caps say does not hold for them, what an
 * answer must not hold does. A slot beyond the list's end is its end, one beyond the limit is none.
 */
export function pinned(
  list: readonly string[],
  pins: readonly Pin[],
  limit: number,
  mayStand: (id: string) => boolean,
  itemOf: (id: string) => CatalogueItem | undefined,
): Pinned {
  const chosen = new Map<string, { slot: number; source: string }>();
  let nextSlot = 0;
  for (const { slot, source, items, concerns } of pins) {
    const at = Math.max(slot, nextSlot);
    if (at >= limit) break;
    const id = items.find((one) => !chosen.has(one) && concerns(itemOf(one), one) && mayStand(one));
    if (id === undefined) continue;
    nextSlot = at + 1;
    chosen.set(id, { slot: at, source });
  }
  const arranged = list.filter((id) => !chosen.has(id));
  for (const [id, { slot }] of chosen) arranged.splice(Math.min(slot, arranged.length), 0, id);
  const sources = new Map([...chosen].map(([id, { source }]) => [id, source]));
  return { list: arranged.slice(0, limit), sources };
}
