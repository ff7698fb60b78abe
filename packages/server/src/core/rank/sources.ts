import type { Source } from "./source.ts";
import { Neighbours, type NeighbourSettings } from "./source/neighbours.ts";
import { Popular } from "./source/popular.ts";
import { Rules, type RuleSettings } from "./source/rules.ts";
import { Taste } from "./source/taste.ts";
import { Trending } from "./source/trending.ts";

/** The candidate sources with the settings they start from, in the order in which a ranker asks them. */
export const neighbourDefaults: Readonly<NeighbourSettings> = Object.freeze({
  m: 1000,
  k: 500,
  context: 20,
  contextFade: 1.5,
  rarity: 0.5,
  lengthPower: 0,
  recencyFade: 1,
  matchFade: 4,
  placeFade: 2,
  before: 1,
  match: 1,
  supportPower: 0,
  earlier: 1,
  current: 1,
});

export const ruleDefaults: Readonly<RuleSettings> = Object.freeze({
  last: 2,
  lastFade: 1.5,
  periodFade: 6,
  earlier: 1,
  current: 1,
});

/** A new set of sources; each owns scratch memory, so a ranker never shares them. */
export function sourcesOf(
  neighbours: Readonly<NeighbourSettings> = neighbourDefaults,
  rules: Readonly<RuleSettings> = ruleDefaults,
): Source[] {
  return [new Neighbours(neighbours), new Rules(rules), new Taste(), new Popular(), new Trending()];
}
