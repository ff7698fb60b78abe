/** What was refused and kept: look, try again, throw away. For secret keys with the scope `dead-letters`. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { CodedError } from "@attune/protocol";
import { acceptAll, conclude } from "../accept.ts";
import { type Body, readBody } from "../dialect/segment.ts";
import { answerOf, batchAnswerSchema, failures } from "../http/answer.ts";
import { who } from "../http/who.ts";
import type { IngestParts } from "../parts.ts";
import type { DeadLetter } from "./store.ts";

const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const Listing = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
  before: Type.Optional(Type.String({ maxLength: 64, description: "Last id of the page before." })),
});
const Letter = Type.Object({
  id: Type.String(),
  reason: Type.String({ description: "Code of the table of errors." }),
  field: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  messageId: Type.Optional(Type.String()),
  receivedAt: Type.String({ format: "date-time" }),
  keyId: Type.String({ description: "Key with which it was sent." }),
  text: Type.Optional(
    Type.String({ description: "The event as it came; absent where it may not be kept." }),
  ),
});
const tags = ["dead letters"];
type Route = { Params: { id: string } };

export function deadLetterRoutes(scope: FastifyInstance, parts: IngestParts): void {
  const { deadLetters } = parts;
  // A replay has no body; one that is sent along is not looked at.
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  const letters = Type.Object({
    deadLetters: Type.Array(Letter),
    next: Type.Optional(Type.String()),
  });
  scope.get<{ Querystring: { limit?: number; before?: string } }>(
    "/v1/dead-letters",
    {
      schema: {
        summary: "Events that were refused, the newest first",
        tags,
        querystring: Listing,
        response: { 200: letters, ...failures },
      },
    },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "dead-letters");
      const { limit = 50, before } = request.query;
      const found = deadLetters.list(tenant, limit, before);
      const next = found.length < limit ? undefined : found.at(-1)?.id;
      return { deadLetters: found.map(shown), next };
    },
  );
  const done = { 200: Type.Object({ success: Type.Boolean() }), 404: failures[400], ...failures };
  scope.delete<Route>(
    "/v1/dead-letters/:id",
    { schema: { summary: "Throw a refused event away", tags, params: Params, response: done } },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "dead-letters");
      if (!deadLetters.delete(tenant, request.params.id)) throw missing();
      return { success: true };
    },
  );
  const response = { 200: batchAnswerSchema, 404: failures[400], ...failures };
  scope.post<Route>(
    "/v1/dead-letters/:id/replay",
    { schema: { summary: "Take a refused event again", tags, params: Params, response } },
    async (request) => {
      const { tenant } = who(parts.findKey, request, "dead-letters");
      return replay(parts, tenant, request.params.id);
    },
  );
}

/** Judged anew as of when it arrived, with the rights of the key that sent it. Gone from here once accepted. */
async function replay(parts: IngestParts, tenant: number, id: string) {
  const letter = parts.deadLetters.get(tenant, id);
  if (letter === undefined) throw missing();
  if (letter.text === undefined) {
    throw new CodedError("request_invalid", "Its text was not kept, so it cannot be taken again.");
  }
  const { kind, id: keyId } = letter.key;
  const door = parts.door({ tenant, kind, keyId, scopes: [] });
  const { parsed } = bodyOf(letter, letter.text, parts);
  const accepted = acceptAll(parsed, door, letter.receivedAt);
  const appended = await parts.append(accepted.flatMap(({ records }) => records));
  const answer = answerOf(conclude(accepted, appended), appended.position, new Map());
  if (answer.accepted + answer.duplicates === parsed.length) parts.deadLetters.delete(tenant, id);
  return answer;
}

function bodyOf({ reason, sentAt }: DeadLetter, text: string, parts: IngestParts): Body {
  if (reason === "batch_invalid") return readBody(text, "either", parts.limits);
  const around = sentAt === undefined ? "" : `,"sentAt":${JSON.stringify(sentAt)}`;
  return readBody(`{"batch":[${text}]${around}}`, "batch", parts.limits);
}

function shown(letter: DeadLetter) {
  const { id, reason, field, detail, messageId, text, key, receivedAt } = letter;
  const at = new Date(receivedAt).toISOString();
  return { id, reason, field, detail, messageId, receivedAt: at, keyId: key.id, text };
}

function missing(): CodedError {
  return new CodedError("not_found", "There is no such dead letter.");
}
