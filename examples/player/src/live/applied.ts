import type { LiveDiff, LiveList } from "@attune/protocol";

/** The list that a diff leads to; undefined when the diff is not for this list, or not whole. */
export function applied(list: LiveList, change: LiveDiff): LiveList | undefined {
  if (change.from !== list.v || !("set" in change)) return undefined;
  const entries = new Map([...list.items, ...change.set].map((entry) => [entry.id, entry]));
  const items = change.order.map((id) => {
    const entry = entries.get(id);
    const numbers = change.shares?.[id];
    if (entry === undefined || numbers === undefined) return entry;
    const [score = 0, ...shares] = numbers;
    const reasons = entry.reasons.map((reason, i) => ({ ...reason, share: shares[i] ?? 0 }));
    return { ...entry, score, reasons };
  });
  if (!items.every((entry) => entry !== undefined)) return undefined;
  const { placement, v, decisionId, position, personal } = change;
  return { type: "recommendation.list", placement, v, decisionId, position, personal, items };
}
