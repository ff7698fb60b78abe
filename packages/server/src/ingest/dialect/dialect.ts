/**
 * A dialect turns text from outside into events in one vocabulary, or into a coded refusal for each event it
 * cannot read. It knows shapes, not people: no subject, no consent, no clock.
 */
import type { ConsentChoice, Purpose } from "@attune/protocol";
import type { JsonObject, Refusal } from "../json.ts";

/** What was called, in the words that all dialects share. */
export type Call = "track" | "page" | "screen" | "identify" | "group" | "alias" | "consent";

/** One event as its dialect says it, before anybody asked whether it may be kept. */
export interface Incoming {
  call: Call;
  /** What happened, for `track`; any casing. */
  name: string;
  messageId?: string | undefined;
  userId?: string | undefined;
  anonymousId?: string | undefined;
  /** The id that an alias replaces. */
  previousId?: string | undefined;
  properties: JsonObject;
  traits: JsonObject;
  context: JsonObject;
  /** Time on the sender's clock, ms. */
  originalAt?: number | undefined;
  /** When the sender sent it, on the same clock, ms. */
  sentAt?: number | undefined;
  /** Strength the source states itself, an integer; the mapping's own otherwise. */
  strength?: number | undefined;
  /** What became of the user token that the event carried; absent when it carried none. */
  proof?: "proven" | "expired" | "invalid" | undefined;
  consent?: { purpose: Purpose; choice: ConsentChoice; policy?: string | undefined } | undefined;
}

export type Parsed = { event: Incoming } | { refusal: Refusal };

/**
 * Reads a file line by line, or a request body as a single line.
 *
 * Duties of an implementation: never throws, whatever the text; gives one entry for each event it saw, in
 * order, and none for headers and blank lines; a fault in one event leaves the others as they are; holds a
 * bounded amount of text.
 */
export interface Reader {
  read(line: string): Parsed[];
  /** Call once after the last line: what was still open is refused. */
  end(): Parsed[];
  /** True while an event goes on over the end of the line: no place to stop and resume. */
  readonly isOpen: boolean;
}

export interface Dialect {
  readonly name: string;
  /** True when the first line is a header that every reader must see, also one that resumes further down. */
  readonly hasHeader: boolean;
  open(): Reader;
}
