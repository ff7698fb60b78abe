import "../access/route.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { CodedError, type ConsentChoice, type Purpose, purposes } from "@attune/protocol";
import {
  assertCallerScope,
  type Authenticate,
  type Caller,
  readableUser,
} from "../access/caller.ts";

/** The read door of people: what is known of a user, and the end of it. */
export interface UserParts {
  authenticate: Authenticate;
  now(): number;
  subjectOf(
    tenant: number,
    person: { userId?: string | undefined; anonymousId?: string | undefined },
  ): string | undefined;
  /** The profile, for which there must be a permit; the portable state is the person's own right. */
  profile(
    tenant: number,
    subject: string,
  ): Promise<{ profile: unknown; state: unknown } | undefined>;
  /** Keeps a choice about a purpose for good; resolves with the position at which it counts. */
  choose(tenant: number, userId: string, choice: Choice): Promise<string>;
  forget(tenant: number, subject: string, at: number, reason: string | undefined): Promise<unknown>;
}

interface Choice {
  purpose: Purpose;
  choice: ConsentChoice;
  /** What was shown to the person when they chose. */
  policy?: string | undefined;
}

const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 256 }) });
const anything = Type.Object({}, { additionalProperties: true });
type Route = { Params: { id: string } };

const ConsentParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 256 }),
  purpose: Type.Union(purposes.map((purpose) => Type.Literal(purpose))),
});
const ConsentAnswer = Type.Object({
  userId: Type.String(),
  purpose: Type.String(),
  choice: Type.String(),
  position: Type.String({ description: "Hand it back as `after`, and an answer reflects it." }),
});
const Policy = Type.Optional(
  Type.String({ maxLength: 256, description: "Version of the text that the person was shown." }),
);
type ConsentRoute = {
  Params: { id: string; purpose: Purpose };
  Querystring: { policy?: string };
};

/** As easy to take back as to give: one call each way, for the person's own device or a server. */
function consentRoutes(app: FastifyInstance, parts: UserParts): void {
  const schemaOf = (summary: string) => ({
    summary,
    params: ConsentParams,
    querystring: Type.Object({ policy: Policy }),
    response: { 200: ConsentAnswer },
  });
  const choose = async (request: FastifyRequest<ConsentRoute>, choice: ConsentChoice) => {
    const caller = await parts.authenticate(request);
    if (caller.kind !== "user") assertCallerScope(caller, "events");
    const { userId } = personOf(parts, caller, request.params.id);
    const { purpose } = request.params;
    const { policy } = request.query;
    const position = await parts.choose(caller.tenant, userId, { purpose, choice, policy });
    return { userId, purpose, choice, position };
  };
  const url = "/v1/users/:id/consents/:purpose";
  app.put<ConsentRoute>(url, { schema: schemaOf("A person grants a purpose") }, (request) =>
    choose(request, "granted"),
  );
  app.delete<ConsentRoute>(url, { schema: schemaOf("A person takes it back") }, (request) =>
    choose(request, "withdrawn"),
  );
}

export function userRoutes(app: FastifyInstance, parts: UserParts): void {
  consentRoutes(app, parts);
  app.get<Route>(
    "/v1/users/:id",
    { schema: { summary: "What is known of a user", params: Params, response: { 200: anything } } },
    async (request) => {
      const caller = await parts.authenticate(request);
      const { subject, userId } = personOf(parts, caller, request.params.id);
      const known = await parts.profile(caller.tenant, subject);
      if (known === undefined) throw new CodedError("not_found", `Nothing is known of ${userId}.`);
      if (known.profile !== undefined) return { userId, ...(known.profile as object) };
      const reason = "Neither consent nor a declared basis permits a profile.";
      return { userId, subject, withheld: reason };
    },
  );
  app.get<Route>(
    "/v1/users/:id/export",
    {
      schema: { summary: "The whole state of a user", params: Params, response: { 200: anything } },
    },
    async (request) => {
      const caller = await parts.authenticate(request);
      const { subject, userId } = personOf(parts, caller, request.params.id);
      const known = await parts.profile(caller.tenant, subject);
      if (known === undefined) throw new CodedError("not_found", `Nothing is known of ${userId}.`);
      return { userId, state: known.state };
    },
  );
  app.delete<Route & { Querystring: { reason?: string } }>(
    "/v1/users/:id",
    {
      schema: {
        summary: "Forget a user: state, sums, records",
        params: Params,
        querystring: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 256 })) }),
        response: { 202: anything },
      },
    },
    async (request, reply) => {
      const caller = await parts.authenticate(request);
      if (caller.kind !== "user") assertCallerScope(caller, "users");
      const { subject } = personOf(parts, caller, request.params.id);
      const receipt = await parts.forget(caller.tenant, subject, parts.now(), request.query.reason);
      return reply.code(202).send(receipt);
    },
  );
}

function personOf(parts: UserParts, caller: Caller, id: string) {
  const userId = readableUser(caller, id);
  const subject = parts.subjectOf(caller.tenant, { userId });
  if (userId === undefined || subject === undefined)
    throw new CodedError("not_found", "There is no such user.");
  return { userId, subject };
}
