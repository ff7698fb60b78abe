/**
 * The write door's decision about each event: who it is about, when it happened, what it may be used for, what
 * it means; then one verdict and the records to append. Never throws on anything a dialect can yield, and one
 * bad event never costs its neighbours.
 */
import type { ConsentEvent, ErrorCode, IdentifyEvent, Purpose, UserEvent } from "@attune/protocol";
import { type RecordInput, type RecordKind, recordSchema } from "../base/record.ts";
import { utf8Encode } from "../base/text.ts";
import type { AppendResult } from "../log/log.ts";
import type { Incoming, Parsed } from "./dialect/dialect.ts";
import type { IngestLimits } from "./limits.ts";
import { map } from "./mapping.ts";
import { type Mapping, nameKey } from "./mapping-table.ts";
import { messageHash } from "./message-hash.ts";
import { type ConsentCategories, purposeBits, type Standing, statedConsent } from "./purposes.ts";
import { subjectOf } from "./subject.ts";

/** Who sends, for which tenant, and what the engine knows of the people. */
export interface Door {
  tenant: number;
  /** The tenant's HMAC key. */
  key: Uint8Array;
  /** Deduplication is per source; at most 64 bytes. */
  source: string;
  identity: "claimed" | "verified";
  /** `signed`: a claimed user id counts for nothing until a token proves it. */
  identityMode: "open" | "signed";
  /** The sender's browser says Global Privacy Control: nothing of this is for ads or sharing. */
  isOptedOut?: boolean | undefined;
  /** `archive`: events of the past, whose clock skew was dealt with when they first arrived. */
  clock: "live" | "archive";
  mapping: Mapping;
  /** Minutes by which the clocks of the tenant's zone are ahead of UTC at a time; absent for UTC. */
  utcOffset?: ((at: number) => number) | undefined;
  categories: ConsentCategories;
  limits: IngestLimits;
  /** Name under which the policy can be changed, for the verdict of an event nobody may keep. */
  policySetting: string;
  standing(subject: string): Standing;
}

export interface Verdict {
  result: "ok" | "duplicate" | "warning" | "drop";
  messageId?: string | undefined;
  code?: ErrorCode | undefined;
  field?: string | undefined;
  detail?: string | undefined;
}

export interface Accepted {
  verdict: Verdict;
  records: RecordInput[];
}

/** Decides about everything that a dialect read, in order. `fallbackId` names events that have no id. */
export function acceptAll(
  parsed: readonly Parsed[],
  door: Door,
  receivedAt: number,
  fallbackId?: (index: number) => string,
): Accepted[] {
  // A batch comes from one device, mostly of one person: who that is, is found out once.
  let last: { event: Incoming; person: Person | Fault } | undefined;
  return parsed.map((entry, i) => {
    if ("refusal" in entry) return { verdict: { result: "drop", ...entry.refusal }, records: [] };
    const { event } = entry;
    if (last === undefined || !isOfSame(last.event, event))
      last = { event, person: personOf(event, door) };
    return accept(event, last.person, door, receivedAt, fallbackId?.(i));
  });
}

/** Whether two events of one batch are the same person's, as far as `personOf` looks. */
function isOfSame(a: Incoming, b: Incoming): boolean {
  return a.userId === b.userId && a.anonymousId === b.anonymousId && a.proof === b.proof;
}

/** The verdicts after the append, which alone knows the duplicates. */
export function conclude(
  accepted: readonly Accepted[],
  appended: AppendResult | undefined,
): Verdict[] {
  let next = 0;
  return accepted.map(({ verdict, records }) => {
    const results = appended?.results.slice(next, next + records.length) ?? [];
    next += records.length;
    const isDuplicate = results.length > 0 && results.every((result) => result === "duplicate");
    if (!isDuplicate) return verdict;
    return { result: "duplicate", messageId: verdict.messageId };
  });
}

function accept(
  incoming: Incoming,
  person: Person | Fault,
  door: Door,
  receivedAt: number,
  fallbackId?: string,
): Accepted {
  if ("code" in person) return dropped(incoming, person);
  const { ids, standing } = person;
  const { subject } = standing;
  const time = timeOf(incoming, door, receivedAt);
  if (time.at <= standing.barredThrough) {
    const detail = "the person was forgotten at a later time than this event's";
    return dropped(incoming, { code: "erased_event_time", detail });
  }
  const stated = statedConsent(incoming.context, door.categories);
  const purposes = purposeBits(stated, standing, door.isOptedOut);
  // A choice about consent is always kept: a "no" must not be lost for want of a "yes".
  const choices = choicesOf(incoming, stated);
  if (purposes === 0 && incoming.call !== "consent" && choices.length === 0) {
    const detail = `no purpose is granted for this person; ask for consent or set ${door.policySetting}`;
    return dropped(incoming, { code: "consent_denied", field: "context.consent", detail });
  }
  const { identity } = person;
  const header = { door, identity, subject, purposes, at: time.at, receivedAt };
  const id = incoming.messageId ?? fallbackId ?? derivedId(incoming, subject);
  const { events, warning } =
    choices.length > 0
      ? { events: choices.map((choice) => ({ ...ids, ...choice })), warning: undefined }
      : meaningOf(incoming, ids, door.mapping);
  const utcOffset = door.utcOffset?.(time.at) ?? 0;
  const records = events.map((event, i) => {
    const hash = messageHash(i === 0 ? id : `${id}#${i}`);
    return record("event", utcOffset === 0 ? event : zoned(event, utcOffset), hash, header);
  });
  records.push(...mergeOf(incoming, person, header));
  return { verdict: verdictOf(incoming, [time.warning, warning, person.warning]), records };
}

/** With what the clocks of the tenant's zone said: what follows from it must not hang on a later look. */
function zoned(event: UserEvent, utcOffset: number): UserEvent {
  const isCounted = "strength" in event && event.item !== undefined;
  return isCounted ? { ...event, context: { ...event.context, utcOffset } } : event;
}

/** Names under which stock clients report that a person chose anew, beside the choice itself in the context. */
const choiceNames: ReadonlySet<string> = new Set(
  ["Segment Consent Preference Updated", "Segment Consent Preference"].map(nameKey),
);

function choicesOf(
  { call, name }: Incoming,
  stated: ReadonlyMap<Purpose, boolean>,
): Pick<ConsentEvent, "type" | "purpose" | "choice">[] {
  if (call !== "track" || !choiceNames.has(nameKey(name))) return [];
  return [...stated].map(([purpose, isGranted]) => ({
    type: "consent",
    purpose,
    choice: isGranted ? "granted" : "withdrawn",
  }));
}

interface Fault {
  code: ErrorCode;
  field?: string | undefined;
  detail: string;
}

interface Person {
  standing: Standing;
  identity: Door["identity"];
  /** False when the record stands under the anonymous id although a user id was given, or none was. */
  isUser: boolean;
  ids: { userId?: string | undefined; anonymousId?: string | undefined };
  warning?: Fault | undefined;
}

/** Ids that thousands of strangers share: a merge on one of them would make one person of all. */
const placeholders: ReadonlySet<string> = new Set([
  ..."0, -1, null, undefined, none, nil, nan, anonymous, guest, true, false, unknown".split(", "),
  ..."[object object], not set, not_set, id, user, user_id, userid, distinct_id, email".split(", "),
  "00000000-0000-0000-0000-000000000000",
]);

function isPlaceholder(id: string): boolean {
  return placeholders.has(id.trim().toLowerCase());
}

function personOf(incoming: Incoming, door: Door): Person | Fault {
  const { userId, anonymousId } = incoming;
  if (userId === undefined && anonymousId === undefined) {
    return { code: "event_invalid", field: "userId", detail: "userId or anonymousId is needed" };
  }
  const identity = incoming.proof === "proven" ? "verified" : door.identity;
  const isProven = identity === "verified" || door.identityMode === "open";
  if (!isProven && anonymousId === undefined) return unproven(incoming);
  const ids = { userId, anonymousId };
  const bad = [userId, anonymousId].find((id) => id !== undefined && isPlaceholder(id));
  const unread = !isProven && incoming.proof !== undefined ? unproven(incoming) : undefined;
  const warning: Fault | undefined =
    bad === undefined
      ? unread
      : {
          code: "illegal_distinct_id",
          field: bad === userId ? "userId" : "anonymousId",
          detail: "a placeholder is nobody's id; nothing is merged on it",
        };
  const isUserUsable =
    userId !== undefined && isProven && !(isPlaceholder(userId) && anonymousId !== undefined);
  const subject = isUserUsable
    ? subjectOf(door.key, "user", userId)
    : subjectOf(door.key, "anonymous", anonymousId!);
  return { standing: door.standing(subject), identity, isUser: isUserUsable, ids, warning };
}

function unproven({ proof }: Incoming): Fault {
  if (proof === undefined) {
    const detail = "a claimed user id counts only with a user token; send an anonymousId beside it";
    return { code: "identity_unproven", field: "userId", detail };
  }
  const fault = proof === "expired" ? "has expired" : "is not one of this server for this user";
  const detail = `the user token ${fault}; the user id does not count`;
  return { code: "identity_unproven", field: "context.userToken", detail };
}

/** Event time on our clock: what the sender's clock says, less the skew that it shows when sending. */
function timeOf(
  incoming: Incoming,
  door: Door,
  receivedAt: number,
): { at: number; warning?: Fault | undefined } {
  const { originalAt, sentAt } = incoming;
  if (originalAt === undefined) return { at: receivedAt };
  const skew = door.clock === "live" && sentAt !== undefined ? receivedAt - sentAt : 0;
  const at = originalAt + skew;
  if (at <= receivedAt + door.limits.futureSkewMsMax && at >= 0) return { at };
  const detail = "the event's time lies in the future; its time of arrival was used";
  return { at: receivedAt, warning: { code: "time_clamped", field: "timestamp", detail } };
}

/** The same event sent again without an id gets the same one, if it has a time of its own. */
function derivedId(incoming: Incoming, subject: string): string {
  if (incoming.originalAt === undefined) return crypto.randomUUID();
  const { call, name, originalAt, properties, traits } = incoming;
  return JSON.stringify([subject, call, name, originalAt, sorted(properties), sorted(traits)]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return entries.map(([key, entry]) => [key, sorted(entry)]);
}

function meaningOf(
  incoming: Incoming,
  ids: Person["ids"],
  mapping: Mapping,
): { events: UserEvent[]; warning?: Fault | undefined } {
  if (incoming.call === "identify") {
    const event: IdentifyEvent = { type: "identify", ...ids, traits: incoming.traits };
    return { events: [event] };
  }
  if (incoming.call === "consent" && incoming.consent !== undefined) {
    const event: ConsentEvent = { type: "consent", ...ids, ...incoming.consent };
    return { events: [event] };
  }
  const { events, isItemMissing } = map(incoming, ids, mapping);
  const isSelf = incoming.call === "alias" && incoming.userId === incoming.previousId;
  if (isSelf) {
    const detail = "userId and previousId are the same; it was stored without effect";
    return { events, warning: { code: "alias_self", field: "previousId", detail } };
  }
  if (!isItemMissing) return { events };
  const detail = `${JSON.stringify(incoming.name)} needs an item id; it was stored without effect`;
  return { events, warning: { code: "item_missing", field: "properties", detail } };
}

interface Header {
  door: Door;
  identity: Door["identity"];
  subject: string;
  purposes: number;
  at: number;
  receivedAt: number;
}

/**
 * The step from anonymous to known, one way: `identify` with both ids, or an alias of an anonymous id. Its id
 * is fixed by the two subjects, whoever sends it and however often.
 */
function mergeOf(incoming: Incoming, person: Person, header: Header): RecordInput[] {
  const { door } = header;
  const { userId } = incoming;
  const old = incoming.call === "alias" ? incoming.previousId : incoming.anonymousId;
  if (incoming.call !== "identify" && incoming.call !== "alias") return [];
  if (userId === undefined || old === undefined || (incoming.call === "alias" && userId === old)) {
    return [];
  }
  // Who cannot prove the user id could else pull a stranger's device into a profile of their own.
  if (!person.isUser || isPlaceholder(userId) || isPlaceholder(old)) return [];
  const from = subjectOf(door.key, "anonymous", old);
  const to = person.standing.subject;
  // `from` follows its alias already, or the user id was not proven and the person is still `from`.
  if (from === to || door.standing(from).subject === to) return [];
  const hash = messageHash(`merge:${from}:${to}`);
  return [record("merge", { from, to }, hash, { ...header, subject: from }, "identity")];
}

function record(
  kind: RecordKind,
  payload: object,
  hash: string,
  header: Header,
  source = header.door.source,
): RecordInput {
  const { door, identity, subject, purposes, at, receivedAt } = header;
  return {
    schema: recordSchema,
    kind,
    tenant: door.tenant,
    subject,
    identity,
    purposes,
    merged: false,
    source,
    at,
    receivedAt,
    messageHash: hash,
    payload: utf8Encode(JSON.stringify(payload)),
  };
}

/** Other systems refuse longer ones. */
const messageIdUnitsMax = 100;

function verdictOf(incoming: Incoming, warnings: readonly (Fault | undefined)[]): Verdict {
  const { messageId } = incoming;
  const warning = warnings.find((fault) => fault !== undefined);
  if (warning !== undefined) return { result: "warning", messageId, ...warning };
  if (messageId !== undefined && messageId.length > messageIdUnitsMax) {
    const detail = `longer than ${messageIdUnitsMax} characters`;
    return { result: "warning", messageId, code: "message_id_long", field: "messageId", detail };
  }
  return { result: "ok", messageId };
}

function dropped(incoming: Incoming, fault: Fault): Accepted {
  return { verdict: { result: "drop", messageId: incoming.messageId, ...fault }, records: [] };
}
