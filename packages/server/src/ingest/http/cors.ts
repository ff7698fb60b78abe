/** What lets a page of any origin send events: the key says for whom, so an origin proves nothing. No cookies. */
import type { FastifyReply, FastifyRequest } from "fastify";

export function allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("Vary", "Origin");
  const { origin } = request.headers;
  if (origin === undefined) return;
  reply.header("Access-Control-Allow-Origin", origin);
  reply.header("Access-Control-Expose-Headers", "Retry-After");
}

/** Answers a preflight. `allowOrigin` has run already. */
export function preflight(request: FastifyRequest, reply: FastifyReply): void {
  const asked = request.headers["access-control-request-headers"];
  if (asked !== undefined) reply.header("Access-Control-Allow-Headers", asked);
  reply.header("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  reply.header("Access-Control-Max-Age", "7200");
  reply.header("Vary", "Origin, Access-Control-Request-Headers");
  void reply.code(204).send();
}
