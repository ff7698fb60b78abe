import { type RewardOutcome, rewardOutcomes } from "../../fold/contribution.ts";
import type { Models } from "../../sum/models.ts";
import { decayTable } from "../../sum/decay.ts";
import { type Cap, keepsCaps } from "../arrange/diversity.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Scores } from "../scores.ts";
import type { Exploration } from "./budget.ts";
import { drawBits } from "./key.ts";
import { triedIn } from "./slice.ts";
import { certain, choiceParts, type Tried } from "./thompson.ts";

/** The list as it stands without chance, and what holds for whatever else might stand there. */
export interface Arranged {
  placement: string;
  budget: Exploration;
  /** What chance hangs on. */
  key: string;
  /** The request's time, ms. */
  now: number;
  /** The slice of what the request states of its circumstances (fold/context.ts). */
  slice: number;
  list: readonly string[];
  /** The first so many slots are shown; what stands behind them is only known. */
  size: number;
  /** Slots from this one on are left alone: their order is chance's already. */
  end: number;
  /** Candidates in canonical order, with those of the list among them. */
  candidates: readonly string[];
  /** Items that nothing may put out of their slots: pinned by a rule, or on somebody's screen. */
  fixed: ReadonlySet<string>;
  caps: readonly Cap[];
  catalogue: Catalogue;
  models: Models;
  totals: Scores;
}

/** How an item came by its slot. */
export interface Draw {
  propensity: number;
  /** What the slot's own item has more score than the one that was drawn: it stands for that item. */
  share: number;
}

/** Until so many slots of a placement were seen and left, nobody reports what is seen: nothing could be learned. */
export const leftMin = 100;

const dayMs = 86_400_000;
/** Weights of counts by age in days; half of it after a fortnight. */
const fading = decayTable(14, 256);

/**
 * Lets chance decide some slots of a list: of every so many slots one, drawn among the item that would stand there
 * and candidates that stand nowhere, each as often as a Thompson sampler would take it. What is drawn takes the
 * slot of the item that would stand there; nothing else moves. The candidates are dealt out to the parts of the list
 * beforehand, so what one slot is drawn from does not hang on another draw (but for caps).
 */
export class Explorer {
  #arranged: Arranged | undefined;
  #spares: readonly string[] = [];
  /** Items as drawn, by slot. */
  readonly #drawn = new Map<number, string>();

  /** Forgets the last list: nothing of the next one is drawn. */
  clear(): void {
    this.#arranged = undefined;
  }

  /** The list with what was drawn, and how that came about by item. */
  draw(arranged: Arranged): { list: readonly string[]; draws: ReadonlyMap<string, Draw> } {
    const { budget, key, size, list } = arranged;
    this.#drawn.clear();
    this.#arranged = isHeard(arranged) ? arranged : undefined;
    const draws = new Map<string, Draw>();
    if (this.#arranged === undefined) return { list, draws };
    const head = new Set(list.slice(0, size));
    this.#spares = arranged.candidates.filter((id) => !head.has(id));
    const { everySlots, firstSlot, uniformPermille } = budget;
    for (let start = 0; start < Math.min(size, list.length); start += everySlots) {
      const from = Math.max(start, firstSlot);
      const slots = start + everySlots - from;
      if (slots <= 0) continue;
      const slot = from + Math.floor((drawBits(key, "slot", start) / 2 ** 32) * slots);
      const arms = this.armsAt(slot);
      if (arms.length < 2) continue;
      const parts = choiceParts(
        arms.map((id) => tried(arranged, id)),
        uniformPermille,
      );
      const arm = chosen(
        arms,
        parts,
        Math.floor((drawBits(key, "item", slot) / 2 ** 32) * certain),
      );
      const share = scoreOf(arranged, arms[0]!) - scoreOf(arranged, arms[arm]!);
      draws.set(arms[arm]!, { propensity: parts[arm]! / certain, share });
      this.#drawn.set(slot, arms[arm]!);
    }
    return { list: this.#listBefore(Infinity), draws };
  }

  /**
   * The items that a slot of the last list would be drawn from if chance picks that slot, first the one that stands
   * there otherwise; none where nothing can be drawn.
   */
  armsAt(slot: number): readonly string[] {
    const arranged = this.#arranged;
    if (arranged === undefined) return [];
    const { budget, size, end, list, fixed, caps, catalogue } = arranged;
    if (slot < budget.firstSlot || slot >= Math.min(size, end, list.length)) return [];
    const own = list[slot]!;
    if (fixed.has(own) || scoreOf(arranged, own) === 0) return [];
    const { everySlots } = budget;
    const start = slot - (slot % everySlots);
    const standing = caps.length === 0 ? list : this.#listBefore(start);
    const arms = [own];
    const parts = partsOf(budget, size);
    for (
      let i = start / everySlots - firstPart(budget);
      i < this.#spares.length && arms.length < budget.arms;
      i += parts
    ) {
      const spare = this.#spares[i]!;
      if (keepsCaps(standing, slot, spare, caps, catalogue)) arms.push(spare);
    }
    return arms.length < 2 ? [] : arms;
  }

  /** The list with what was drawn for the slots before `end`; an item that stood further down stands there no more. */
  #listBefore(end: number): readonly string[] {
    const { list, size } = this.#arranged!;
    const drawn = [...this.#drawn].filter(([slot]) => slot < end);
    const isDrawn = new Set(drawn.map(([, id]) => id));
    const head = list.slice(0, size);
    for (const [slot, id] of drawn) head[slot] = id;
    return [...head, ...list.slice(size).filter((id) => !isDrawn.has(id))];
  }
}

/** Candidates that the slots of a list may be drawn from, beside those that stand in it. */
export function sparesOf(budget: Exploration, size: number): number {
  return partsOf(budget, size) * (budget.arms - 1);
}

/** Parts of a list in each of which one slot may be drawn; they begin with number `firstPart` of all. */
function partsOf(budget: Exploration, size: number): number {
  return Math.max(0, Math.ceil(size / budget.everySlots) - firstPart(budget));
}

function firstPart({ firstSlot, everySlots }: Exploration): number {
  return Math.floor(firstSlot / everySlots);
}

/** Whether what is shown in the placement is reported as seen, also where nothing follows. */
function isHeard({ models, placement }: Arranged): boolean {
  const number = models.items.find(placement);
  if (number < 0) return false;
  const total = (outcome: RewardOutcome): number => models.rewards.total(number, outcome);
  const followed = total("click") + total("complete") + total("skip") + total("purchase");
  return total("shown") - followed >= leftMin;
}

const [shownPlace, clickPlace] = [rewardOutcomes.indexOf("shown"), rewardOutcomes.indexOf("click")];

function tried({ models, placement, now, slice }: Arranged, id: string): Tried {
  const [where, item] = [models.items.find(placement), models.items.find(id)];
  const faded = models.rewards.faded(where, item, Math.floor(now / dayMs), fading, slice);
  const triedOf = (counts: readonly number[]): Tried => ({
    shown: counts[shownPlace]!,
    taken: counts[clickPlace]!,
  });
  return triedIn(triedOf(faded.slice), triedOf(faded.whole), fading[0]!);
}

/** What an item scores; 0 where it fills a list up. */
export function scoreOf(
  { models, totals }: Pick<Arranged, "models" | "totals">,
  id: string,
): number {
  const item = models.items.find(id);
  return item >= 0 && totals.has(item) ? Math.max(0, totals.get(item)) : 0;
}

/**
 * Which arm the number `drawn` below `certain` falls to. They lie side by side in order of their ids, not of their
 * scores: two that change places in the ranking do not change what is drawn.
 */
function chosen(arms: readonly string[], parts: readonly number[], drawn: number): number {
  const order = arms.map((_, i) => i).sort((a, b) => (arms[a]! < arms[b]! ? -1 : 1));
  let left = drawn;
  for (const arm of order) {
    left -= parts[arm]!;
    if (left < 0) return arm;
  }
  return order.at(-1)!;
}
