/**
 * Where an answer is shown and how it is made: versioned documents of the tenant over the built-in ones, plain
 * data. A decision names the version, so that a replay finds the weights of its day.
 */
import { weightOne } from "./blend.ts";
import { RequestError } from "./request-error.ts";

export const exclusions = ["current", "purchased", "known"] as const;
/**
 * Items an answer leaves out beside the disliked ones, which never return: the one the user is at, those
 * bought, or all that the user ever reacted to.
 */
export type Exclusion = (typeof exclusions)[number];

export interface Placement {
  name: string;
  /** Weight of each source that is asked, by its name; integers from 1 to `weightOne`. */
  sources: Readonly<Record<string, number>>;
  /** Further sources, asked only when those above leave the list short. */
  fallback: Readonly<Record<string, number>>;
  /** The most items of an answer, whatever the request's limit. */
  size: number;
  exclude: readonly Exclusion[];
}

export interface Definitions {
  version: number;
  /** By name. */
  placements: Readonly<Record<string, Placement>>;
}

export const itemsMax = 200;
const sourcesMax = 16;
const nameLengthMax = 64;

/** Weights in thousandths of a full one. */
function weights(permille: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(permille).map(([name, part]) => [name, Math.floor((weightOne * part) / 1000)]),
  );
}

/** The definitions of a tenant that has written none of its own. */
export const builtInDefinitions: Definitions = {
  version: 0,
  placements: {
    "up-next": {
      name: "up-next",
      // Measured on validation data (docs/quality.md): taste among the sources costs a point of hit rate.
      sources: weights({ neighbours: 1000, rules: 100 }),
      fallback: weights({ taste: 20, trending: 10, popular: 5 }),
      size: itemsMax,
      exclude: ["current"],
    },
    "for-you": {
      name: "for-you",
      sources: weights({ taste: 600, neighbours: 300, rules: 60, popular: 40 }),
      fallback: {},
      size: itemsMax,
      exclude: ["current", "purchased"],
    },
    trending: {
      name: "trending",
      sources: weights({ trending: 1000 }),
      fallback: weights({ popular: 10 }),
      size: itemsMax,
      exclude: [],
    },
  },
};

/** What a definition record says; of a placement, what is absent has its default. */
export type DefinitionDocument = { kind: "placement" } & Pick<Placement, "name" | "sources"> &
  Partial<Placement>;

/** The next version of the definitions, with one document in place. Throws a RequestError on a bad one. */
export function defined(definitions: Definitions, document: unknown): Definitions {
  const placement = placementOf(document);
  return {
    version: definitions.version + 1,
    placements: { ...definitions.placements, [placement.name]: placement },
  };
}

/** The placement of a request, or undefined. */
export function findPlacement(definitions: Definitions, name: string): Placement | undefined {
  return Object.hasOwn(definitions.placements, name) ? definitions.placements[name] : undefined;
}

function placementOf(document: unknown): Placement {
  if (typeof document !== "object" || document === null) {
    throw new RequestError("definition", "must be an object");
  }
  const { kind, name, sources, fallback, size, exclude } = document as Record<string, unknown>;
  if (kind !== "placement") throw new RequestError("kind", `must be "placement"`);
  if (typeof name !== "string" || name === "" || name.length > nameLengthMax) {
    throw new RequestError("name", `must be 1 to ${nameLengthMax} characters`);
  }
  return {
    name,
    sources: weightsOf("sources", sources),
    fallback: weightsOf("fallback", fallback ?? {}),
    size: sizeOf(size ?? itemsMax),
    exclude: exclusionsOf(exclude ?? []),
  };
}

function weightsOf(field: string, value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RequestError(field, "must give sources their weights");
  }
  const entries = Object.entries(value);
  if (entries.length > sourcesMax) throw new RequestError(field, `at most ${sourcesMax} sources`);
  for (const [source, weight] of entries) {
    if (!Number.isInteger(weight) || weight < 1 || weight > weightOne) {
      throw new RequestError(`${field}.${source}`, `must be an integer from 1 to ${weightOne}`);
    }
  }
  return Object.fromEntries(entries) as Record<string, number>;
}

function sizeOf(size: unknown): number {
  if (typeof size === "number" && Number.isInteger(size) && size >= 1 && size <= itemsMax) {
    return size;
  }
  throw new RequestError("size", `must be an integer from 1 to ${itemsMax}`);
}

function exclusionsOf(value: unknown): Exclusion[] {
  const known: readonly unknown[] = exclusions;
  if (!Array.isArray(value) || !value.every((one) => known.includes(one))) {
    throw new RequestError("exclude", `must be a list of ${exclusions.join(", ")}`);
  }
  return exclusions.filter((one) => value.includes(one));
}
