import type { FastifySchema } from "fastify";

/**
 * The API as OpenAPI 3.1, made from the very schemas that validate requests: what is not in a route's schema
 * is not in the description, and the reverse.
 */
export interface RouteFacts {
  method: string;
  url: string;
  schema: FastifySchema | undefined;
}

type Json = Record<string, unknown>;

export function openApiOf(title: string, version: string, routes: readonly RouteFacts[]): Json {
  const paths: Record<string, Json> = {};
  for (const { method, url, schema } of routes) {
    if (method === "HEAD" || method === "OPTIONS" || schema?.summary === undefined) continue;
    const path = url.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(schema) };
  }
  const sorted = Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: "3.1.0",
    info: { title, version },
    components: {
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: "A server or secret key, or a user token.",
        },
        writeKey: {
          type: "http",
          scheme: "basic",
          description: "A write key as user name, no password.",
        },
      },
    },
    security: [{ key: [] }, { writeKey: [] }],
    paths: sorted,
  };
}

function operationOf(schema: FastifySchema): Json {
  const parameters = [
    ...parametersOf("path", schema.params),
    ...parametersOf("query", schema.querystring),
  ];
  const operation: Json = { summary: schema.summary, responses: responsesOf(schema.response) };
  if (schema.description !== undefined) operation["description"] = schema.description;
  if (schema.tags !== undefined) operation["tags"] = schema.tags;
  if (parameters.length > 0) operation["parameters"] = parameters;
  if (schema.body !== undefined)
    operation["requestBody"] = { required: true, content: jsonOf(schema.body) };
  return operation;
}

function parametersOf(where: "path" | "query", schema: unknown): Json[] {
  const { properties, required } = (schema ?? {}) as { properties?: Json; required?: string[] };
  return Object.entries(properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || (required?.includes(name) ?? false),
    schema: property,
  }));
}

function responsesOf(response: unknown): Json {
  const entries = Object.entries((response ?? {}) as Json);
  if (entries.length === 0) return { 200: { description: "Done." } };
  return Object.fromEntries(
    entries.map(([status, schema]) => [status, { description: "Done.", content: jsonOf(schema) }]),
  );
}

function jsonOf(schema: unknown): Json {
  return { "application/json": { schema } };
}
