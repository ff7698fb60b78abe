import type { Placement } from "../../placement.ts";

const dayMs = 86_400_000;
/** 1 January 1970 was the fourth day of its week. */
const firstDay = 4;

/** When the edition began that holds at `now` (ms, a midnight in UTC); undefined of a placement without any. */
export function editionAt({ editionDay }: Placement, now: number): number | undefined {
  if (editionDay === undefined) return undefined;
  const day = Math.floor(now / dayMs);
  const weekday = ((day + firstDay - 1) % 7) + 1;
  const since = (weekday - editionDay + 7) % 7;
  return (day - since) * dayMs;
}
