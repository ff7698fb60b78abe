import type { Source } from "./source.ts";
import { neighbourDefaults, Neighbours, type NeighbourSettings } from "./source/neighbours.ts";
import { Popular } from "./source/popular.ts";
import { ruleDefaults, Rules, type RuleSettings } from "./source/rules.ts";
import { Taste } from "./source/taste.ts";
import { Trending } from "./source/trending.ts";

/**
 * A new set of the candidate sources, in the order in which a ranker asks them. Each owns scratch memory, so
 * two rankers never share one.
 */
export function sourcesOf(
  neighbours: Readonly<NeighbourSettings> = neighbourDefaults,
  rules: Readonly<RuleSettings> = ruleDefaults,
): Source[] {
  return [new Neighbours(neighbours), new Rules(rules), new Taste(), new Popular(), new Trending()];
}
