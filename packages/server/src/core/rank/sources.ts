import type { Source } from "./source.ts";
import { Arrivals } from "./source/content/arrivals.ts";
import { Content } from "./source/content/content.ts";
import { Shelf } from "./source/content/shelf.ts";
import { Rising } from "./source/edition/rising.ts";
import { Weekly } from "./source/edition/weekly.ts";
import { neighbourDefaults, Neighbours, type NeighbourSettings } from "./source/neighbours.ts";
import { Popular } from "./source/popular.ts";
import { ruleDefaults, Rules, type RuleSettings } from "./source/rules.ts";
import { Similar } from "./source/similar.ts";
import { Taste } from "./source/taste.ts";
import { Trending, TrendingHere, trendRows } from "./source/trending.ts";
import { Walk } from "./source/walk.ts";

/**
 * A new set of the candidate sources, in the order in which a ranker asks them. Each owns scratch memory, so
 * two rankers never share one.
 */
export function sourcesOf(
  neighbours: Readonly<NeighbourSettings> = neighbourDefaults,
  rules: Readonly<RuleSettings> = ruleDefaults,
): Source[] {
  const shelf = new Shelf();
  const trends = trendRows();
  return [
    new Neighbours(neighbours),
    new Rules(rules),
    new Walk(),
    new Taste(),
    new Popular(),
    new Trending(trends),
    new TrendingHere(trends),
    new Similar(),
    new Content(shelf),
    new Arrivals(shelf),
    new Weekly(),
    new Rising(),
  ];
}
