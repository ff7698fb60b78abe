import "../access/route.ts";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { assertCallerScope } from "../access/caller.ts";
import { type DocumentParts, documentRoutes } from "./documents.ts";
import { placementMetricsRoute, type PlacementMetricsParts } from "./placement-metrics.ts";
import { openApiOf, type RouteFacts } from "./open-api.ts";

/** The operator's door: health, metrics, the description of the API, documents, and tokens for users. */
export interface AdminParts extends DocumentParts, PlacementMetricsParts {
  now(): number;
  issueToken(tenant: number, userId: string, ttlS: number): Promise<string>;
  /** Why no traffic should come: starting, stopping, the engine has stopped; undefined when all is well. */
  notReady(): string | undefined;
  metrics(): string;
  /** What is true of this process, for people: version, durability, positions. */
  status(): Record<string, unknown>;
  title: string;
  version: string;
}

const tokenTtlSMax = 900;
const Token = Type.Object(
  {
    userId: Type.String({ minLength: 1, maxLength: 256 }),
    ttlS: Type.Optional(
      Type.Integer({ minimum: 10, maximum: tokenTtlSMax, default: tokenTtlSMax }),
    ),
  },
  { additionalProperties: false },
);

/** Must be called before any route is added: it notes what every route says about itself. */
export function adminDoor(app: FastifyInstance, parts: AdminParts): void {
  const routes: RouteFacts[] = [];
  app.addHook("onRoute", ({ method, url, schema }) => {
    for (const verb of Array.isArray(method) ? method : [method]) {
      routes.push({ method: verb, url, schema });
    }
  });
  tokenRoute(app, parts);
  documentRoutes(app, parts);
  placementMetricsRoute(app, parts);
  const plain = (summary: string) => ({ schema: { summary, tags: ["operate"] } });
  app.get("/healthz", plain("Whether the process lives"), async () => ({
    status: "ok",
    ...parts.status(),
  }));
  app.get("/readyz", plain("Whether it should get traffic"), async (_request, reply) => {
    const reason = parts.notReady();
    if (reason === undefined) return { status: "ready" };
    return reply.code(503).header("Retry-After", "1").send({ status: "not ready", reason });
  });
  app.get("/metrics", plain("Prometheus metrics"), async (_request, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(parts.metrics()),
  );
  app.get("/openapi.json", plain("This API, as OpenAPI 3.1"), async () =>
    openApiOf(parts.title, parts.version, routes),
  );
}

function tokenRoute(app: FastifyInstance, parts: AdminParts): void {
  app.post<{ Body: { userId: string; ttlS?: number } }>(
    "/v1/tokens",
    {
      schema: {
        summary: "A token with which a user's own device may read and listen",
        tags: ["tokens"],
        body: Token,
        response: { 200: Type.Object({ token: Type.String(), expiresAt: Type.String() }) },
      },
    },
    async (request) => {
      const caller = await parts.authenticate(request);
      assertCallerScope(caller, "tokens");
      const { userId, ttlS = tokenTtlSMax } = request.body;
      const token = await parts.issueToken(caller.tenant, userId, ttlS);
      return { token, expiresAt: new Date(parts.now() + ttlS * 1000).toISOString() };
    },
  );
}
