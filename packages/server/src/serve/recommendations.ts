import "../access/route.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import {
  type AnswerParts,
  CodedError,
  contextLimits,
  type RecommendationRequest,
} from "@attune/protocol";
import { type Authenticate, type Caller, readableUser } from "../access/caller.ts";

/**
 * The read door of answers: POST and GET /v1/recommendations. An answer asked for with `after` reflects that
 * acknowledged position, always; the decision behind it is logged but not awaited.
 */
export interface RecommendationParts {
  authenticate: Authenticate;
  now(): number;
  /** Subject of a user or anonymous id of the tenant. */
  subjectOf(tenant: number, person: Person): string | undefined;
  recommend(
    tenant: number,
    subject: string | undefined,
    request: RecommendationRequest,
    options: { after?: string | undefined; predict?: boolean | undefined },
  ): Promise<AnswerParts>;
  /** The same as JSON in UTF-8, as it goes out. */
  answer(
    tenant: number,
    subject: string | undefined,
    request: RecommendationRequest,
    options: { after?: string | undefined; predict?: boolean | undefined },
  ): Promise<Uint8Array>;
  /** Whether the person has a playlist of this id. */
  hasPlaylist(tenant: number, subject: string | undefined, id: string): boolean;
  /** Attributes of an item in the tenant's catalogue. */
  itemOf(tenant: number, item: string): Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds an answer took, by placement. */
  observe(placement: string, ms: number): void;
}

export interface Person {
  userId?: string | undefined;
  anonymousId?: string | undefined;
}

const limitDefault = 20;
const limitMax = 200;
const idsMax = 1_000;
const seedsMax = 64;

const Id = Type.String({ minLength: 1, maxLength: 256 });
const Term = Type.Object({
  attribute: Type.String({ minLength: 1, maxLength: 256 }),
  op: Type.Union((["eq", "ne", "in", "gte", "lte"] as const).map((op) => Type.Literal(op))),
  // Of no type, or the validator would make a text of a number: the ranker looks at it, and names the field.
  value: Type.Unsafe<unknown>({
    description: "A text, number or boolean; for `in` a list of them.",
  }),
});
const Text = Type.String({
  maxLength: 2_000,
  description: 'Such as `item.genre == "jazz" and item.year >= 1990`.',
});
const Circumstance = Type.String({ maxLength: contextLimits.unitsMax });
const Context = Type.Object(
  {
    device: Type.Optional(Circumstance),
    region: Type.Optional(Circumstance),
    place: Type.Optional(Circumstance),
    attributes: Type.Optional(
      Type.Record(
        Type.String({ pattern: contextLimits.attributeName.source }),
        Circumstance,
        // Without it the schema would let names pass that its pattern does not know.
        { maxProperties: contextLimits.attributesMax, additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const Predict = Type.Boolean({ description: "Say as well what the person is likely to do next." });
const Permille = Type.Integer({
  minimum: 0,
  maximum: 1_000,
  description: "A chance, in thousandths.",
});

const RecommendationBody = Type.Object(
  {
    userId: Type.Optional(Id),
    anonymousId: Type.Optional(Id),
    placement: Type.String({ minLength: 1, maxLength: 64 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: limitDefault })),
    context: Type.Optional(Context),
    exclude: Type.Optional(Type.Array(Id, { maxItems: idsMax })),
    filter: Type.Optional(Type.Union([Type.Array(Term, { maxItems: 32 }), Text])),
    onScreen: Type.Optional(Type.Array(Id, { maxItems: limitMax })),
    items: Type.Optional(
      Type.Array(Id, { maxItems: seedsMax, description: "What the answer is to be about." }),
    ),
    playlist: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "The person's playlist that the answer goes on from.",
      }),
    ),
    after: Type.Optional(Type.String({ maxLength: 256 })),
    predict: Type.Optional(Predict),
  },
  { additionalProperties: false },
);
type Body = Static<typeof RecommendationBody>;
type Linked = FastifyRequest<{ Querystring: Static<typeof RecommendationQuery> }>;

/** A link has no place for attributes. */
const { attributes: _attributes, ...named } = Context.properties;

const RecommendationQuery = Type.Object(
  {
    userId: Type.Optional(Id),
    anonymousId: Type.Optional(Id),
    placement: Type.String({ minLength: 1, maxLength: 64 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: limitDefault })),
    exclude: Type.Optional(Type.String({ description: "Item ids, separated by commas." })),
    onScreen: Type.Optional(Type.String({ description: "Item ids, separated by commas." })),
    filter: Type.Optional(Text),
    items: Type.Optional(Type.String({ description: "Item ids, separated by commas." })),
    playlist: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    ...named,
    after: Type.Optional(Type.String({ maxLength: 256 })),
    predict: Type.Optional(Predict),
  },
  { additionalProperties: false },
);

const RecommendationAnswer = Type.Object({
  decisionId: Type.String(),
  placement: Type.String(),
  items: Type.Array(
    Type.Object({
      id: Type.String(),
      score: Type.Integer(),
      reasons: Type.Array(
        Type.Object({
          source: Type.String(),
          because: Type.Optional(Type.String()),
          share: Type.Integer(),
        }),
      ),
      label: Type.Optional(Type.String({ description: 'To be shown on it, such as "Sponsored".' })),
      item: Type.Optional(Type.Object({}, { additionalProperties: true })),
      pSkip: Type.Optional(Permille),
    }),
  ),
  position: Type.String(),
  pSessionEnd: Type.Optional(Permille),
  nextAction: Type.Optional(Type.Object({ action: Type.String(), p: Permille })),
  prefetch: Type.Optional(
    Type.Array(Type.String(), { description: "Items of this answer that are worth loading now." }),
  ),
});

export function recommendationRoutes(app: FastifyInstance, parts: RecommendationParts): void {
  const response = { 200: RecommendationAnswer };
  app.post<{ Body: Body }>(
    "/v1/recommendations",
    { schema: { summary: "What to show this person now", body: RecommendationBody, response } },
    async (request, reply) =>
      send(reply, await answer(parts, await parts.authenticate(request), request.body)),
  );
  app.get<{ Querystring: Static<typeof RecommendationQuery> }>(
    "/v1/recommendations",
    { schema: { summary: "The same as a link", querystring: RecommendationQuery, response } },
    async (request, reply) =>
      send(reply, await answer(parts, await parts.authenticate(request), bodyOf(request))),
  );
}

/** The answer is written already: where it was made, which may be another thread. */
function send(reply: FastifyReply, body: Uint8Array): FastifyReply {
  return reply.type("application/json; charset=utf-8").send(body);
}

/** A link says the same as a body, and its lists are held to the same schema; the filter is text in both. */
function bodyOf(request: Linked): Body {
  const { exclude, onScreen, items, filter, device, region, place, ...rest } = request.query;
  const context = { device, region, place };
  const lists = { exclude: idsOf(exclude), onScreen: idsOf(onScreen), items: idsOf(items) };
  const body: unknown = { ...rest, ...lists, context };
  const validate = request.compileValidationSchema(RecommendationBody);
  if (validate(body) === true)
    return { ...(body as Body), ...(filter === undefined ? {} : { filter }) };
  const [error] = validate.errors ?? [];
  const message = `querystring${error?.instancePath ?? ""} ${error?.message ?? "is invalid"}`;
  throw new CodedError("request_invalid", message);
}

function idsOf(text: string | undefined): string[] | undefined {
  return text?.split(",").filter((id) => id !== "");
}

async function answer(parts: RecommendationParts, caller: Caller, body: Body): Promise<Uint8Array> {
  const started = performance.now();
  const { tenant } = caller;
  const person = personOf(caller, body);
  const request: RecommendationRequest = {
    placement: body.placement,
    limit: body.limit ?? limitDefault,
    now: parts.now(),
    context: body.context,
    exclude: body.exclude,
    filter: body.filter as RecommendationRequest["filter"],
    onScreen: body.onScreen,
    items: body.items,
    playlist: body.playlist,
  };
  const subject = parts.subjectOf(tenant, person);
  if (body.playlist !== undefined && !parts.hasPlaylist(tenant, subject, body.playlist))
    throw new CodedError("request_invalid", "playlist: this person has none of this id.");
  const { after, predict } = body;
  const given = await parts.answer(tenant, subject, request, { after, predict });
  parts.observe(body.placement, performance.now() - started);
  return given;
}

/** A user token speaks for its own user; a server says whom it asks for. */
function personOf(caller: Caller, { userId, anonymousId }: Person): Person {
  if (caller.kind === "user") return { userId: readableUser(caller, userId) };
  readableUser(caller, userId);
  return { userId, anonymousId };
}
