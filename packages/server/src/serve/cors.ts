/** Lets pages of allowed origins ask with a user token; every other page is kept from the answer by its browser. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { OriginRule } from "../access/origins.ts";

/** Adds the headers to all routes of the scope, and answers the preflights of these paths. */
export function allowPages(
  scope: FastifyInstance,
  isAllowed: OriginRule,
  paths: readonly string[],
) {
  const originOf = ({ headers: { origin, host } }: FastifyRequest): string | undefined =>
    origin !== undefined && isAllowed(origin, host ?? "") ? origin : undefined;
  scope.addHook("onRequest", async (request, reply) => {
    reply.header("Vary", "Origin");
    const origin = originOf(request);
    if (origin !== undefined) reply.header("Access-Control-Allow-Origin", origin);
  });
  for (const path of paths) {
    scope.options(path, async (request, reply) => {
      if (originOf(request) !== undefined) {
        reply.header("Access-Control-Allow-Headers", "authorization, content-type, traceparent");
        reply.header("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
        reply.header("Access-Control-Max-Age", "7200");
      }
      return reply.code(204).send();
    });
  }
}
