/**
 * A click of a file as the fold takes it: one session, one user, whose subject is a hash of the session id.
 */
import type { InteractionEvent } from "@attune/protocol";
import { hashString } from "../base/digest.ts";
import { recordSchema } from "../base/record.ts";
import type { FoldRecord } from "../core/fold/apply.ts";
import { purposeBit } from "../core/fold/consent.ts";
import type { FileSession } from "./session-file.ts";

const purposes = purposeBit("personalization");

/** The click at place `index`: a view by the user that the session is. */
export function recordOf(session: FileSession, index: number): FoldRecord {
  const payload: InteractionEvent = { type: "view", item: session.items[index]!, strength: 1 };
  return eventRecord(subjectOf(session.id), payload, session.at[index]!, "session-file");
}

/** What somebody did, as the log would hold it. */
export function eventRecord(
  subject: string,
  payload: InteractionEvent,
  at: number,
  source: string,
): FoldRecord {
  const header = {
    schema: recordSchema,
    kind: "event" as const,
    tenant: 1,
    subject,
    identity: "verified" as const,
    purposes,
    merged: false,
    source,
    at,
    receivedAt: at,
    messageHash: "",
  };
  return { header, payload };
}

const lanes = new Uint32Array(8);

/** 32 hex digits, as subjects have. */
export function subjectOf(id: string): string {
  hashString(id, lanes, 0);
  return [0, 1, 2, 3].map((lane) => lanes[lane]!.toString(16).padStart(8, "0")).join("");
}
