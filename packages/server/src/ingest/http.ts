/**
 * The write door over HTTP: batches and single calls of the Segment dialect, items, and what was refused. An
 * event is acknowledged once it is on the disk, never before; a bad one costs its neighbours nothing; trouble
 * that passes is 429 or 503 with `Retry-After`, never a status at which a stock client drops its events.
 */
import "../access/route.ts";
import type { FastifyInstance } from "fastify";
import { deadLetterRoutes } from "./dead-letters/routes.ts";
import { Admission } from "./http/admission.ts";
import { eventRoutes } from "./http/events.ts";
import { failureReplies } from "./http/failure.ts";
import { itemRoutes } from "./items/routes.ts";
import { mappingRoutes } from "./mapping-routes.ts";
import type { IngestParts } from "./parts.ts";

/** Adds the routes, in a scope of their own: their bodies are bytes and their errors are coded. */
export function ingestDoor(app: FastifyInstance, parts: IngestParts): void {
  const admission = new Admission(parts);
  app.register(async (scope) => {
    failureReplies(scope, parts);
    // Every client here sends JSON, and no two agree on what to call it: a body is bytes.
    scope.removeAllContentTypeParsers();
    scope.register(async (events) => eventRoutes(events, parts, admission));
    scope.register(async (items) => itemRoutes(items, parts, admission));
    scope.register(async (mapping) => mappingRoutes(mapping, parts));
    scope.register(async (letters) => deadLetterRoutes(letters, parts));
  });
}
