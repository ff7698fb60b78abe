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
}

export const shippedConfig: Readonly<EvalConfig> = Object.freeze({
  neighbours: neighbourDefaults,
  rules: ruleDefaults,
  sources: builtInDefinitions.placements["up-next"]!.sources,
});

/** Reads a configuration from JSON: what it leaves out is as shipped. `sources` are in thousandths. */
export function parseConfig(text: string): EvalConfig {
  const {
    neighbours = {},
    rules = {},
    sources,
  } = JSON.parse(text) as {
    neighbours?: Record<string, unknown>;
    rules?: Record<string, unknown>;
    sources?: Record<string, number>;
  };
  return {
    neighbours: overlaid("neighbours", neighbourDefaults, neighbours),
    rules: overlaid("rules", ruleDefaults, rules),
    sources: sources === undefined ? shippedConfig.sources : permille(sources),
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
