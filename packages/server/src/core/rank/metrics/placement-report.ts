/**
 * How a placement does over some days, from the sums alone: how much of the catalogue its readers saw, how evenly,
 * how popular that is, and what came of it for new and for heavy users; each beside the most popular items. Nobody
 * without a permit is in it, since nobody is in the sums. Days are whole UTC days since 1970.
 */
import { judgedMax } from "../../fold/audiences.ts";
import { type Audience, type AudienceCount, audiences } from "../../fold/contribution.ts";
import type { Models } from "../../sum/models.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Takedowns } from "../merchandise/takedown.ts";

export interface Days {
  from: number;
  to: number;
}

/** How seen slots lie over the items that there are. A share of nothing is null. */
export interface Spread {
  /** Items seen at least once, and that as a share of those that there are. */
  items: number;
  coverage: number | null;
  /** 0: every item was seen equally often; towards 1: one item took all. */
  gini: number | null;
  /** Share of what was seen that the hundredth of items seen most took. */
  topPercentShare: number | null;
  /** Mean popularity of a seen slot, over that of an item of the catalogue and over that of what people touched. */
  popularityLift: { overCatalogue: number | null; overTouched: number | null };
}

/** What came of the slots that were seen, and how often the next thing taken stood in which list. */
export interface Quality {
  seen: number;
  clicks: number;
  completions: number;
  skips: number;
  purchases: number;
  clickRate: number | null;
  /** Answers judged by what their reader took next, in the whole placement or out of it. */
  judged: number;
  hitRate: number | null;
  popularHitRate: number | null;
}

export interface PlacementReport {
  /** Items that there are: those of the catalogue that are not taken down; without one, whatever was touched or seen. */
  catalogue: number;
  exposure: Spread;
  /** As many most popular items of these days as are judged, each seen equally often: what everybody would be shown. */
  mostPopular: Spread;
  audiences: Record<"all" | Audience, Quality>;
}

/** Rows looked at in a turn; between turns the sums may move on. */
const rowsPerStep = 20_000;
const hoursPerDay = 24;

/** The report, in steps of a millisecond or so each, for who has others to serve meanwhile. */
export function* placementReport(
  models: Models,
  catalogue: Catalogue,
  takedowns: Takedowns = {},
  placement: string,
  days: Days,
): Generator<void, PlacementReport> {
  const size = models.items.size;
  const touched = new Float64Array(size);
  const seen = new Float64Array(size);
  yield* addTouches(models, days, touched);
  yield* addSeen(models, placement, days, seen);
  const { keys } = models.items;
  const isThere = (item: number): boolean => {
    const id = keys[item]!;
    return (
      (catalogue.size === 0 || catalogue.get(id) !== undefined) && !Object.hasOwn(takedowns, id)
    );
  };
  const shown = new Shown();
  const people = new Touches();
  let met = 0;
  for (let item = 0; item < size; item++) {
    if (item % rowsPerStep === 0) yield;
    if ((touched[item]! <= 0 && seen[item]! <= 0) || !isThere(item)) continue;
    met++;
    shown.add(seen[item]!, touched[item]!);
    people.add(touched[item]!);
  }
  const gone = Object.keys(takedowns).filter((id) => catalogue.get(id) !== undefined).length;
  const count = catalogue.size === 0 ? met : catalogue.size - gone;
  const popular = new Shown();
  for (const touches of people.most) popular.add(1, touches);
  const qualities = audiences.map(
    (one) => [one, qualityOf(models, placement, [one], days)] as const,
  );
  return {
    catalogue: count,
    exposure: spreadOf(shown, count, people),
    mostPopular: spreadOf(popular, count, people),
    audiences: {
      all: qualityOf(models, placement, audiences, days),
      ...(Object.fromEntries(qualities) as Record<Audience, Quality>),
    },
  };
}

/** Users by item and day, as popularity counts them. */
function* addTouches({ popularity, items }: Models, days: Days, touched: Float64Array) {
  const all = items.find("all");
  const end = (days.to + 1) * hoursPerDay;
  const hours = end - days.from * hoursPerDay;
  for (let row = 0; row < popularity.rowCount; row++) {
    if (row % rowsPerStep === 0) yield;
    if (popularity.dimensionOf(row) !== all) continue;
    touched[popularity.itemOf(row)] = popularity.recent(row, end - 1, hours, end);
  }
}

function* addSeen({ rewards, items }: Models, placement: string, days: Days, seen: Float64Array) {
  const id = items.find(placement);
  for (let row = 0; row < rewards.rowCount; row++) {
    if (row % rowsPerStep === 0) yield;
    if (rewards.placementOf(row) !== id) continue;
    seen[rewards.itemOf(row)] = rewards.countOf(row, "shown", days.from, days.to);
  }
}

/** How often people touched the items that there are. */
class Touches {
  sum = 0;
  squares = 0;
  /** The largest `judgedMax`, in descending order. */
  readonly most: number[] = [];

  add(touches: number): void {
    this.sum += touches;
    this.squares += touches * touches;
    const { most } = this;
    if (touches <= 0 || (most.length === judgedMax && touches <= most.at(-1)!)) return;
    let place = most.length;
    while (place > 0 && most[place - 1]! < touches) place--;
    most.splice(place, 0, touches);
    if (most.length > judgedMax) most.pop();
  }
}

/** How often items were seen. Many share a count, so the counts are what is kept and sorted. */
class Shown {
  items = 0;
  sum = 0;
  /** Touches of the item of every seen slot. */
  touches = 0;
  readonly #byCount = new Map<number, number>();

  add(seen: number, touches: number): void {
    if (seen <= 0) return;
    this.items++;
    this.sum += seen;
    this.touches += seen * touches;
    this.#byCount.set(seen, (this.#byCount.get(seen) ?? 0) + 1);
  }

  /** (times seen, items), rarely seen ones first. */
  counts(): [number, number][] {
    return [...this.#byCount].sort(([a], [b]) => a - b);
  }
}

function spreadOf(shown: Shown, count: number, people: Touches): Spread {
  const popularity = shown.touches / shown.sum;
  return {
    items: shown.items,
    coverage: figure(shown.items / count),
    gini: figure(giniOf(shown, count)),
    topPercentShare: figure(headOf(shown, Math.ceil(count / 100)) / shown.sum),
    popularityLift: {
      overCatalogue: figure(popularity / (people.sum / count)),
      overTouched: figure(popularity / (people.squares / people.sum)),
    },
  };
}

/** 2 sum(i x_i) / (n sum(x)) - (n + 1) / n over all items in ascending order, those that nobody saw included. */
function giniOf(shown: Shown, count: number): number {
  let rank = count - shown.items;
  let ranked = 0;
  for (const [seen, items] of shown.counts()) {
    ranked += seen * (items * rank + (items * (items + 1)) / 2);
    rank += items;
  }
  return (2 * ranked) / (count * shown.sum) - (count + 1) / count;
}

/** How often the items seen most were seen together. */
function headOf(shown: Shown, items: number): number {
  let left = items;
  let sum = 0;
  for (const [seen, same] of shown.counts().reverse()) {
    const taken = Math.min(left, same);
    sum += seen * taken;
    left -= taken;
  }
  return sum;
}

function qualityOf(
  { audiences: sum }: Models,
  placement: string,
  among: readonly Audience[],
  { from, to }: Days,
): Quality {
  const count = (counted: AudienceCount): number =>
    among.reduce((all, one) => all + sum.count(placement, one, counted, from, to), 0);
  const [seen, clicks] = [count("shown"), count("click")];
  const [neither, listed, popular, both] = [
    count("neither"),
    count("listed"),
    count("popular"),
    count("both"),
  ];
  const judged = neither + listed + popular + both;
  return {
    seen,
    clicks,
    completions: count("complete"),
    skips: count("skip"),
    purchases: count("purchase"),
    clickRate: figure(clicks / seen),
    judged,
    hitRate: figure((listed + both) / judged),
    popularHitRate: figure((popular + both) / judged),
  };
}

/** In millionths; null of what was divided by nothing. */
function figure(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value * 1e6) / 1e6 : null;
}
