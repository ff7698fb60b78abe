/** Reasons in plain words. */
import type { Reason } from "@attune/protocol";
import { shown } from "../terminal.ts";

/** What a source says with items of the user behind it, and without. */
const words: Readonly<Record<string, { because: string; alone: string }>> = {
  neighbours: { because: "in sessions that had", alone: "in sessions like this one" },
  rules: { because: "often comes after", alone: "often comes next" },
  taste: { because: "liked by people who liked", alone: "liked by the same people" },
  popular: { because: "many like it", alone: "many like it" },
  trending: { because: "rising now", alone: "rising now" },
  catalogue: { because: "is like", alone: "of a kind you like" },
  explored: { because: "tried out beside", alone: "tried out" },
  category: { because: "less, since you skipped", alone: "less of a kind you skip" },
  freshness: { because: "less, since it is older than", alone: "less, since it is not new" },
  skip: { because: "less, since you skipped", alone: "less, since you skipped it" },
};

const itemUnitsMax = 24;

/** The greatest shares by source: "in sessions that had 4608 (62 %) and 7 (20 %), often comes after 4608 (18 %)". */
export function inWords(reasons: readonly Reason[], score: number, max = 3): string {
  const percentOf = (share: number): number =>
    score === 0 ? 0 : Math.round((share * 100) / score);
  const sorted = [...reasons]
    .sort((a, b) => b.share - a.share)
    .filter(({ share }, i) => i === 0 || percentOf(share) > 0)
    .slice(0, max);
  return [...new Set(sorted.map(({ source }) => source))]
    .map((source) => {
      const own = sorted.filter((reason) => reason.source === source);
      const { because, alone } = words[source] ?? { because: `${source}, through`, alone: source };
      const parts = own.map((reason) => {
        const item = reason.because === undefined ? "" : ` ${shown(reason.because, itemUnitsMax)}`;
        return `${item} (${percentOf(reason.share)} %)`;
      });
      const hasItems = own[0]?.because !== undefined;
      return `${hasItems ? because : alone}${parts.join(" and")}`;
    })
    .join(", ");
}
