/** Reasons in plain words, made from the exact account that comes with every item: shares sum to the score. */
import type { LiveItem } from "@attune/protocol";

interface Phrase {
  alone: string;
  /** `%` stands for the title of the visitor's own track that brought the share. */
  because: string;
}

const phrases: Readonly<Record<string, Phrase>> = {
  neighbours: {
    alone: "From sessions like yours",
    because: "Heard in sessions that had % too",
  },
  rules: { alone: "Often comes next", because: "Often comes right after %" },
  taste: { alone: "Liked by the same people", because: "Liked by people who like %" },
  popular: { alone: "Many listeners play it", because: "Many listeners play it" },
  trending: { alone: "Rising right now", because: "Rising right now" },
  catalogue: { alone: "Not heard by anybody yet", because: "Not heard by anybody yet" },
  skip: { alone: "Lowered: you skipped it", because: "Lowered: you skipped it" },
};

export interface Why {
  text: string;
  /** Part of the score in percent; negative where it was lowered. */
  percent: number;
  share: number;
}

/** The whole account, greatest share first, equal sentences added up. */
export function whyOf(entry: LiveItem, titleOf: (id: string) => string): Why[] {
  const shares = new Map<string, number>();
  for (const { source, because, share } of entry.reasons) {
    const phrase = phrases[source] ?? { alone: source, because: `${source}, through %` };
    const text =
      because === undefined
        ? phrase.alone
        : phrase.because.replace("%", () => quoted(titleOf(because)));
    shares.set(text, (shares.get(text) ?? 0) + share);
  }
  return [...shares]
    .map(([text, share]) => ({ text, share, percent: percentOf(share, entry.score) }))
    .sort((a, b) => b.share - a.share);
}

/** One line: the greatest share, and a skip if there was one, since that is what the listener did last. */
export function headline(whys: readonly Why[]): string {
  const skipped = whys.find(({ text, share }) => share < 0 && text === phrases["skip"]!.alone);
  return (skipped ?? whys[0])?.text ?? "";
}

function percentOf(share: number, score: number): number {
  return score === 0 ? 0 : Math.round((share * 1000) / score) / 10;
}

function quoted(title: string): string {
  return `“${title}”`;
}
