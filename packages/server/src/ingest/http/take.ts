/** One body of events, from bytes to verdicts: read, prove, accept, admit, append, conclude. */
import type { FastifyRequest } from "fastify";
import { CodedError } from "@attune/protocol";
import type { Credential } from "../../access/keys.ts";
import { acceptAll, conclude, type Verdict } from "../accept.ts";
import type { NewDeadLetter } from "../dead-letters/store.ts";
import { type Body, type BodyForm, readBody } from "../dialect/segment.ts";
import type { IngestParts } from "../parts.ts";
import type { Admission } from "./admission.ts";
import { answerOf, type BatchAnswer } from "./answer.ts";
import { textOf } from "./body.ts";
import { prove } from "./proof.ts";
import { whoByBody } from "./who.ts";

const nothing = Buffer.alloc(0);

export function take(
  parts: IngestParts,
  admission: Admission,
  request: FastifyRequest,
  known: Credential | undefined,
  form: BodyForm,
): Promise<BatchAnswer> {
  const bytes = request.body instanceof Buffer ? request.body : nothing;
  const work = () => taken(parts, admission, request, bytes, known, form);
  return admission.inside(bytes.length, work);
}

async function taken(
  parts: IngestParts,
  admission: Admission,
  request: FastifyRequest,
  bytes: Buffer,
  known: Credential | undefined,
  form: BodyForm,
): Promise<BatchAnswer> {
  const started = performance.now();
  const encoding = request.headers["content-encoding"];
  const text = await textOf(bytes, encoding, parts.limits.batchBytesMax);
  const body = readBody(text, form, parts.limits);
  const unreadable = unreadableOf(body, form);
  if (unreadable !== undefined && known === undefined) throw unreadable;
  const credential = known ?? whoByBody(parts.findKey, body.head, "events");
  const receivedAt = parts.now();
  if (unreadable !== undefined) {
    const verdict = { result: "drop", code: "batch_invalid", detail: unreadable.message } as const;
    keep(parts, credential, receivedAt, body, [verdict], request);
    throw unreadable;
  }
  await prove(body.parsed, credential.tenant, parts.verifyToken);
  const door = parts.door(credential);
  const isOptedOut = request.headers["sec-gpc"] === "1";
  const accepted = acceptAll(body.parsed, isOptedOut ? { ...door, isOptedOut } : door, receivedAt);
  admission.take(credential, request.ip, accepted);
  const records = accepted.flatMap((one) => one.records);
  const appended = await parts.append(records, request.raw);
  const verdicts = conclude(accepted, appended);
  const letters = keep(parts, credential, receivedAt, body, verdicts, request);
  const answer = answerOf(verdicts, appended.position, letters);
  const { duplicates } = answer;
  const dropped = verdicts.length - answer.accepted - duplicates;
  const ms = performance.now() - started;
  parts.observe?.({ status: 200, accepted: answer.accepted, duplicates, dropped, ms });
  return answer;
}

/** A body of which nothing can be read. One event that is no JSON among others is not that. */
function unreadableOf({ parsed }: Body, form: BodyForm): CodedError | undefined {
  const first = parsed.length === 1 ? parsed[0] : undefined;
  if (first === undefined || !("refusal" in first)) return undefined;
  const { code, detail } = first.refusal;
  const isWhole = code === "batch_invalid" || (form !== "batch" && code === "json_invalid");
  return isWhole ? new CodedError("batch_invalid", `Nothing was kept: ${detail}.`) : undefined;
}

/** Keeps the dropped events and gives their ids by their place. Keeping them never fails the batch. */
function keep(
  parts: IngestParts,
  credential: Credential,
  receivedAt: number,
  body: Body,
  verdicts: readonly Verdict[],
  request: FastifyRequest,
): ReadonlyMap<number, string> {
  const places: number[] = [];
  const letters: NewDeadLetter[] = [];
  const sentAt = body.head["sentAt"];
  verdicts.forEach(({ result, code, field, detail, messageId }, i) => {
    if (result !== "drop" || code === undefined) return;
    places.push(i);
    letters.push({
      reason: code,
      field,
      detail,
      messageId,
      receivedAt,
      sentAt: typeof sentAt === "string" ? sentAt : undefined,
      key: { id: credential.keyId, kind: credential.kind },
      text: body.texts[i],
    });
  });
  if (letters.length === 0) return new Map();
  try {
    const ids = parts.deadLetters.add(credential.tenant, letters);
    return new Map(places.map((place, i) => [place, ids[i]!]));
  } catch (error) {
    request.log.warn({ err: error }, "dropped events could not be kept");
    return new Map();
  }
}
