/** The rows below the queue, each a live list of its own placement; as many tracks as a row asks for. */
import type { LiveItem, LiveList } from "@attune/protocol";

export const shelfLimits = { "because-you": 20, "discover-weekly": 30, trending: 20 } as const;
export type ShelfName = keyof typeof shelfLimits;
export const shelfNames = Object.keys(shelfLimits) as ShelfName[];

/** The track of the visitor's own that a row is about: the one that most of its reasons name. */
export function subjectOf(list: LiveList): string | undefined {
  const counts = new Map<string, number>();
  for (const { because } of list.items.flatMap(({ reasons }) => reasons)) {
    if (because !== undefined) counts.set(because, (counts.get(because) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** How many of the tracks a source has a share in. */
export function countFrom(items: readonly LiveItem[], source: string): number {
  return items.filter(({ reasons }) => reasons.some((one) => one.source === source)).length;
}
