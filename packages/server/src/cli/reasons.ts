/** Reasons in plain words. */
import type { Reason } from "@attune/protocol";
import { shown } from "./terminal.ts";

const words: Readonly<Record<string, { alone: string; because: string }>> = {
  neighbours: { alone: "sessions like this one had it", because: "sessions that also had %" },
  "next-item": { alone: "often comes next", because: "often comes after %" },
  together: { alone: "liked by the same people", because: "liked by people who liked %" },
  taste: { alone: "fits your taste", because: "liked by people who liked %" },
  popular: { alone: "many like it", because: "many like it" },
  trending: { alone: "rising now", because: "rising now" },
  fresh: { alone: "new here", because: "new here" },
};

/** The greatest shares first: "often comes after 5 (62 %), sessions that also had 7 (38 %)". */
export function inWords(reasons: readonly Reason[], score: number, max = 2): string {
  const sorted = [...reasons].sort((a, b) => b.share - a.share).slice(0, max);
  return sorted
    .map(({ source, because, share }) => {
      const phrase = words[source] ?? { alone: source, because: `${source}, through %` };
      const text = because === undefined ? phrase.alone : phrase.because.replace("%", shown(because, 24));
      return `${text} (${score === 0 ? 0 : Math.round((share * 100) / score)} %)`;
    })
    .join(", ");
}
