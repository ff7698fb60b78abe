import type { Context } from "@attune/protocol";
import type { Items } from "../../sum/items.ts";
import type { Moves } from "../adjust/moves.ts";
import type { CatalogueItem } from "../catalogue.ts";
import type { Entries } from "../entries.ts";
import type { Filters } from "../filter/filters.ts";
import type { Asker, Predicate } from "../filter/predicate.ts";
import type { Scores } from "../scores.ts";
import { type Ceiling, isRunning, type Rule } from "./rule.ts";

/** No boosted score passes it, so that products of scores and weights stay exact. */
const scoreMax = 2 ** 33 - 1;

/** A slot that a rule keeps for the first of some items that may be shown. */
export interface Pin {
  slot: number;
  /** Source of its reason. */
  source: string;
  items: readonly string[];
  concerns: Predicate;
}

interface Weighing {
  source: string;
  boost: number;
  bury: number;
  concerns: Predicate;
}

/** Hides what it concerns, or of that what is above the ceiling. */
interface Hiding {
  ceiling: Ceiling | undefined;
  concerns: Predicate;
}

/** The rules of one placement made ready for one request, in order of their ids. */
export class InForce {
  readonly #hiding: Hiding[] = [];
  readonly #weighing: Weighing[] = [];
  readonly #labels: { label: string; concerns: Predicate }[] = [];
  /** By slot, then by the rule's id. */
  readonly pins: readonly Pin[];

  constructor(rules: readonly Rule[], filters: Filters, asker: Asker, now: number) {
    const pins: Pin[] = [];
    for (const rule of rules) {
      if (!isRunning(rule, now)) continue;
      const { id, ceiling, boost = 1, bury = 1, label, pin, items = [] } = rule;
      const source = `rule:${id}`;
      const concerns = concernsOf(rule, filters, asker);
      const isClosed = !isOpen(rule, asker.context, now);
      if (isClosed || ceiling !== undefined)
        this.#hiding.push({ ceiling: isClosed ? undefined : ceiling, concerns });
      if (boost !== bury) this.#weighing.push({ source, boost, bury, concerns });
      if (label !== undefined) this.#labels.push({ label, concerns });
      if (pin !== undefined) pins.push({ slot: pin.slot, source, items, concerns });
    }
    this.pins = pins.sort((x, y) => x.slot - y.slot);
  }

  /** Says of an item whether no rule hides it; undefined where none hides anything. */
  get allows(): Predicate | undefined {
    if (this.#hiding.length === 0) return undefined;
    return (item, id) =>
      !this.#hiding.some(
        ({ ceiling, concerns }) =>
          (ceiling === undefined || isAbove(ceiling, item)) && concerns(item, id),
      );
  }

  /** Boosts and buries: each rule's share of a score is a reason of its own. */
  weigh(totals: Scores, items: Items, entries: Entries, moves: Moves): void {
    for (const { source, boost, bury, concerns } of this.#weighing) {
      const cause = moves.cause(source);
      for (let i = 0; i < totals.count; i++) {
        const item = totals.touched[i]!;
        const score = totals.values[item]!;
        if (score <= 0) continue;
        const id = items.keys[item]!;
        if (!concerns(entries.of(item), id)) continue;
        const weighed = Math.max(1, Math.floor(Math.min(scoreMax, score * boost) / bury));
        totals.add(item, weighed - score);
        moves.add(item, cause, weighed - score);
      }
    }
  }

  /** What is written on the item: of several rules with a label, the first says it. */
  labelOf(item: CatalogueItem | undefined, id: string): string | undefined {
    return this.#labels.find(({ concerns }) => concerns(item, id))?.label;
  }
}

function concernsOf(rule: Rule, filters: Filters, asker: Asker): Predicate {
  const passes = filters.ofDocument(rule, asker) ?? (() => true);
  if (rule.items === undefined) return passes;
  const items = new Set(rule.items);
  return (item, id) => items.has(id) && passes(item, id);
}

/** Whether place and time of the request lie inside the rule's territory and licence. */
function isOpen({ territory, licence = {} }: Rule, { region }: Context, now: number): boolean {
  if (territory !== undefined && (region === undefined || !territory.includes(region)))
    return false;
  const { from = 0, until = Infinity } = licence;
  return from <= now && now < until;
}

/** What can't be compared is above every ceiling. */
function isAbove({ attribute, max }: Ceiling, item: CatalogueItem | undefined): boolean {
  if (item === undefined || !Object.hasOwn(item.attributes, attribute)) return false;
  const value = item.attributes[attribute];
  if (typeof value === "boolean") return Number(value) > max;
  return typeof value !== "number" || value > max;
}
