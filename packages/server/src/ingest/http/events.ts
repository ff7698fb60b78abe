/** The routes that take events, and the settings that the web client asks for first. Any page may call them. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { CodedError } from "@attune/protocol";
import type { Credential } from "../../access/keys.ts";
import type { BodyForm } from "../dialect/segment.ts";
import type { IngestParts } from "../parts.ts";
import type { Admission } from "./admission.ts";
import { batchAnswerSchema, failures, failureSchema } from "./answer.ts";
import { packingOf } from "./body.ts";
import { allowOrigin, preflight } from "./cors.ts";
import { settingsDocument } from "./settings-document.ts";
import { take } from "./take.ts";
import { whoByHeaders } from "./who.ts";

const singles = {
  track: ["track", "t", "What a person did"],
  identify: ["identify", "i", "Who a person is"],
  page: ["page", "p", "A page that was looked at"],
  screen: ["screen", "s", "A screen that was looked at"],
  group: ["group", "g", "What a person belongs to"],
  alias: ["alias", "a", "Two ids of one person"],
} as const;

const anyObject = Type.Object({}, { additionalProperties: true });
const id = (description: string) => Type.Optional(Type.String({ maxLength: 256, description }));

/** Described, not enforced: each event is judged by itself, and stock clients send more than this. */
const eventSchema = Type.Object(
  {
    type: Type.Union(Object.keys(singles).map((call) => Type.Literal(call))),
    event: id("What happened, for `track`."),
    userId: id("The person; this or `anonymousId` is needed."),
    anonymousId: id("The device, before anybody signed in."),
    messageId: id("Makes a resend a duplicate instead of a second event."),
    timestamp: Type.Optional(Type.String({ format: "date-time" })),
    properties: Type.Optional(anyObject),
    traits: Type.Optional(anyObject),
    context: Type.Optional(anyObject),
  },
  { additionalProperties: true },
);
const batchSchema = Type.Object(
  {
    batch: Type.Array(eventSchema, { minItems: 1 }),
    sentAt: Type.Optional(Type.String({ format: "date-time" })),
    writeKey: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
);

/** Set before the body is read, for the handler. */
const found = new WeakMap<FastifyRequest, Credential>();
/** What a body of unknown length counts for until it is read. */
const unstatedBytes = 65_536;

export function eventRoutes(
  scope: FastifyInstance,
  parts: IngestParts,
  admission: Admission,
): void {
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  scope.addHook("onRequest", async (request, reply) => {
    allowOrigin(request, reply);
    // Fastify refuses a header that is no media type at all; here any will do.
    delete request.raw.headers["content-type"];
  });
  const bodyLimit = parts.limits.batchBytesMax;
  const unchecked = { validatorCompiler: () => () => true, bodyLimit };
  const response = { 200: batchAnswerSchema, ...failures };
  const post = (
    path: string,
    form: BodyForm,
    body: unknown,
    summary: string,
    isHidden: boolean,
  ) => {
    const schema = isHidden ? {} : { schema: { summary, tags: ["write"], body, response } };
    const onRequest = async (request: FastifyRequest): Promise<void> =>
      admit(parts, admission, request);
    for (const url of [path, `${path}/`]) {
      const shown = url === path ? schema : {};
      scope.post(url, { ...unchecked, ...shown, onRequest }, async (request) =>
        take(parts, admission, request, found.get(request), form),
      );
      scope.options(url, async (request, reply) => preflight(request, reply));
    }
  };
  post("/v1/batch", "batch", batchSchema, "Events of one sender", false);
  post("/v1/b", "batch", batchSchema, "", true);
  post("/beacon/v1/batch", "batch", batchSchema, "", true);
  for (const [call, [long, short, summary]] of Object.entries(singles)) {
    const form = { call: call as keyof typeof singles };
    post(`/v1/${long}`, form, eventSchema, summary, false);
    post(`/v1/${short}`, form, eventSchema, "", true);
  }
  metricsRoute(scope);
  settingsRoute(scope, parts);
}

/** All that can be said before the body is read. */
async function admit(
  parts: IngestParts,
  admission: Admission,
  request: FastifyRequest,
): Promise<void> {
  const reason = parts.notReady();
  // Not 401: while keys are loading every key is unknown, and clients drop for good on a 401.
  if (reason !== undefined)
    throw new CodedError("shutting_down", `Nothing can be taken: ${reason}.`);
  const length = Number(request.headers["content-length"] ?? unstatedBytes);
  await admission.waitForRoom(Math.min(length || 0, parts.limits.batchBytesMax));
  packingOf(new Uint8Array(), request.headers["content-encoding"]);
  const credential = whoByHeaders(parts.findKey, request, "events", true);
  if (credential !== undefined) found.set(request, credential);
  if (credential?.kind !== "server" && credential?.kind !== "secret") {
    admission.assertAddress(request.ip);
  }
}

/** Clients report about themselves here; nobody reads it. */
function metricsRoute(scope: FastifyInstance): void {
  for (const url of ["/v1/m", "/v1/m/"]) {
    scope.post(url, { bodyLimit: unstatedBytes }, async () => ({ success: true }));
    scope.options(url, async (request, reply) => preflight(request, reply));
  }
}

function settingsRoute(scope: FastifyInstance, parts: IngestParts): void {
  const url = "/v1/projects/:writeKey/settings";
  const schema = {
    summary: "Settings for the web client of the Segment dialect",
    tags: ["write"],
    params: Type.Object({ writeKey: Type.String({ maxLength: 256 }) }),
    response: { 200: anyObject, 401: failureSchema, 503: failureSchema },
  };
  scope.get<{ Params: { writeKey: string } }>(url, { schema }, async (request, reply) => {
    const reason = parts.notReady();
    if (reason !== undefined)
      throw new CodedError("shutting_down", `Nothing can be told: ${reason}.`);
    const { writeKey } = request.params;
    // The document is public, so no other kind of key is welcome in its address.
    if (parts.findKey(writeKey)?.kind !== "public") {
      throw new CodedError("key_invalid", "No tenant has this public write key.");
    }
    const named = parts.publicUrl === undefined ? undefined : new URL(parts.publicUrl);
    const host = named?.host ?? request.host;
    const protocol = named?.protocol.replace(":", "") ?? request.protocol;
    reply.header("Cache-Control", "public, max-age=300");
    return settingsDocument(writeKey, host, protocol);
  });
  scope.options(url, async (request, reply) => preflight(request, reply));
}
