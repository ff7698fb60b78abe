/** The routes of the catalogue: put many, look at one or some, take one out. For server and secret keys. */
import { pipeline, type Readable } from "node:stream";
import { createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { CodedError } from "@attune/protocol";
import type { Admission } from "../http/admission.ts";
import { failures } from "../http/answer.ts";
import { packingOf } from "../http/body.ts";
import { who } from "../http/who.ts";
import type { IngestParts } from "../parts.ts";
import { catalogueRecord, putItems } from "./put.ts";

const Item = Type.Object(
  { id: Type.String(), attributes: Type.Object({}, { additionalProperties: true }) },
  { additionalProperties: false },
);
const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 256 }) });
const limitMax = 1_000;
const Listing = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: 100 })),
  after: Type.Optional(Type.String({ maxLength: 256, description: "Last id of the page before." })),
});
const Answer = Type.Object({
  success: Type.Boolean(),
  accepted: Type.Integer(),
  position: Type.Optional(Type.String()),
  results: Type.Array(
    Type.Object({
      index: Type.Integer({ description: "Line of the stream or place in the array, from 0." }),
      result: Type.Literal("drop"),
      reason: Type.String(),
      detail: Type.String(),
      fix: Type.String(),
    }),
  ),
  omitted: Type.Optional(Type.Integer({ description: "Entries left out of `results`." })),
});
const tags = ["items"];

export function itemRoutes(scope: FastifyInstance, parts: IngestParts, admission: Admission): void {
  // The body stays a stream: it may be larger than memory should be.
  scope.addContentTypeParser("*", (_request, body, done) => done(null, body));
  scope.addHook("onRequest", async (request) => {
    delete request.raw.headers["content-type"];
    const reason = parts.notReady();
    if (reason !== undefined) throw new CodedError("shutting_down", `Not now: ${reason}.`);
  });
  putRoute(scope, parts, admission);
  readRoutes(scope, parts);
  scope.delete<{ Params: { id: string } }>(
    "/v1/items/:id",
    {
      schema: {
        summary: "Take an item out of the catalogue",
        tags,
        params: Params,
        response: {
          200: Type.Object({ success: Type.Boolean(), position: Type.String() }),
          ...failures,
        },
      },
    },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "items");
      const record = catalogueRecord(tenant, { remove: [request.params.id] }, parts.now());
      const { position } = await parts.append([record]);
      return { success: true, position };
    },
  );
}

function putRoute(scope: FastifyInstance, parts: IngestParts, admission: Admission): void {
  const schema = {
    summary: "Put items into the catalogue: an array, or one JSON object a line",
    tags,
    body: Type.Array(Item),
    response: { 200: Answer, ...failures },
  };
  const options = { schema, validatorCompiler: () => () => true };
  scope.put("/v1/items", options, async (request, reply) => {
    const { tenant } = who(parts.findKey, request, "items");
    const body = request.body as Readable | undefined;
    if (body === undefined || body === null) {
      throw new CodedError("batch_invalid", "There is no body: send an array, or one item a line.");
    }
    const source = unpacked(body, request.headers["content-encoding"]);
    const answer = await admission.inside(parts.limits.itemLineBytesMax, () =>
      readable(putItems(parts, tenant, source)),
    );
    if (answer.accepted === 0 && answer.results.length === 0) {
      throw new CodedError("batch_invalid", "The body holds no item.");
    }
    // What was not read is of no interest any more.
    if (!body.readableEnded) reply.header("Connection", "close");
    return answer;
  });
}

/** A stream that breaks off or does not unpack is the sender's fault. */
async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isTheirs = typeof code === "string" && /^(Z_|ERR_STREAM|ECONNRESET|UND_)/.test(code);
    if (!isTheirs) throw error;
    const message =
      "The body breaks off or is not packed as it says; the lines before that were kept.";
    throw new CodedError("batch_invalid", message, { cause: error });
  }
}

function unpacked(body: Readable, encoding: string | undefined): Readable {
  // Without a look at the first bytes only the header can say that it is packed.
  if (encoding === undefined || encoding === "" || encoding === "identity") return body;
  const packing = packingOf(Uint8Array.of(0x78, 0x9c), encoding);
  const inflater =
    packing === "gzip" ? createGunzip() : packing === "zlib" ? createInflate() : createInflateRaw();
  return pipeline(body, inflater, () => undefined);
}

function readRoutes(scope: FastifyInstance, parts: IngestParts): void {
  scope.get<{ Params: { id: string } }>(
    "/v1/items/:id",
    {
      schema: {
        summary: "One item of the catalogue",
        tags,
        params: Params,
        response: { 200: Item, 404: failures[400], ...failures },
      },
    },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "items");
      const { id } = request.params;
      const item = await parts.items.get(tenant, id);
      if (item === undefined) throw new CodedError("not_found", "There is no such item.");
      return { id, attributes: item.attributes };
    },
  );
  scope.get<{ Querystring: { limit?: number; after?: string } }>(
    "/v1/items",
    {
      schema: {
        summary: "Items of the catalogue, in the order of their ids",
        tags,
        querystring: Listing,
        response: {
          200: Type.Object({ items: Type.Array(Item), next: Type.Optional(Type.String()) }),
          ...failures,
        },
      },
    },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "items");
      const { limit = 100, after } = request.query;
      const items = await parts.items.list(tenant, limit, after);
      return { items, next: items.length < limit ? undefined : items.at(-1)?.id };
    },
  );
}
