/**
 * The list of a live query as a value: how a fresh answer becomes the next list that is shown (stability), what
 * to send so that a client has it (diff), and what a client does with that (applied). Pure.
 * Laws: `applied(list, diff(list, next))` is `next`; an item on screen that may still be shown keeps its slot.
 */
import type { LiveDiff, LiveItem, LiveList, RecommendedItem } from "@attune/protocol";

const gainDefault = 100;

/**
 * The next list of `limit` items. `fresh` is the ranker's answer, longer than `limit` where items on screen
 * ask for it. Items on screen keep their slots as long as `fresh` has them at all; in the rest, which nobody
 * sees, an item passes the one before it only with `gainPermille` thousandths more score, so that lists do not
 * flicker.
 * On a list that was never sent, `onScreen` is taken for its head.
 */
export function stable(
  previous: readonly LiveItem[],
  fresh: readonly LiveItem[],
  onScreen: readonly string[],
  limit: number,
  gainPermille = gainDefault,
): LiveItem[] {
  const entries = new Map(fresh.map((entry) => [entry.id, entry]));
  const pinned = pinnedSlots(previous, entries, onScreen, limit);
  const isPinned = new Set([...pinned.values()].map(({ id }) => id));
  const tail = settled(previous, fresh, entries, isPinned, gainPermille);
  const length = Math.min(limit, isPinned.size + tail.length);
  const items: LiveItem[] = [];
  let next = 0;
  for (let slot = 0; items.length < length && slot < limit; slot++) {
    const entry = pinned.get(slot) ?? tail[next++];
    if (entry !== undefined) items.push(entry);
  }
  return items;
}

/**
 * The ranker's answer as it is, but for items on screen: a stranger's list has no past of its own, and one that was
 * arranged by more than score would lose its arrangement if scores moved it again.
 */
export function pinnedOnly(
  previous: readonly LiveItem[],
  fresh: readonly LiveItem[],
  onScreen: readonly string[],
  limit: number,
): LiveItem[] {
  if (onScreen.length === 0) return fresh.slice(0, limit);
  const before = hidden(previous, new Set(onScreen));
  return stable(before, fresh, onScreen, limit);
}

/**
 * Items that stood where a rule had pinned them, and which no rule pins any more: a campaign that is over holds no
 * slot, whoever looks at it. The reason of a pin is its rule with a share of 0.
 */
export function endedPins(
  previous: readonly LiveItem[],
  ranked: readonly Pick<RecommendedItem, "item" | "reasons">[],
): ReadonlySet<string> {
  const pinned = previous.filter(({ reasons }) => pinOf(reasons) !== undefined);
  if (pinned.length === 0) return new Set();
  const now = new Map(ranked.map(({ item, reasons }) => [item, pinOf(reasons)]));
  return new Set(
    pinned.filter(({ id, reasons }) => now.get(id) !== pinOf(reasons)).map(({ id }) => id),
  );
}

function pinOf(reasons: RecommendedItem["reasons"]): string | undefined {
  return reasons.find(({ source, share }) => share === 0 && source.startsWith("rule:"))?.source;
}

/** The previous list with only the items on screen known, each at its slot. */
function hidden(previous: readonly LiveItem[], shown: ReadonlySet<string>): LiveItem[] {
  return previous.map((entry, slot) =>
    shown.has(entry.id) ? entry : { id: `\u0000${slot}`, score: 0, reasons: [] },
  );
}

function pinnedSlots(
  previous: readonly LiveItem[],
  entries: ReadonlyMap<string, LiveItem>,
  onScreen: readonly string[],
  limit: number,
): Map<number, LiveItem> {
  const pinned = new Map<number, LiveItem>();
  const shown = new Set(onScreen);
  const slots = previous.length === 0 ? [...shown] : previous.map(({ id }) => id);
  slots.slice(0, limit).forEach((id, slot) => {
    const entry = entries.get(id);
    if (entry !== undefined && shown.has(id)) pinned.set(slot, entry);
  });
  return pinned;
}

/** Everything else: in the order it had, newcomers last, then each moved up past those it clearly beats. */
function settled(
  previous: readonly LiveItem[],
  fresh: readonly LiveItem[],
  entries: ReadonlyMap<string, LiveItem>,
  isPinned: ReadonlySet<string>,
  gainPermille: number,
): LiveItem[] {
  const known = new Set(previous.map(({ id }) => id));
  const before = previous.map(({ id }) => entries.get(id)).filter((entry) => entry !== undefined);
  const queue = [...before, ...fresh.filter(({ id }) => !known.has(id))];
  const tail: LiveItem[] = [];
  for (const entry of queue) {
    if (isPinned.has(entry.id)) continue;
    let at = tail.length;
    // Newcomers of one answer stand in the ranker's own order: no margin among them.
    while (at > 0 && passes(entry, tail[at - 1]!, known, gainPermille)) at -= 1;
    tail.splice(at, 0, entry);
  }
  return tail;
}

function passes(
  entry: LiveItem,
  before: LiveItem,
  known: ReadonlySet<string>,
  gainPermille: number,
): boolean {
  if (!known.has(entry.id) && !known.has(before.id)) return false;
  return entry.score * 1_000 > before.score * (1_000 + gainPermille);
}

/**
 * Whether the next list is worth a push: another order or label, or the old one names an event that the new one no
 * longer does. Numbers alone move with every event of anybody and are sent along with the next real change.
 */
export function isChanged(previous: LiveList, items: readonly LiveItem[]): boolean {
  if (previous.items.length !== items.length) return true;
  for (let i = 0; i < items.length; i++) {
    const [old, item] = [previous.items[i]!, items[i]!];
    if (old.id !== item.id || old.label !== item.label) return true;
  }
  const named = eventsNamed(items);
  for (const because of eventsNamed(previous.items)) if (!named.has(because)) return true;
  return false;
}

function eventsNamed(items: readonly LiveItem[]): Set<string> {
  const named = new Set<string>();
  for (const { reasons } of items) {
    for (const { because } of reasons) if (because !== undefined) named.add(because);
  }
  return named;
}

export function diff(from: LiveList, to: LiveList): LiveDiff {
  const before = new Map(from.items.map((entry) => [entry.id, entry]));
  const set: LiveItem[] = [];
  const shares: [string, number[]][] = [];
  for (const entry of to.items) {
    const old = before.get(entry.id);
    if (old === undefined || !isSameStory(old, entry)) set.push(entry);
    else if (!isSameNumbers(old, entry))
      shares.push([entry.id, [entry.score, ...entry.reasons.map(({ share }) => share)]]);
  }
  const { placement, v, decisionId, position, personal } = to;
  return {
    type: "recommendation.changed",
    placement,
    v,
    from: from.v,
    decisionId,
    position,
    personal,
    order: to.items.map(({ id }) => id),
    set,
    shares: Object.fromEntries(shares),
  };
}

/** What a client does; throws when the diff is not for this list. */
export function applied(list: LiveList, change: LiveDiff): LiveList {
  if (change.from !== list.v) throw new Error(`a diff from ${change.from} on list ${list.v}`);
  const entries = new Map([...list.items, ...change.set].map((entry) => [entry.id, entry]));
  const items = change.order.map((id) => {
    const entry = entries.get(id);
    if (entry === undefined) throw new Error(`the diff lacks ${id}`);
    if (!Object.hasOwn(change.shares, id)) return entry;
    const [score, ...shares] = change.shares[id]!;
    const reasons = entry.reasons.map((reason, i) => ({ ...reason, share: shares[i]! }));
    return { ...entry, score: score!, reasons };
  });
  const { placement, v, decisionId, position, personal } = change;
  return { type: "recommendation.list", placement, v, decisionId, position, personal, items };
}

/** Same sources and events named, same label and attributes: what is left to send are numbers. */
function isSameStory(a: LiveItem, b: LiveItem): boolean {
  if (a.reasons.length !== b.reasons.length || a.label !== b.label) return false;
  for (let i = 0; i < a.reasons.length; i++) {
    const [x, y] = [a.reasons[i]!, b.reasons[i]!];
    if (x.source !== y.source || x.because !== y.because) return false;
  }
  return a.item === b.item || JSON.stringify(a.item) === JSON.stringify(b.item);
}

function isSameNumbers(a: LiveItem, b: LiveItem): boolean {
  return a.score === b.score && a.reasons.every(({ share }, i) => share === b.reasons[i]!.share);
}

export function liveItem(
  { item: id, score, reasons, label }: RecommendedItem,
  item: unknown,
): LiveItem {
  const entry = label === undefined ? { id, score, reasons } : { id, score, reasons, label };
  return item === undefined ? entry : { ...entry, item };
}

/** The entry with the shares of its reasons as they are, but without the names of such items. */
export function unnamed(entry: LiveItem, isSuch: (id: string) => boolean): LiveItem {
  if (!entry.reasons.some(({ because = entry.id }) => isSuch(because))) return entry;
  const reasons = entry.reasons.map((one) =>
    isSuch(one.because ?? entry.id) ? { source: one.source, share: one.share } : one,
  );
  return { ...entry, reasons };
}

/** Whether the list shows such an item or gives one as a reason. */
export function names({ items }: LiveList, isSuch: (id: string) => boolean): boolean {
  return items.some(
    ({ id, reasons }) => isSuch(id) || reasons.some(({ because = id }) => isSuch(because)),
  );
}

export function lacks(items: readonly RecommendedItem[], wanted: readonly string[]): boolean {
  const known = new Set(items.map(({ item }) => item));
  return wanted.some((item) => !known.has(item));
}
