/** The answer to a batch that was taken: how many were, and a verdict with its fix for each that was not plain ok. */
import { type ErrorCode, errorTable } from "@attune/protocol";
import { Type } from "typebox";
import type { Verdict } from "../accept.ts";

export interface EventResult {
  /** Place in the batch, from 0. */
  index: number;
  messageId?: string | undefined;
  result: "duplicate" | "warning" | "drop";
  /** Code of docs/reference/errors.md. */
  reason?: ErrorCode | undefined;
  field?: string | undefined;
  detail?: string | undefined;
  /** What to do about it. */
  fix?: string | undefined;
  /** Where the dropped event is kept. */
  deadLetter?: string | undefined;
}

export interface BatchAnswer {
  success: true;
  /** Events that are durable now: all but duplicates and drops. */
  accepted: number;
  duplicates: number;
  /** Hand it back as `after`, and an answer reflects this batch. */
  position: string;
  results: EventResult[];
}

const optionalText = (description: string) => Type.Optional(Type.String({ description }));

export const batchAnswerSchema = Type.Object({
  success: Type.Boolean(),
  accepted: Type.Integer({ description: "Events that are durable now, duplicates not counted." }),
  duplicates: Type.Integer(),
  position: Type.String({ description: "Hand it back as `after` to read your own writes." }),
  results: Type.Array(
    Type.Object({
      index: Type.Integer({ description: "Place in the batch, from 0." }),
      messageId: optionalText("Id that the client gave the event."),
      result: Type.Union(["duplicate", "warning", "drop"].map((word) => Type.Literal(word))),
      reason: optionalText("Code of the table of errors."),
      field: optionalText("Path of the field at fault."),
      detail: optionalText("What is wrong with it."),
      fix: optionalText("What to do about it."),
      deadLetter: optionalText("Id under which the dropped event is kept."),
    }),
    { description: "One entry for each event that was not plainly accepted." },
  ),
});

export const failureSchema = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    caller: Type.Optional(Type.String()),
  }),
});

/** The answers that any route of the write door may give instead of its own. */
export const failures = {
  400: failureSchema,
  401: failureSchema,
  403: failureSchema,
  413: failureSchema,
  415: failureSchema,
  429: failureSchema,
  503: failureSchema,
};

/** `deadLetters` has the ids of the dropped ones, by their place. */
export function answerOf(
  verdicts: readonly Verdict[],
  position: string,
  deadLetters: ReadonlyMap<number, string>,
): BatchAnswer {
  let accepted = 0;
  let duplicates = 0;
  const results: EventResult[] = [];
  verdicts.forEach(({ result, messageId, code, field, detail }, index) => {
    if (result === "ok" || result === "warning") accepted += 1;
    if (result === "duplicate") duplicates += 1;
    if (result === "ok") return;
    const fix = code === undefined ? undefined : errorTable[code].caller;
    const deadLetter = deadLetters.get(index);
    results.push({ index, messageId, result, reason: code, field, detail, fix, deadLetter });
  });
  return { success: true, accepted, duplicates, position, results };
}
