import "../access/route.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Static, type TObject, Type } from "typebox";
import { assertCallerScope, type Authenticate } from "../access/caller.ts";
import type { Documents } from "../engine/definitions/documents.ts";

/**
 * The documents that a tenant steers answers with: placements, merchandising rules and takedowns. For secret keys
 * alone. A change is acknowledged when it is in the log and every answer knows it; its position is for those who
 * ask another process, or want to be sure.
 */
export interface DocumentParts {
  authenticate: Authenticate;
  documents: Documents;
}

const tags = ["documents"];
const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 64, pattern: "^[^#]*$" });
const Text = Type.String({ minLength: 1, maxLength: 256 });
const Filter = Type.String({
  maxLength: 2_000,
  description: 'Such as `item.genre == "jazz" and item.country in user.countries`.',
});
const Weights = Type.Record(
  Type.String(),
  Type.Integer({ minimum: 1, maximum: 1_048_576, description: "1,048,576 is a full weight." }),
);
const Version = Type.Integer({ description: "Counts the changes of the tenant's documents." });
const Changed = Type.Object({ version: Version, position: Type.String() });
const After = Type.Object(
  { after: Type.Optional(Type.String({ maxLength: 256, description: "A position." })) },
  closed,
);

const PlacementBody = Type.Object(
  {
    sources: Weights,
    fallback: Type.Optional(Weights),
    size: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    exclude: Type.Optional(
      Type.Array(Type.Union(["current", "purchased", "known"].map((one) => Type.Literal(one)))),
    ),
    filter: Type.Optional(Filter),
    freshness: Type.Optional(
      Type.Object(
        {
          attribute: Type.String({ minLength: 1, maxLength: 64 }),
          halfLifeDays: Type.Integer({ minimum: 1, maximum: 3_650 }),
        },
        closed,
      ),
    ),
    diversity: Type.Optional(
      Type.Object(
        {
          lambda: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 1_000,
              description:
                "Thousandths that the score counts against being like what stands above.",
            }),
          ),
          caps: Type.Optional(
            Type.Array(
              Type.Object(
                {
                  attribute: Type.String({ minLength: 1, maxLength: 64 }),
                  max: Type.Integer({ minimum: 1, maximum: 199 }),
                  window: Type.Integer({ minimum: 2, maximum: 200 }),
                },
                closed,
              ),
              { maxItems: 8 },
            ),
          ),
        },
        closed,
      ),
    ),
    stability: Type.Optional(
      Type.Object(
        {
          keepOnScreen: Type.Optional(Type.Boolean()),
          gainPermille: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
        },
        closed,
      ),
    ),
    seeds: Type.Optional(
      Type.Literal("liking", {
        description: "About what the person liked last, if nothing is said.",
      }),
    ),
    editionDay: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 7, description: "1 is Monday; at 0 h UTC." }),
    ),
    exploration: Type.Optional(
      Type.Object(
        {
          everySlots: Type.Optional(Type.Integer({ minimum: 2, maximum: 200 })),
          firstSlot: Type.Optional(Type.Integer({ minimum: 0, maximum: 199 })),
          arms: Type.Optional(Type.Integer({ minimum: 2, maximum: 16 })),
          uniformPermille: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
        },
        { ...closed, description: "What of an answer is drawn by chance; absent: nothing." },
      ),
    ),
    sessionShift: Type.Optional(
      Type.Boolean({ description: "false: three skips within 90 s make no difference." }),
    ),
    tailShuffle: Type.Optional(
      Type.Object(
        {
          firstSlot: Type.Optional(Type.Integer({ minimum: 0, maximum: 199 })),
          temperaturePermille: Type.Optional(Type.Integer({ minimum: 10, maximum: 10_000 })),
        },
        {
          ...closed,
          description:
            "Slots from firstSlot on stand in an order of chance; absent: as they score.",
        },
      ),
    ),
    objectives: Type.Optional(
      Type.Object(
        {
          take: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
          complete: Type.Optional(Type.Integer({ minimum: -1_000, maximum: 1_000 })),
          skip: Type.Optional(Type.Integer({ minimum: -1_000, maximum: 1_000 })),
        },
        {
          ...closed,
          description:
            "What comes of a slot, by its worth in thousandths; absent: only takes count, and its lists teach nothing.",
        },
      ),
    ),
  },
  closed,
);

const Time = Type.Integer({ minimum: 0, description: "ms since 1970" });
const RuleBody = Type.Object(
  {
    placements: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 64 })),
    items: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 1_000 })),
    filter: Type.Optional(Filter),
    from: Type.Optional(Time),
    until: Type.Optional(Time),
    territory: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 300 }),
    ),
    licence: Type.Optional(
      Type.Object({ from: Type.Optional(Time), until: Type.Optional(Time) }, closed),
    ),
    ceiling: Type.Optional(
      Type.Object(
        {
          attribute: Type.String({ minLength: 1, maxLength: 64 }),
          max: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
        },
        closed,
      ),
    ),
    pin: Type.Optional(Type.Object({ slot: Type.Integer({ minimum: 0, maximum: 199 }) }, closed)),
    boost: Type.Optional(Type.Integer({ minimum: 2, maximum: 100 })),
    bury: Type.Optional(Type.Integer({ minimum: 2, maximum: 100 })),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
);

const TakedownBody = Type.Object(
  { itemIds: Type.Array(Text, { minItems: 1, maxItems: 1_000 }), reason: Text },
  closed,
);

const Placement = Type.Object({
  name: Name,
  version: Type.Integer({ description: "0: as it came with the code." }),
  ...PlacementBody.properties,
});
const Rule = Type.Object({ id: Name, version: Version, ...RuleBody.properties });
const Takedown = Type.Object({ itemId: Text, reason: Text, version: Version });

interface Asked {
  Params: { name: string };
  Querystring: { after?: string };
}

export function documentRoutes(app: FastifyInstance, parts: DocumentParts): void {
  placementRoutes(app, parts);
  ruleRoutes(app, parts);
  takedownRoutes(app, parts);
}

async function tenantOf(parts: DocumentParts, request: FastifyRequest): Promise<number> {
  const caller = await parts.authenticate(request);
  assertCallerScope(caller, "settings");
  return caller.tenant;
}

const pathOf = <T extends Record<string, typeof Name | typeof Text>>(properties: T) =>
  Type.Object(properties);

function placementRoutes(app: FastifyInstance, parts: DocumentParts): void {
  const { documents } = parts;
  const params = pathOf({ name: Name });
  app.get<Asked>(
    "/v1/placements",
    {
      schema: listing("Every placement, built-in ones too", { placements: Type.Array(Placement) }),
    },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      const { placements, version, position } = await documents.read(tenant, request.query.after);
      const sorted = Object.values(placements).sort((x, y) => (x.name < y.name ? -1 : 1));
      return { placements: sorted.map((one) => ({ version: 0, ...one })), version, position };
    },
  );
  app.get<Asked>(
    "/v1/placements/:name",
    { schema: { ...reading("One placement", Placement), params } },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      const found = await documents.placement(tenant, request.params.name, request.query.after);
      return { version: 0, ...found };
    },
  );
  app.put<Asked & { Body: Static<typeof PlacementBody> }>(
    "/v1/placements/:name",
    { schema: { ...changing("Put a placement: the whole document"), params, body: PlacementBody } },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      const { name } = request.params;
      return documents.put(tenant, { kind: "placement", name, ...request.body } as Document);
    },
  );
  app.delete<Asked>(
    "/v1/placements/:name",
    { schema: { ...changing("Take a placement back to what came with the code"), params } },
    async (request) =>
      documents.removePlacement(await tenantOf(parts, request), request.params.name),
  );
}

type Document = Parameters<Documents["put"]>[1];

function ruleRoutes(app: FastifyInstance, parts: DocumentParts): void {
  const { documents } = parts;
  const params = pathOf({ name: Name });
  app.get<Asked>(
    "/v1/rules",
    { schema: listing("Every merchandising rule", { rules: Type.Array(Rule) }) },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      const { rules = {}, version, position } = await documents.read(tenant, request.query.after);
      const sorted = Object.values(rules).sort((x, y) => (x.id < y.id ? -1 : 1));
      return { rules: sorted, version, position };
    },
  );
  app.get<Asked>(
    "/v1/rules/:name",
    { schema: { ...reading("One merchandising rule", Rule), params } },
    async (request) =>
      documents.rule(await tenantOf(parts, request), request.params.name, request.query.after),
  );
  app.put<Asked & { Body: Static<typeof RuleBody> }>(
    "/v1/rules/:name",
    {
      schema: {
        ...changing("Put a rule: what it concerns and what it does"),
        params,
        body: RuleBody,
      },
    },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      return documents.put(tenant, { kind: "rule", id: request.params.name, ...request.body });
    },
  );
  app.delete<Asked>(
    "/v1/rules/:name",
    { schema: { ...changing("Remove a rule"), params } },
    async (request) => documents.removeRule(await tenantOf(parts, request), request.params.name),
  );
}

function takedownRoutes(app: FastifyInstance, parts: DocumentParts): void {
  const { documents } = parts;
  app.get<Asked>(
    "/v1/takedowns",
    { schema: listing("Every item that is taken down", { takedowns: Type.Array(Takedown) }) },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      const { takedowns = {}, ...rest } = await documents.read(tenant, request.query.after);
      const sorted = Object.entries(takedowns).sort(([x], [y]) => (x < y ? -1 : 1));
      const { version, position } = rest;
      return {
        takedowns: sorted.map(([itemId, takedown]) => ({ itemId, ...takedown })),
        version,
        position,
      };
    },
  );
  app.post<{ Body: Static<typeof TakedownBody> }>(
    "/v1/takedowns",
    {
      schema: {
        ...changing("Take items down: no answer and no list on a screen holds them afterwards"),
        body: TakedownBody,
      },
    },
    async (request) => {
      const tenant = await tenantOf(parts, request);
      return documents.put(tenant, { kind: "takedown", ...request.body });
    },
  );
  app.delete<{ Params: { itemId: string } }>(
    "/v1/takedowns/:itemId",
    { schema: { ...changing("Let an item be shown again"), params: pathOf({ itemId: Text }) } },
    async (request) =>
      documents.liftTakedown(await tenantOf(parts, request), request.params.itemId),
  );
}

function listing(summary: string, properties: TObject["properties"]) {
  const answer = Type.Object({ ...properties, version: Version, position: Type.String() });
  return reading(summary, answer);
}

function reading(summary: string, answer: TObject) {
  return { summary, tags, querystring: After, response: { 200: answer } };
}

function changing(summary: string) {
  return { summary, tags, response: { 200: Changed } };
}
