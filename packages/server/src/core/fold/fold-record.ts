import {
  type ConsentEvent,
  type Decision,
  type InteractionEvent,
  type InteractionType,
  type PlaylistEvent,
  type UserEvent,
  interactionTypes,
  purposes,
} from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { judgedMax } from "./audiences.ts";
import { assertRow } from "./ranker-rows.ts";
import { assertFeatures } from "./shown-rows.ts";
import type { RecordHeader } from "../../base/record.ts";

/**
 * A record as the fold reads it, and what acceptance promises of one: asserted before anything is changed, so
 * that a record which breaks it fails whole, in a step as in a refold, and setting it aside leaves the state
 * of a log without it.
 */
/** The header and the decoded payload; its place is its place in the user's log order. */
export interface FoldRecord {
  header: RecordHeader;
  payload: UserEvent | Decision | TickPayload;
}

/** The user's session idle timer was due at `dueAt` (ms). Void unless the state still waits for it. */
export interface TickPayload {
  type: "tick";
  dueAt: number;
}

/** What a record is to the fold; `none` has no effect and stays in the log for the person's export. */
export type Step =
  | "timed"
  | "seen"
  | "identify"
  | "consent"
  | "playlist"
  | "decision"
  | "tick"
  | "none";

/** Interactions with an item that a session is made of. */
const formsSession: Record<InteractionType, boolean> = {
  view: true,
  play: true,
  complete: true,
  like: true,
  save: true,
  share: true,
  add: true,
  purchase: true,
  skip: false,
  dislike: false,
  search: false,
  seen: false,
};

const types: ReadonlySet<unknown> = new Set(interactionTypes);
const choices: ReadonlySet<unknown> = new Set(["granted", "denied", "withdrawn"]);
/** Minutes since 1970 have 32 bits in the sums. */
const timeMax = 2 ** 32 * 60_000;

/** Throws on a record that acceptance would never have let through. */
export function stepOf(record: FoldRecord): Step {
  assertFoldable(record);
  const { kind } = record.header;
  if (kind === "decision" || kind === "tick") return kind;
  if (kind !== "event") return "none";
  switch ((record.payload as UserEvent).type) {
    case "consent":
      return "consent";
    case "identify":
      return "identify";
    case "playlist":
      return "playlist";
    case "other":
      return "none";
    case "seen":
      return "seen";
    default:
      return "timed";
  }
}

/** Whether an interaction puts an item into a session, if it counts for personalization. */
export function isElement(event: InteractionEvent): boolean {
  return event.item !== undefined && formsSession[event.type];
}

function assertFoldable(record: FoldRecord): void {
  const { header, payload } = record;
  const { kind, at } = header;
  assert(Number.isSafeInteger(at) && at >= 0 && at < timeMax, "time is whole ms since 1970");
  if (kind === "decision") return assertDecision(payload as Decision);
  if (kind === "tick") {
    return assert(Number.isSafeInteger((payload as TickPayload).dueAt), "a tick has its due time");
  }
  if (kind !== "event") return;
  const event = payload as UserEvent;
  if (event.type === "consent") return assertConsent(event);
  if (event.type === "playlist") return assertPlaylist(event);
  if (event.type === "identify") {
    return assert(
      typeof event.traits === "object" && event.traits !== null,
      "traits are an object",
    );
  }
  if (event.type !== "other") assertInteraction(event);
}

function assertInteraction(event: InteractionEvent): void {
  const { type, item, strength, permille, slots } = event;
  assert(types.has(type), "an interaction has a known type");
  assert(Number.isSafeInteger(strength), "strength is an integer");
  assert(item === undefined || isText(item), "an item is well-formed text");
  assert(permille === undefined || (permille >= 0 && Number.isSafeInteger(permille)), "permille");
  assert(slots === undefined || Array.isArray(slots), "slots are a list");
}

function assertConsent(event: ConsentEvent): void {
  assert(purposes.includes(event.purpose), "a consent is for a known purpose");
  assert(choices.has(event.choice), "a consent is a known choice");
  assert(event.policy === undefined || isText(event.policy), "a policy is well-formed text");
}

function assertPlaylist({ playlist, content }: PlaylistEvent): void {
  assert(isText(playlist), "a playlist has an id");
  if (content === undefined) return;
  assert(isText(content.title) && Array.isArray(content.tracks), "a playlist has title and tracks");
  let next = 0;
  for (const { item, place } of content.tracks) {
    assert(isText(item), "a track is well-formed text");
    assert(Number.isSafeInteger(place) && place >= next, "places ascend from 0");
    next = place + 1;
  }
  const { evolving } = content;
  if (evolving === undefined) return;
  assert(isText(evolving.placement), "a placement is well-formed text");
  assert(Number.isSafeInteger(evolving.size) && evolving.size > 0, "a size is a count");
}

function assertDecision(decision: Decision): void {
  assert(isText(decision.id) && isText(decision.request.placement), "a decision has id and place");
  if (decision.shadow !== undefined) assertRow(decision.shadow);
  for (const { item } of decision.slots) assert(isText(item), "an item is well-formed text");
  assertFeatures(decision);
  for (const item of decision.popular ?? []) assert(isText(item), "an item is well-formed text");
  const { length = 1 } = decision.popular ?? {};
  assert(length > 0 && length <= judgedMax, "a list is judged by its first items");
}

/** States are packed as UTF-8: two texts that differ in what it cannot say would become one. */
function isText(value: unknown): boolean {
  return typeof value === "string" && value.isWellFormed();
}
