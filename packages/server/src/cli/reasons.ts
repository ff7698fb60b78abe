/** Reasons in plain words. */
import type { Reason } from "@attune/protocol";
import { shown } from "./terminal.ts";

const words: Readonly<Record<string, { alone: string; because: string }>> = {
  neighbours: { alone: "in sessions like this one", because: "in sessions that had %" },
  rules: { alone: "often comes next", because: "often comes after %" },
  taste: { alone: "liked by the same people", because: "liked by people who liked %" },
  popular: { alone: "many like it", because: "many like it" },
  trending: { alone: "rising now", because: "rising now" },
  catalogue: { alone: "of a kind you like", because: "like %" },
  skip: { alone: "less, since you skipped it", because: "less, since you skipped it" },
};

/** The greatest shares first: "often comes after 5 (62 %), in sessions that had 7 (38 %)". */
export function inWords(reasons: readonly Reason[], score: number, max = 2): string {
  const sorted = [...reasons].sort((a, b) => b.share - a.share).slice(0, max);
  return sorted
    .map(({ source, because, share }) => {
      const phrase = words[source] ?? { alone: source, because: `${source}, through %` };
      const text =
        because === undefined ? phrase.alone : phrase.because.replace("%", shown(because, 24));
      return `${text} (${score === 0 ? 0 : Math.round((share * 100) / score)} %)`;
    })
    .join(", ");
}
