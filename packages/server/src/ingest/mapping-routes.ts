/**
 * The routes by which a tenant changes what its own event names mean. A change acts on events that are accepted
 * from then on: what was accepted keeps the meaning it got.
 */
import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import { CodedError } from "@attune/protocol";
import { strengthMax } from "./dialect/fields.ts";
import { failures } from "./http/answer.ts";
import { who } from "./http/who.ts";
import { changedMapping, type MappingChange, nameKey, verbs } from "./mapping-table.ts";
import type { IngestParts } from "./parts.ts";

const namesMax = 1_000;
const fieldsMax = 64;
const stepsMax = 32;

const Verb = Type.Union(verbs.map((verb) => Type.Literal(verb)));
const Strength = Type.Integer({ minimum: -strengthMax, maximum: strengthMax });
const Permille = Type.Integer({ minimum: 0, maximum: 1_001 });
const closed = { additionalProperties: false };

const Change = Type.Object(
  {
    names: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Verb, {
        maxProperties: namesMax,
        description: "Event name -> what it means; added to the defaults.",
      }),
    ),
    itemFields: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        minItems: 1,
        maxItems: fieldsMax,
        description: "Where an item id may stand in the properties, first match wins.",
      }),
    ),
    strengths: Type.Optional(
      Type.Object(
        Object.fromEntries(
          verbs
            .filter((verb) => verb !== "play" && verb !== "rating")
            .map((verb) => [verb, Type.Optional(Strength)]),
        ),
        closed,
      ),
    ),
    playSteps: Type.Optional(
      Type.Array(Type.Object({ belowPermille: Permille, strength: Strength }, closed), {
        maxItems: stepsMax,
      }),
    ),
    playStrength: Type.Optional(Strength),
    ratingSteps: Type.Optional(
      Type.Array(
        Type.Object(
          {
            fromPermille: Permille,
            type: Type.Union([Type.Literal("like"), Type.Literal("dislike")]),
            strength: Strength,
          },
          closed,
        ),
        { minItems: 1, maxItems: stepsMax },
      ),
    ),
  },
  { ...closed, description: "What differs from the defaults of docs/reference/mapping.md." },
);

const Answer = Type.Object({
  change: Type.Object({}, { additionalProperties: true }),
  effective: Type.Object({}, { additionalProperties: true }),
});
const tags = ["mapping"];

export function mappingRoutes(scope: FastifyInstance, parts: IngestParts): void {
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.addContentTypeParser("*", { parseAs: "string" }, parse);
  const response = { 200: Answer, ...failures };
  scope.get(
    "/v1/mapping",
    { schema: { summary: "What event names mean", tags, response } },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "settings");
      return shown(parts.mapping.get(tenant));
    },
  );
  scope.put<{ Body: Static<typeof Change> }>(
    "/v1/mapping",
    {
      bodyLimit: 262_144,
      schema: { summary: "Change what event names mean", tags, body: Change, response },
    },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "settings");
      const change = request.body as MappingChange;
      assertSound(change);
      parts.mapping.set(tenant, change);
      return shown(change);
    },
  );
}

function shown(change: MappingChange | undefined) {
  return { change: change ?? {}, effective: changedMapping(change) };
}

/** What no schema says: names that are one, and steps that no value could reach. */
function assertSound({ names, playSteps, ratingSteps }: MappingChange): void {
  const known = new Map<string, string>();
  for (const name of Object.keys(names ?? {})) {
    const key = nameKey(name);
    if (key === "") throw invalid(`names: ${JSON.stringify(name)} has no letter and no digit`);
    const other = known.get(key);
    if (other !== undefined)
      throw invalid(`names: ${JSON.stringify(other)} and ${JSON.stringify(name)} are one name`);
    known.set(key, name);
  }
  if (!rises(playSteps?.map(({ belowPermille }) => belowPermille)))
    throw invalid("playSteps: belowPermille must rise from step to step");
  if (!rises(ratingSteps?.map(({ fromPermille }) => fromPermille)))
    throw invalid("ratingSteps: fromPermille must rise from step to step");
}

function rises(values: readonly number[] = []): boolean {
  return values.every((value, i) => i === 0 || value > values[i - 1]!);
}

function invalid(message: string): CodedError {
  return new CodedError("request_invalid", `${message}.`);
}
