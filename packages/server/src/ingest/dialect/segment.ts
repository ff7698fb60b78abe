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
      const detail = `larger than batchBytesMax ${batchBytesMax}`;
      return [{ refusal: { code: "batch_invalid", detail } }];
    }
    const split = splitBatch(line);
    return split === undefined ? [this.#single(line)] : this.#batch(split.rest, split.events);
  }

  end(): Parsed[] {
    return [];
  }

  #single(text: string): Parsed {
    const parsed = parseEvent(text, this.#limits);
    if ("refusal" in parsed) return parsed;
    return incoming(parsed.value, {}, this.#limits);
  }

  #batch(rest: string, events: readonly string[]): Parsed[] {
    const head = parseEvent(rest, this.#limits);
    if ("refusal" in head) {
      const detail = `the batch around its events: ${head.refusal.detail}`;
      return [{ refusal: { ...head.refusal, code: "batch_invalid", detail } }];
    }
    if (events.length === 0) {
      return [{ refusal: { code: "batch_invalid", field: "batch", detail: "the batch is empty" } }];
    }
    const { batchEventsMax } = this.#limits;
    return events.map((text, i) => {
      if (i >= batchEventsMax) {
        const detail = `the batch has more events than batchEventsMax ${batchEventsMax}`;
        return { refusal: { code: "batch_too_long", detail } };
      }
      const parsed = parseEvent(text, this.#limits);
      return "refusal" in parsed ? parsed : incoming(parsed.value, head.value, this.#limits);
    });
  }
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
