/** Reasons in plain words, made from the exact account that comes with every item: shares sum to the score. */
import type { LiveItem } from "@attune/protocol";

interface Phrase {
  alone: string;
  /** `%` stands for the title of the visitor's own track that brought the share. */
  because: string;
}

const phrases: Readonly<Record<string, Phrase>> = {
  neighbours: { alone: "From sessions like yours", because: "In sessions that had %" },
  rules: { alone: "Often comes next", because: "Often right after %" },
  taste: { alone: "Liked by the same people", because: "Liked by people who like %" },
  similar: { alone: "Goes with what you play", because: "Played along with %" },
  content: { alone: "Sounds like what you play", because: "Sounds like %" },
  weekly: { alone: "Goes with what you play", because: "Goes with %" },
  rising: { alone: "Rose last week", because: "Rose last week" },
  arrivals: { alone: "New here", because: "New here" },
  popular: { alone: "Many listeners play it", because: "Many listeners play it" },
  trending: { alone: "Rising right now", because: "Rising right now" },
  "trending-here": { alone: "Rising where you are", because: "Rising where you are" },
  catalogue: { alone: "Not heard by anybody yet", because: "Not heard by anybody yet" },
  explored: { alone: "Something to try", because: "Something to try" },
  category: { alone: "Lowered: you skip this kind", because: "Lowered: you skip tracks like %" },
  skip: { alone: "Lowered: you skipped it", because: "Lowered: you skipped it" },
};

export interface Why {
  text: string;
  /** Part of the score in percent; negative where it was lowered. */
  percent: number;
  share: number;
  source: string;
  /** Title of the visitor's own track that brought it. */
  because?: string | undefined;
}

/** The whole account, greatest share first, equal sentences added up. */
export function whyOf(entry: LiveItem, titleOf: (id: string) => string): Why[] {
  const whys = new Map<string, Why>();
  for (const { source, because: id, share } of entry.reasons) {
    const because = id === undefined ? undefined : titleOf(id);
    const text = sentence(source, because === undefined ? [] : [because]);
    const sum = (whys.get(text)?.share ?? 0) + share;
    whys.set(text, { text, source, because, share: sum, percent: percentOf(sum, entry.score) });
  }
  return [...whys.values()].sort((a, b) => b.share - a.share);
}

/** One line: the source that brings most, with up to two of the visitor's tracks behind it; or the skip. */
export function headline(whys: readonly Why[]): string {
  const skipped = whys.find(({ source }) => source === "skip");
  if (skipped !== undefined) return skipped.text;
  const first = whys[0];
  if (first === undefined) return "";
  const named = whys.filter(
    ({ source, because, share }) =>
      source === first.source && because !== undefined && share * 3 >= first.share,
  );
  return sentence(
    first.source,
    named.slice(0, 2).map(({ because }) => because!),
  );
}

function sentence(source: string, titles: readonly string[]): string {
  const phrase = phrases[source] ?? { alone: source, because: `${source}, through %` };
  if (titles.length === 0) return phrase.alone;
  const quoted = titles.map((title) => `“${title}”`).join(" and ");
  return phrase.because.replace("%", () => quoted);
}

function percentOf(share: number, score: number): number {
  return score === 0 ? 0 : Math.round((share * 1000) / score) / 10;
}
