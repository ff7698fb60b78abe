/**
 * Our own event JSON, one object a line:
 * `{"type":"view","userId":"u1","item":"i1","at":"2026-11-22T10:00:00Z"}`, with `anonymousId`, `id`,
 * `permille`, `strength`, `query`, `decisionId`, `slots`, `context`, `properties` and `traits` where they
 * apply, and `{"type":"consent","userId":"u1","purpose":"mood","choice":"granted"}`.
 */
import type { ConsentChoice } from "@attune/protocol";
import type { Call, Dialect, Incoming, Parsed, Reader } from "./dialect.ts";
import { Fields, strengthMax } from "./fields.ts";
import { type JsonObject, parseEvent } from "../json.ts";
import type { IngestLimits } from "../limits.ts";

const calls: ReadonlySet<string> = new Set([
  "identify",
  "alias",
  "group",
  "page",
  "screen",
  "consent",
]);
const choices: readonly string[] = ["granted", "denied", "withdrawn"];
/** Top-level fields that the mapping finds under the properties, where other dialects have them. */
const lifted = ["item", "permille", "query", "decisionId", "slots"];

export function jsonl(limits: IngestLimits): Dialect {
  return { name: "jsonl", hasHeader: false, open: () => new JsonlReader(limits) };
}

class JsonlReader implements Reader {
  readonly isOpen = false;
  readonly #limits: IngestLimits;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  read(line: string): Parsed[] {
    if (line.trim() === "") return [];
    const parsed = parseEvent(line, this.#limits);
    return ["refusal" in parsed ? parsed : incoming(parsed.value, this.#limits)];
  }

  end(): Parsed[] {
    return [];
  }
}

function incoming(value: JsonObject, limits: IngestLimits): Parsed {
  const fields = new Fields(limits);
  const type = typeof value["type"] === "string" ? value["type"] : "";
  if (type.trim() === "") fields.refuse("type", "say what happened, such as view or purchase");
  const properties = { ...fields.object(value["properties"], "properties") };
  for (const field of lifted) {
    if (value[field] !== undefined) properties[field] = value[field];
  }
  const event: Incoming = {
    call: calls.has(type) ? (type as Call) : "track",
    name: type,
    messageId: fields.id(value["id"] ?? value["messageId"], "id"),
    userId: fields.id(value["userId"], "userId"),
    anonymousId: fields.id(value["anonymousId"], "anonymousId"),
    previousId: fields.id(value["previousId"], "previousId"),
    properties,
    traits: fields.object(value["traits"], "traits"),
    context: fields.object(value["context"], "context"),
    originalAt: fields.time(value["at"], "at"),
    sentAt: fields.time(value["sentAt"], "sentAt"),
    strength: fields.integer(value["strength"], "strength", strengthMax),
    consent: type === "consent" ? consent(fields, value) : undefined,
  };
  return fields.refusal === undefined ? { event } : { refusal: fields.refusal };
}

function consent(fields: Fields, value: JsonObject): Incoming["consent"] {
  const purpose = fields.purpose(value["purpose"], "purpose");
  const choice = value["choice"];
  if (typeof choice !== "string" || !choices.includes(choice)) {
    return fields.refuse("choice", `must be one of ${choices.join(", ")}`);
  }
  const policy = fields.id(value["policy"], "policy");
  return purpose && { purpose, choice: choice as ConsentChoice, policy };
}
