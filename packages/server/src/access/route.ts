import type {} from "fastify";

/** What a route tells about itself beside its schemas: /openapi.json is made from it. */
declare module "fastify" {
  interface FastifySchema {
    summary?: string | undefined;
    description?: string | undefined;
    tags?: readonly string[] | undefined;
  }
}
