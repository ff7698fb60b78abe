import type { Filters } from "../filter/filters.ts";
import type { Asker } from "../filter/predicate.ts";
import { InForce } from "./in-force.ts";
import type { Rule } from "./rule.ts";

type Rules = Readonly<Record<string, Rule>>;

/** The rules of a tenant by placement, sorted out once for each version of them. */
export class Rulebook {
  readonly #filters: Filters;
  #rules: Rules | undefined;
  readonly #byPlacement = new Map<string, readonly Rule[]>();

  constructor(filters: Filters) {
    this.#filters = filters;
  }

  /** Those of one placement, made ready for one request. */
  inForce(rules: Rules | undefined, placement: string, asker: Asker, now: number): InForce {
    if (rules !== this.#rules) {
      this.#rules = rules;
      this.#byPlacement.clear();
    }
    let own = this.#byPlacement.get(placement);
    if (own === undefined) {
      own = rulesOf(rules ?? {}, placement);
      this.#byPlacement.set(placement, own);
    }
    return new InForce(own, this.#filters, asker, now);
  }
}

function rulesOf(rules: Rules, placement: string): Rule[] {
  return Object.values(rules)
    .filter(({ placements }) => placements === undefined || placements.includes(placement))
    .sort((x, y) => (x.id < y.id ? -1 : 1));
}
