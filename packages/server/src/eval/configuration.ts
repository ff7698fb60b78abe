/**
 * What an evaluation may set: the settings of the neighbours and the rules and the sources' weights. Without
 * a file it is what the server ships, so that a figure without a configuration is the figure of the product.
 */
import { weightOne } from "../core/rank/blend.ts";
import { neighbourDefaults, type NeighbourSettings } from "../core/rank/source/neighbours.ts";
import { ruleDefaults, type RuleSettings } from "../core/rank/source/rules.ts";
import { builtInDefinitions } from "../core/rank/placement.ts";

export interface EvalConfig {
  neighbours: Readonly<NeighbourSettings>;
  rules: Readonly<RuleSettings>;
  /** Weights of the sources of `up-next`, up to `weightOne`. */
  sources: Readonly<Record<string, number>>;
  ranker: Readonly<RankerSettings>;
}

/** Which predictions of train become rows of the ranker. */
export interface RankerSettings {
  /** One in so many, by hash; 0 is none: the answer is the blend's. */
  every: number;
  /** The first share of the clicks of train makes none: the sums know too little then. */
  from: number;
}

const rankerDefaults: Readonly<RankerSettings> = Object.freeze({ every: 2, from: 0.3 });

export const shippedConfig: Readonly<EvalConfig> = Object.freeze({
  neighbours: neighbourDefaults,
  rules: ruleDefaults,
  sources: builtInDefinitions.placements["up-next"]!.sources,
  ranker: rankerDefaults,
});

/** Reads a configuration from JSON: what it leaves out is as shipped. `sources` are in thousandths. */
export function parseConfig(text: string): EvalConfig {
  const {
    neighbours = {},
    rules = {},
    sources,
    ranker = {},
  } = JSON.parse(text) as {
    neighbours?: Record<string, unknown>;
    rules?: Record<string, unknown>;
    sources?: Record<string, number>;
    ranker?: Record<string, unknown>;
  };
  return {
    neighbours: overlaid("neighbours", neighbourDefaults, neighbours),
    rules: overlaid("rules", ruleDefaults, rules),
    sources: sources === undefined ? shippedConfig.sources : permille(sources),
    ranker: overlaid("ranker", rankerDefaults, ranker),
  };
}

function overlaid<T extends object>(name: string, base: T, changes: Record<string, unknown>): T {
  for (const [key, value] of Object.entries(changes)) {
    if (!Object.hasOwn(base, key)) throw new Error(`${name} has no setting ${key}`);
    if (typeof value !== "number") throw new Error(`${name}.${key} must be a number`);
  }
  return { ...base, ...changes };
}

function permille(sources: Record<string, number>): Record<string, number> {
  const weights = Object.entries(sources).map(
    ([name, part]) => [name, Math.floor((weightOne * part) / 1000)] as const,
  );
  return Object.fromEntries(weights.filter(([, weight]) => weight > 0));
}
