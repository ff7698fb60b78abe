/**
 * Where an answer is shown and how it is made: versioned documents of the tenant over the built-in ones, plain
 * data. A decision names the version, so that a replay finds the weights of its day.
 */
import { type Freshness, freshnessOf } from "./adjust/freshness.ts";
import { type Diversity, diversityOf } from "./arrange/diversity.ts";
import { weightOne } from "./blend.ts";
import { type Exploration, explorationDefault, explorationOf } from "./explore/budget.ts";
import { type TailShuffle, tailShuffleOf } from "./explore/tail-shuffle.ts";
import { type Objectives, objectivesDefault, objectivesOf } from "./learned/objectives.ts";
import { assertKnown, booleanOf, type Fields, fieldsOf, integerOf, textOf } from "./field.ts";
import { filterText, type Rule, ruleIdLengthMax, ruleOf } from "./merchandise/rule.ts";
import { type Takedowns, takedownsAfter } from "./merchandise/takedown.ts";
import { RequestError } from "./request-error.ts";

export const exclusions = ["current", "purchased", "known"] as const;
/**
 * Items an answer leaves out beside the disliked ones, which never return: the one the user is at, those
 * bought, or all that the user ever reacted to.
 */
export type Exclusion = (typeof exclusions)[number];

export interface Placement {
  name: string;
  /**
   * Weight of each source that is asked, by its name; integers from 1 to `weightOne`. `context` is no source:
   * how much of what the request's circumstances speak for or against an item takes effect.
   */
  sources: Readonly<Record<string, number>>;
  /** Further sources, asked only when those above leave the list short. */
  fallback: Readonly<Record<string, number>>;
  /** The most items of an answer, whatever the request's limit. */
  size: number;
  exclude: readonly Exclusion[];
  /** What an item must pass beside the request's own filter, in the language of filters. */
  filter?: string | undefined;
  freshness?: Freshness | undefined;
  diversity?: Diversity | undefined;
  stability?: Stability | undefined;
  /** Absent: nothing is drawn by chance. */
  exploration?: Exploration | undefined;
  /** False: a session that shifts (fold/flow.ts) makes no difference. */
  sessionShift?: boolean | undefined;
  /** Absent: the tail of the list stands as it scores. */
  tailShuffle?: TailShuffle | undefined;
  /** What comes of a slot, by its worth. Absent: only takes count, and the lists themselves teach nothing. */
  objectives?: Objectives | undefined;
  /** Version of the definitions that brought it; absent: it came with the code. */
  version?: number | undefined;
  /**
   * `liking`: the answer is about what the user liked last, if the request says nothing else; absent, about
   * what they did last.
   */
  seeds?: "liking" | undefined;
  /** The day of the week, 1 (Monday) to 7, on which a new edition of the list begins (0 h UTC). */
  editionDay?: number | undefined;
}

/** How a list that somebody looks at changes. */
export interface Stability {
  /** What is on screen keeps its slot for as long as it may be shown. */
  readonly keepOnScreen: boolean;
  /** In the rest an item passes the one before it only with so many thousandths more score. */
  readonly gainPermille: number;
}

export const stabilityDefault: Stability = Object.freeze({ keepOnScreen: true, gainPermille: 100 });

export interface Definitions {
  version: number;
  /** By name. */
  placements: Readonly<Record<string, Placement>>;
  /** By id. */
  rules?: Readonly<Record<string, Rule>> | undefined;
  takedowns?: Takedowns | undefined;
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

/** Rows of a start page and of a list's own page. */
const builtInRows: Readonly<Record<string, Placement>> = {
  "similar-items": {
    name: "similar-items",
    sources: weights({ similar: 700, content: 300 }),
    fallback: weights({ popular: 5 }),
    size: itemsMax,
    exclude: [],
  },
  "because-you": {
    name: "because-you",
    sources: weights({ similar: 700, content: 300 }),
    fallback: weights({ trending: 5, popular: 5 }),
    size: itemsMax,
    exclude: ["current", "known"],
    seeds: "liking",
  },
  "discover-weekly": {
    name: "discover-weekly",
    // Equal weights: two of own taste and one that rises take turns (source/edition).
    sources: weights({ weekly: 500, rising: 500 }),
    // Below the step from one place of an edition to the next: it fills, and reorders nothing.
    fallback: { trending: 70, popular: 50 },
    size: 30,
    exclude: ["known"],
    editionDay: 1,
  },
  "continue-playlist": {
    name: "continue-playlist",
    sources: weights({ similar: 600, content: 300 }),
    fallback: weights({ taste: 20, trending: 5, popular: 5 }),
    size: itemsMax,
    exclude: [],
  },
};

/**
 * The definitions of a tenant that has written none of its own. Chance has a say, and the lists teach, where a
 * person is to be surprised and says by what they do whether they were; a chart, an edition, and what goes with an item are as
 * they are.
 */
export const builtInDefinitions: Definitions = {
  version: 0,
  placements: {
    "up-next": {
      name: "up-next",
      // Measured on validation data (docs/quality.md): taste among the sources costs a point of hit rate.
      sources: weights({ neighbours: 1000, rules: 100, walk: 20, context: 1000 }),
      fallback: weights({ taste: 20, trending: 10, popular: 5 }),
      size: itemsMax,
      exclude: ["current"],
      exploration: explorationDefault,
      objectives: objectivesDefault,
    },
    "for-you": {
      name: "for-you",
      // Half of the context: taste speaks of a person's usual circumstances already (docs/quality.md).
      sources: weights({ taste: 600, neighbours: 300, rules: 60, popular: 40, context: 500 }),
      // What nobody touched yet stands behind what somebody did.
      fallback: weights({ content: 20, arrivals: 10 }),
      size: itemsMax,
      exclude: ["current", "purchased"],
      exploration: explorationDefault,
      objectives: objectivesDefault,
    },
    trending: {
      name: "trending",
      // The second has nothing to say where the request states neither device nor region.
      sources: weights({ trending: 400, "trending-here": 600 }),
      fallback: weights({ popular: 10 }),
      size: itemsMax,
      exclude: [],
    },
    ...builtInRows,
  },
};

/**
 * What a definition record says: a whole document that takes the place of the one before, or that it is removed
 * (of a placement: back to what came with the code). Of a placement, what is absent has its default.
 */
export type DefinitionDocument =
  | ({ kind: "placement" } & Pick<Placement, "name" | "sources"> & Partial<Placement>)
  | { kind: "placement"; name: string; isRemoved: true }
  | ({ kind: "rule" } & Pick<Rule, "id"> & Partial<Rule>)
  | { kind: "rule"; id: string; isRemoved: true }
  | { kind: "takedown"; itemIds: readonly string[]; reason: string }
  | { kind: "takedown"; itemIds: readonly string[]; isLifted: true };

/** The next version of the definitions, with one document in place. Throws a RequestError on a bad one. */
export function defined(definitions: Definitions, document: unknown): Definitions {
  const fields = fieldsOf(document, "definition");
  const version = definitions.version + 1;
  switch (fields["kind"]) {
    case "placement":
      return {
        ...definitions,
        version,
        placements: placementsAfter(definitions.placements, fields, version),
      };
    case "rule":
      return {
        ...definitions,
        version,
        rules: rulesAfter(definitions.rules ?? {}, fields, version),
      };
    case "takedown": {
      const takedowns = takedownsAfter(definitions.takedowns ?? {}, fields, version);
      return { ...definitions, version, takedowns };
    }
    default:
      throw new RequestError("kind", `must be "placement", "rule" or "takedown"`);
  }
}

/** Definitions that were stored, under the built-in placements of today. */
export function restoredDefinitions(stored: Definitions): Definitions {
  const own = Object.entries(stored.placements).filter(([, { version = 0 }]) => version > 0);
  return {
    ...stored,
    placements: { ...builtInDefinitions.placements, ...Object.fromEntries(own) },
  };
}

function placementsAfter(
  before: Definitions["placements"],
  fields: Fields,
  version: number,
): Definitions["placements"] {
  if (fields["isRemoved"] !== true) {
    const placement = placementOf(fields, version);
    return { ...before, [placement.name]: placement };
  }
  const name = textOf(fields["name"], "name", nameLengthMax);
  const builtIn = findPlacement(builtInDefinitions, name);
  if (builtIn !== undefined) return { ...before, [name]: builtIn };
  return without(before, name);
}

function rulesAfter(
  before: Readonly<Record<string, Rule>>,
  fields: Fields,
  version: number,
): Readonly<Record<string, Rule>> {
  if (fields["isRemoved"] === true)
    return without(before, textOf(fields["id"], "id", ruleIdLengthMax));
  const rule = ruleOf(fields, version);
  return { ...before, [rule.id]: rule };
}

function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));
}

/** The placement of a request, or undefined. */
export function findPlacement(definitions: Definitions, name: string): Placement | undefined {
  return Object.hasOwn(definitions.placements, name) ? definitions.placements[name] : undefined;
}

function placementOf(document: Fields, version: number): Placement {
  const { kind: _kind, version: _version, ...fields } = document;
  assertKnown(fields, placementFields);
  const { name, sources, fallback, size, exclude, filter } = fields;
  const { seeds, editionDay } = fields;
  const { sessionShift } = fields;
  const { freshness, diversity, stability, exploration, tailShuffle, objectives } = fields;
  const text = textOf(name, "name", nameLengthMax);
  if (tailShuffle !== undefined && diversity !== undefined)
    throw new RequestError(
      "tailShuffle",
      "would undo what diversity arranged: leave out one of them",
    );
  if (text.includes("#")) throw new RequestError("name", "must not contain #");
  return {
    name: text,
    sources: weightsOf("sources", sources),
    fallback: weightsOf("fallback", fallback ?? {}),
    size: integerOf(size ?? itemsMax, "size", 1, itemsMax),
    exclude: exclusionsOf(exclude ?? []),
    filter: filter === undefined ? undefined : filterText(filter),
    freshness: freshness === undefined ? undefined : freshnessOf(freshness),
    diversity: diversity === undefined ? undefined : diversityOf(diversity),
    stability: stability === undefined ? undefined : stabilityOf(stability),
    exploration: exploration === undefined ? undefined : explorationOf(exploration),
    sessionShift: sessionShift === undefined ? undefined : booleanOf(sessionShift, "sessionShift"),
    tailShuffle: tailShuffle === undefined ? undefined : tailShuffleOf(tailShuffle),
    objectives: objectives === undefined ? undefined : objectivesOf(objectives),
    seeds: seeds === undefined ? undefined : seedsOf(seeds),
    editionDay: editionDay === undefined ? undefined : integerOf(editionDay, "editionDay", 1, 7),
    version,
  };
}

const placementFields = [
  "name",
  "sources",
  "fallback",
  "size",
  "exclude",
  "filter",
  "freshness",
  "diversity",
  "stability",
  "exploration",
  "tailShuffle",
  "sessionShift",
  "objectives",
  "seeds",
  "editionDay",
] as const;

function seedsOf(value: unknown): "liking" {
  if (value !== "liking") throw new RequestError("seeds", `must be "liking" or absent`);
  return value;
}

function stabilityOf(value: unknown): Stability {
  const fields = fieldsOf(value, "stability");
  assertKnown(fields, ["keepOnScreen", "gainPermille"], "stability");
  const { keepOnScreen = true, gainPermille = stabilityDefault.gainPermille } = fields;
  return {
    keepOnScreen: booleanOf(keepOnScreen, "stability.keepOnScreen"),
    gainPermille: integerOf(gainPermille, "stability.gainPermille", 0, 1_000),
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

function exclusionsOf(value: unknown): Exclusion[] {
  const known: readonly unknown[] = exclusions;
  if (!Array.isArray(value) || !value.every((one) => known.includes(one))) {
    throw new RequestError("exclude", `must be a list of ${exclusions.join(", ")}`);
  }
  return exclusions.filter((one) => value.includes(one));
}
