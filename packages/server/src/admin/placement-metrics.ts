import "../access/route.ts";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { CodedError } from "@attune/protocol";
import { assertCallerScope, type Authenticate } from "../access/caller.ts";
import type { PlacementMetrics } from "../engine/metrics/placement-metrics.ts";

/** GET /v1/placements/{name}/metrics: how a placement does, for secret keys. Days are UTC days. */
export interface PlacementMetricsParts {
  authenticate: Authenticate;
  now(): number;
  placementMetrics(
    tenant: number,
    name: string,
    days: { from: number; to: number },
    after?: string,
  ): Promise<PlacementMetrics>;
}

const dayMs = 86_400_000;
/** Popularity is kept by the day for so long; before that, by the week. */
const metricsDaysMax = 60;
const daysDefault = 7;

const Day = Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}$", description: "Such as 2026-11-27." });
const Asked = Type.Object(
  {
    from: Type.Optional(Day),
    to: Type.Optional(Day),
    after: Type.Optional(Type.String({ maxLength: 256, description: "A position." })),
  },
  { additionalProperties: false },
);
const Figure = Type.Union([Type.Number(), Type.Null()]);
const Count = Type.Integer();
const Spread = Type.Object({
  items: Count,
  coverage: Figure,
  gini: Figure,
  topPercentShare: Figure,
  popularityLift: Type.Object({ overCatalogue: Figure, overTouched: Figure }),
});
const Quality = Type.Object({
  seen: Count,
  clicks: Count,
  completions: Count,
  skips: Count,
  purchases: Count,
  clickRate: Figure,
  judged: Count,
  hitRate: Figure,
  popularHitRate: Figure,
});
const Metrics = Type.Object({
  placement: Type.String(),
  from: Day,
  to: Day,
  catalogue: Count,
  exposure: Spread,
  mostPopular: Spread,
  audiences: Type.Object({ all: Quality, new: Quality, regular: Quality, heavy: Quality }),
  position: Type.String(),
});

export function placementMetricsRoute(app: FastifyInstance, parts: PlacementMetricsParts): void {
  app.get<{
    Params: { name: string };
    Querystring: { from?: string; to?: string; after?: string };
  }>(
    "/v1/placements/:name/metrics",
    {
      schema: {
        summary: "How a placement does: coverage, concentration, popularity, quality by audience",
        tags: ["documents"],
        params: Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }),
        querystring: Asked,
        response: { 200: Metrics },
      },
    },
    async (request) => {
      const caller = await parts.authenticate(request);
      assertCallerScope(caller, "settings");
      const { name } = request.params;
      const { from, to, after } = request.query;
      const days = daysOf(from, to, parts.now());
      const report = await parts.placementMetrics(caller.tenant, name, days, after);
      return { placement: name, from: dateOf(days.from), to: dateOf(days.to), ...report };
    },
  );
}

/** Whole days since 1970, both included: the last seven if nothing else is said. Throws a coded error. */
export function daysOf(
  from: string | undefined,
  to: string | undefined,
  now: number,
): { from: number; to: number } {
  const today = Math.floor(now / dayMs);
  const last = to === undefined ? today : dayOf(to, "to");
  const first = from === undefined ? last - daysDefault + 1 : dayOf(from, "from");
  if (first > last) throw new CodedError("request_invalid", "from: must not be after to.");
  const oldest = today - metricsDaysMax + 1;
  if (first < oldest)
    throw new CodedError(
      "request_invalid",
      `from: days are kept for ${metricsDaysMax} days; the oldest is ${dateOf(oldest)}.`,
    );
  return { from: first, to: last };
}

export function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

function dayOf(text: string, field: string): number {
  const day = Date.parse(`${text}T00:00:00Z`) / dayMs;
  if (Number.isInteger(day) && dateOf(day) === text) return day;
  throw new CodedError("request_invalid", `${field}: ${JSON.stringify(text)} is no day.`);
}
