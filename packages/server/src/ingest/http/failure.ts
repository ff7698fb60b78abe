/** Refusals of the write door: a status, `Retry-After` where waiting helps, and a body that says what to do. */
import type { FastifyError, FastifyInstance } from "fastify";
import { CodedError, errorTable } from "@attune/protocol";
import { RetryAfter } from "../../access/retry-after.ts";
import { LogUnavailableError } from "../../log/log.ts";
import type { IngestParts } from "../parts.ts";
import { OverloadError } from "./admission.ts";
import { tooLarge } from "./body.ts";

/** An error nobody coded is a fault of ours: it goes on to whoever answers for the whole server. */
export function failureReplies(scope: FastifyInstance, parts: IngestParts): void {
  const { now, chance, limits } = parts;
  const retryAfter = new RetryAfter({ now, chance, namesMax: 8 });
  scope.setErrorHandler<FastifyError>((error, _request, reply) => {
    const coded = codedOf(error, limits.batchBytesMax);
    if (coded === undefined) throw error;
    const { status, caller } = errorTable[coded.code];
    const seconds = coded instanceof OverloadError ? coded.retryAfterS : undefined;
    if (seconds !== undefined) {
      const ms = reply.elapsedTime;
      parts.observe?.({ status: 429, accepted: 0, duplicates: 0, dropped: 0, ms });
    }
    if (seconds !== undefined || status === 503) {
      reply.header("Retry-After", String(seconds ?? retryAfter.next("log")));
    }
    return reply
      .code(status === 200 ? 400 : status)
      .send({ error: { code: coded.code, message: coded.message, caller } });
  });
}

function codedOf(error: FastifyError, batchBytesMax: number): CodedError | undefined {
  if (error instanceof CodedError) return error;
  if (error instanceof LogUnavailableError) {
    return new CodedError("log_unavailable", "Nothing can be stored just now.", { cause: error });
  }
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") return tooLarge(batchBytesMax);
  if (error.validation !== undefined) return new CodedError("request_invalid", error.message);
  // What else Fastify refuses is a broken body: a wrong length, a connection cut in the middle.
  const isTheirs = error.statusCode !== undefined && error.statusCode < 500;
  return isTheirs ? new CodedError("batch_invalid", error.message) : undefined;
}
