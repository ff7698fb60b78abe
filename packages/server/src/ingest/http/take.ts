/** One body of events, from bytes to verdicts: read, prove, accept, admit, append, conclude. */
import type { FastifyRequest } from "fastify";
import { CodedError } from "@attune/protocol";
import type { Credential } from "../../access/keys.ts";
import { type Accepted, acceptAll, conclude, type Verdict } from "../accept.ts";
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
  const length = request.body instanceof Buffer ? request.body.length : 0;
  return admission.inside(length, () => taken(parts, admission, request, known, form));
}

async function taken(
  parts: IngestParts,
  admission: Admission,
  request: FastifyRequest,
  known: Credential | undefined,
  form: BodyForm,
): Promise<BatchAnswer> {
  const started = performance.now();
  const { credential, accepted, letters } = await read(parts, admission, request, known, form);
  const records = accepted.flatMap((one) => one.records);
  const appended = await parts.append(records, request.raw);
  const verdicts = conclude(accepted, appended);
  const answer = answerOf(verdicts, appended.position, keep(parts, credential, letters, request));
  const { duplicates } = answer;
  const dropped = verdicts.length - answer.accepted - duplicates;
  const ms = performance.now() - started;
  parts.observe?.({ status: 200, accepted: answer.accepted, duplicates, dropped, ms });
  return answer;
}

/** What a body becomes while it waits for the disk. */
interface Read {
  credential: Credential;
  accepted: readonly Accepted[];
  letters: readonly Letter[];
}

interface Letter {
  /** Of the event in the batch. */
  place: number;
  letter: NewDeadLetter;
}

/**
 * From bytes to records. Apart from the append, so that nothing of what was read outlives it: bytes, text and parsed events
 * are several times the records, and what waits for the disk is copied twice by the collector.
 */
async function read(
  parts: IngestParts,
  admission: Admission,
  request: FastifyRequest,
  known: Credential | undefined,
  form: BodyForm,
): Promise<Read> {
  const bytes = request.body instanceof Buffer ? request.body : nothing;
  request.body = undefined;
  const encoding = request.headers["content-encoding"];
  const text = await textOf(bytes, encoding, parts.limits.batchBytesMax);
  const body = readBody(text, form, parts.limits);
  const unreadable = unreadableOf(body, form);
  if (unreadable !== undefined && known === undefined) throw unreadable;
  const credential = known ?? whoByBody(parts.findKey, body.head, "events");
  const receivedAt = parts.now();
  if (unreadable !== undefined) {
    const verdict = { result: "drop", code: "batch_invalid", detail: unreadable.message } as const;
    keep(parts, credential, lettersOf(credential, receivedAt, body, [verdict]), request);
    throw unreadable;
  }
  await prove(body.parsed, credential.tenant, parts.verifyToken);
  const door = parts.door(credential);
  const isOptedOut = request.headers["sec-gpc"] === "1";
  const accepted = acceptAll(body.parsed, isOptedOut ? { ...door, isOptedOut } : door, receivedAt);
  admission.take(credential, request.ip, accepted);
  const verdicts = accepted.map(({ verdict }) => verdict);
  return { credential, accepted, letters: lettersOf(credential, receivedAt, body, verdicts) };
}

/** A body of which nothing can be read. One event that is no JSON among others is not that. */
function unreadableOf({ parsed }: Body, form: BodyForm): CodedError | undefined {
  const first = parsed.length === 1 ? parsed[0] : undefined;
  if (first === undefined || !("refusal" in first)) return undefined;
  const { code, detail } = first.refusal;
  const isWhole = code === "batch_invalid" || (form !== "batch" && code === "json_invalid");
  return isWhole ? new CodedError("batch_invalid", `Nothing was kept: ${detail}.`) : undefined;
}

function lettersOf(
  { keyId, kind }: Credential,
  receivedAt: number,
  { head, texts }: Body,
  verdicts: readonly Verdict[],
): Letter[] {
  const { sentAt } = head;
  return verdicts.flatMap(({ result, code, field, detail, messageId }, place) => {
    if (result !== "drop" || code === undefined) return [];
    const letter: NewDeadLetter = {
      reason: code,
      field,
      detail,
      messageId,
      receivedAt,
      sentAt: typeof sentAt === "string" ? sentAt : undefined,
      key: { id: keyId, kind },
      text: texts[place],
    };
    return [{ place, letter }];
  });
}

/** Keeps the dropped events and gives their ids by their place. Keeping them never fails the batch. */
function keep(
  parts: IngestParts,
  { tenant }: Credential,
  letters: readonly Letter[],
  request: FastifyRequest,
): ReadonlyMap<number, string> {
  if (letters.length === 0) return new Map();
  try {
    const kept = letters.map(({ letter }) => letter);
    const ids = parts.deadLetters.add(tenant, kept);
    return new Map(letters.map(({ place }, i) => [place, ids[i]!]));
  } catch (error) {
    request.log.warn({ err: error }, "dropped events could not be kept");
    return new Map();
  }
}
