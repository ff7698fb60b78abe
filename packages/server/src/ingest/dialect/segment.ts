/**
 * The Segment dialect: one call a line, or a batch object `{"batch":[...],"sentAt":...}`, as the client
 * libraries send it and as archives keep it. Events of a batch are cut apart before they are parsed, so one
 * that is no JSON costs its neighbours nothing.
 */
import type { Call, Dialect, Incoming, Parsed, Reader } from "./dialect.ts";
import { Fields } from "./fields.ts";
import { isObject, type JsonObject, parseEvent, splitBatch } from "../json.ts";
import type { IngestLimits } from "../limits.ts";

const calls: ReadonlySet<string> = new Set([
  "track",
  "page",
  "screen",
  "identify",
  "group",
  "alias",
]);

export function segment(limits: IngestLimits): Dialect {
  return { name: "segment", hasHeader: false, open: () => new SegmentReader(limits) };
}

class SegmentReader implements Reader {
  readonly isOpen = false;
  readonly #limits: IngestLimits;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  read(line: string): Parsed[] {
    if (line.trim() === "") return [];
    const { batchBytesMax } = this.#limits;
    if (line.length > batchBytesMax || Buffer.byteLength(line) > batchBytesMax) {
      return [refused(`larger than batchBytesMax ${batchBytesMax}`)];
    }
    return readBody(line, "either", this.#limits).parsed;
  }

  end(): Parsed[] {
    return [];
  }
}

/** A body and what stood in it; texts and entries are of equal length and order. */
export interface Body {
  /** All that stands around the events of a batch, or the single event itself; empty when unreadable. */
  head: JsonObject;
  texts: readonly string[];
  parsed: Parsed[];
}

/** A batch, a single call whose type may be left out because the route has it, or whichever it is. */
export type BodyForm = "batch" | "either" | { call: Call };

/** A batch of this many times `batchEventsMax` is refused whole: even its verdicts would be too many. */
const excessMax = 4;

/** Reads one body. A refusal with `batch_invalid` is about the whole, and then there is nothing else. */
export function readBody(text: string, form: BodyForm, limits: IngestLimits): Body {
  const eventsMax = limits.batchEventsMax * excessMax;
  const split = splitBatch(text, eventsMax);
  if (split !== undefined && split.events.length > eventsMax) {
    return invalidBody(text, `the batch has more than ${eventsMax} events`);
  }
  if (split !== undefined) return readBatch(text, split.rest, split.events, limits);
  if (form === "batch")
    return invalidBody(text, "the body is no JSON object with an array `batch`");
  const parsed = parseEvent(text, limits);
  if ("refusal" in parsed) return { head: {}, texts: [text], parsed: [parsed] };
  const { value } = parsed;
  const isTyped = form === "either" || value["type"] !== undefined;
  const call = isTyped ? value : { ...value, type: form.call };
  // The text says what the route said, or it would mean nothing on its own.
  const whole = isTyped ? text : text.replace("{", `{"type":"${form.call}",`);
  return { head: value, texts: [whole], parsed: [incoming(call, {}, limits)] };
}

function readBatch(
  text: string,
  rest: string,
  events: readonly string[],
  limits: IngestLimits,
): Body {
  const head = parseEvent(rest, limits);
  if ("refusal" in head) {
    return invalidBody(text, `the batch around its events: ${head.refusal.detail}`);
  }
  if (events.length === 0) return { ...invalidBody(text, "the batch is empty"), head: head.value };
  const { batchEventsMax } = limits;
  const parsed = events.map((event, i): Parsed => {
    if (i >= batchEventsMax) {
      const detail = `the batch has more events than batchEventsMax ${batchEventsMax}`;
      return { refusal: { code: "batch_too_long", detail } };
    }
    const one = parseEvent(event, limits);
    return "refusal" in one ? one : incoming(one.value, head.value, limits);
  });
  return { head: head.value, texts: events, parsed };
}

function invalidBody(text: string, detail: string): Body {
  return { head: {}, texts: [text], parsed: [refused(detail)] };
}

function refused(detail: string): Parsed {
  return { refusal: { code: "batch_invalid", detail } };
}

function incoming(call: JsonObject, batch: JsonObject, limits: IngestLimits): Parsed {
  const fields = new Fields(limits);
  const type = typeof call["type"] === "string" ? call["type"].toLowerCase() : "";
  if (!calls.has(type)) fields.refuse("type", `must be one of ${[...calls].join(", ")}`);
  const named = type === "track" ? "event" : "name";
  const stated = call[named] ?? "";
  const name = typeof stated === "string" ? stated : "";
  if (typeof stated !== "string") fields.refuse(named, "must be text");
  if (type === "track" && name.trim() === "") fields.refuse("event", "a track call needs one");
  const properties = fields.object(call["properties"], "properties");
  const event: Incoming = {
    call: type as Call,
    name,
    messageId: fields.id(call["messageId"], "messageId"),
    userId: fields.id(call["userId"], "userId"),
    anonymousId: fields.id(call["anonymousId"], "anonymousId"),
    previousId: fields.id(call["previousId"], "previousId"),
    properties: type === "group" ? { groupId: call["groupId"] ?? null, ...properties } : properties,
    traits: fields.object(call["traits"], "traits"),
    context: {
      ...(isObject(batch["context"]) ? batch["context"] : {}),
      ...fields.object(call["context"], "context"),
    },
    ...times(fields, call, batch),
  };
  return fields.refusal === undefined ? { event } : { refusal: fields.refusal };
}

/**
 * A live client's `timestamp` is the original time. An archive has all four times: its `timestamp` was
 * corrected already when it arrived, and then there is no skew left to take out.
 */
function times(
  fields: Fields,
  call: JsonObject,
  batch: JsonObject,
): Pick<Incoming, "originalAt" | "sentAt"> {
  const timestamp = fields.time(call["timestamp"], "timestamp");
  const original = fields.time(call["originalTimestamp"], "originalTimestamp");
  if (call["receivedAt"] !== undefined && timestamp !== undefined) return { originalAt: timestamp };
  return {
    originalAt: original ?? timestamp,
    sentAt: fields.time(call["sentAt"] ?? batch["sentAt"], "sentAt"),
  };
}
