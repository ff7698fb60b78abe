/**
 * Random users for the laws: several sessions, repeats and skips, likes and dislikes, late events, ties,
 * decisions with `seen`, traits, consents and their withdrawal, playlists, ticks, merged records. Item names are few
 * and limits small, so that caps, ties and evictions are met all the time. Times are drawn around a clock
 * that walks on, so most records are in order and some are out of it by minutes or days.
 */
import type {
  ConsentChoice,
  Context,
  Decision,
  InteractionType,
  Purpose,
  UserEvent,
} from "@attune/protocol";
import fc from "fast-check";
import type { RecordHeader } from "../../src/base/record.ts";
import { rowText } from "../../src/core/fold/ranker-rows.ts";
import { slotText } from "../../src/core/fold/shown-rows.ts";
import { type FoldLimits, foldLimits } from "../../src/core/fold/state.ts";
import type { FoldRecord } from "../../src/core/fold/fold-record.ts";

export const isLong = process.env["ATTUNE_LONG"] === "1";

/** Limits that a user of a few dozen records reaches. */
export const smallLimits: Readonly<FoldLimits> = Object.freeze({
  ...foldLimits,
  sessionEventsMax: 5,
  sessionSpanMinutesMax: 90,
  contributionsMax: 12,
  tasteItemsMax: 4,
  dislikesMax: 2,
  ringMax: 5,
  recentMax: 2,
  shiftSkips: 2,
  shiftSpanMs: 20 * 60_000,
  exposuresMax: 3,
  rankerRowsMax: 2,
  counterDaysMax: 3,
  traitsMax: 3,
  playlistsMax: 2,
});

const items = ["a", "b", "c", "d", "e", "f", "é", "\u{1f3b5}"];
const minute = 60_000;
const day = 86_400_000;
const start = Date.UTC(2026, 0, 1, 22);

/** The subject of users who need no other: one of those of whom every sum is told. */
const someone = "4".repeat(32);

/** Where a record stands in time: the user's clock walks on by `step`, the record is `back` behind it. */
interface Timing {
  step: number;
  back: number;
  purposes: number;
  merged: boolean;
}

/** What a payload may refer to: its own time, that of the interaction before, the decisions so far. */
interface Place {
  at: number;
  previousAt: number;
  decisions: readonly string[];
}

interface Body {
  kind: "event" | "decision" | "tick";
  make(place: Place): FoldRecord["payload"];
}

const item = fc.constantFrom(...items);
const type = fc.constantFrom<InteractionType>(
  "view",
  "view",
  "play",
  "play",
  "complete",
  "like",
  "save",
  "add",
  "purchase",
  "skip",
  "skip",
  "dislike",
  "search",
);
const strengths: Partial<Record<InteractionType, number>> = {
  view: 1,
  play: 1,
  complete: 2,
  like: 3,
  save: 2,
  add: 1,
  purchase: 4,
  skip: -2,
  dislike: -4,
};
const context = fc.option(
  fc.record({
    device: fc.option(fc.constantFrom("phone", "desktop"), { nil: undefined }),
    region: fc.option(fc.constantFrom("north", "south"), { nil: undefined }),
    place: fc.option(fc.constantFrom("home", "gym"), { nil: undefined }),
    attributes: fc.option(fc.constantFrom({ weather: "rain" }, { weather: "sun", mode: "é" }), {
      nil: undefined,
    }),
    utcOffset: fc.option(fc.constantFrom(-210, 60, 345, 840), { nil: undefined }),
  }),
  { nil: undefined, freq: 2 },
);
/** Which of the user's decisions so far an event names; most name none. */
const named = fc.option(fc.nat(3), { nil: undefined, freq: 3 });

const interaction = fc
  .record({ type, item, context, named, permille: fc.option(fc.nat(1000), { nil: undefined }) })
  .map((drawn) =>
    event(({ decisions }) => ({
      type: drawn.type,
      item: drawn.type === "search" ? undefined : drawn.item,
      strength: strengths[drawn.type] ?? 0,
      permille: drawn.permille,
      context: drawn.context,
      decisionId: drawn.named === undefined ? undefined : decisions.at(-1 - drawn.named),
    })),
  );

const seen = fc
  .record({ named: fc.nat(3), slots: fc.array(fc.nat(4), { maxLength: 4 }) })
  .map((drawn) =>
    event(({ decisions }) => ({
      type: "seen",
      strength: 0,
      decisionId: decisions.at(-1 - drawn.named),
      slots: drawn.slots,
    })),
  );

const traits = fc
  .dictionary(
    fc.constantFrom("name", "plan", "age", "city", "__proto__"),
    fc.jsonValue({ maxDepth: 2 }),
    { maxKeys: 3, noNullPrototype: true },
  )
  // Through JSON, as payloads come: no -0, no field without a value.
  .map((stated) => JSON.parse(JSON.stringify(stated)) as Record<string, unknown>)
  .map((stated) => event(() => ({ type: "identify", traits: stated })));

const consent = fc
  .record({
    purpose: fc.constantFrom<Purpose>("personalization", "analytics", "messages"),
    choice: fc.constantFrom<ConsentChoice>("granted", "granted", "denied", "withdrawn"),
    policy: fc.option(fc.constantFrom("p1", "p2"), { nil: undefined }),
  })
  .map((entry) => event(() => ({ type: "consent", ...entry })));

const playlist = fc
  .record({
    id: fc.constantFrom("mix", "road", "caf\u00e9"),
    title: fc.constantFrom("", "Mix"),
    places: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
    item,
    size: fc.constantFrom(0, 0, 8),
    isKept: fc.constantFrom(true, true, true, false),
  })
  .map(({ id, title, places, item: first, size, isKept }) => {
    const tracks = places
      .toSorted((a, b) => a - b)
      .map((place, i) => ({ item: i === 0 ? first : `${first}${place}`, place }));
    const evolving = size === 0 ? {} : { evolving: { placement: "for-you", size } };
    const content = { title, tracks, ...evolving };
    return event(() => ({ type: "playlist", playlist: id, ...(isKept ? { content } : {}) }));
  });

const other = fc.constant(event(() => ({ type: "other", name: "page" })));

/** What the ranker saw of a slot, if it looked at it: a value and two features. */
const slotFeatures = fc.oneof(
  fc.constant(""),
  fc
    .tuple(fc.nat(63), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 60 }))
    .map(([value, ...features]) => slotText(value, Uint8Array.from(features))),
);

const decision = fc
  .record({
    slots: fc.array(item, { minLength: 1, maxLength: 4 }),
    features: fc.option(fc.array(slotFeatures, { minLength: 1, maxLength: 4 }), { nil: undefined }),
    shown: fc.option(fc.uniqueArray(item, { minLength: 1, maxLength: 4 }), {
      nil: undefined,
      freq: 2,
    }),
    placement: fc.constantFrom("home", "next"),
    popular: fc.option(fc.uniqueArray(item, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    sequence: fc.constantFrom(0, 19, 20, 300),
    context,
  })
  .map(({ slots, features, shown, placement, popular, sequence, context: stated }): Body => ({
    kind: "decision",
    make: ({ at, decisions }) => ({
      ...decisionOf(`d:${decisions.length + 1}`, placement, slots, at, stated),
      sequence,
      popular,
      shown,
      features: features && { version: 1, slots: features.slice(0, slots.length) },
    }),
  }));

/** A row of the ranker that the engine wrote: two or three candidates of two features each. */
const shadow = fc
  .record({
    placement: fc.constantFrom("home", "next"),
    candidates: fc.array(
      fc.tuple(fc.nat(63), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 255 })),
      { minLength: 2, maxLength: 3 },
    ),
  })
  .map(({ placement, candidates }): Body => ({
    kind: "decision",
    make: ({ at, decisions }) => ({
      ...decisionOf(`d:${decisions.length + 1}`, placement, [], at),
      shadow: rowText(Uint8Array.from([1, 2, ...candidates.flat()])),
    }),
  }));

/** Mostly the timer of the interaction before, sometimes one that nobody set. */
const tick = fc.constantFrom(0, 0, 0, 1, -minute).map((off): Body => ({
  kind: "tick",
  make: ({ previousAt }) => ({
    type: "tick",
    dueAt: previousAt + smallLimits.sessionIdleMs + off,
  }),
}));

const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 30, arbitrary: interaction },
  { weight: 3, arbitrary: seen },
  { weight: 5, arbitrary: decision },
  { weight: 3, arbitrary: shadow },
  { weight: 2, arbitrary: traits },
  { weight: 1, arbitrary: consent },
  { weight: 2, arbitrary: playlist },
  { weight: 1, arbitrary: other },
  { weight: 4, arbitrary: tick },
);

const timing: fc.Arbitrary<Timing> = fc.record({
  step: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0, 1, minute) },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 29 * minute }) },
    { weight: 2, arbitrary: fc.constantFrom(30 * minute, 30 * minute + 1) },
    { weight: 2, arbitrary: fc.integer({ min: 31 * minute, max: 30 * 60 * minute }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 * day }) },
  ),
  back: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 * minute }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 * day }) },
  ),
  purposes: fc.oneof(
    { weight: 8, arbitrary: fc.constant(3) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 7 }) },
  ),
  merged: fc.oneof(
    { weight: 8, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

export interface UserOptions {
  tenant?: number | undefined;
  /** 32 hex digits. */
  subject?: string | undefined;
  recordsMax?: number | undefined;
}

/** One user's records in log order. */
export function userRecords(options: UserOptions = {}): fc.Arbitrary<FoldRecord[]> {
  const { tenant = 1, subject = someone, recordsMax = isLong ? 90 : 60 } = options;
  return fc
    .array(fc.tuple(timing, body), { maxLength: recordsMax, size: "max" })
    .map((drafts) => recordsOf(drafts, tenant, subject));
}

function recordsOf(
  drafts: readonly [Timing, Body][],
  tenant: number,
  subject: string,
): FoldRecord[] {
  const decisions: string[] = [];
  let clock = start;
  let previousAt = start;
  return drafts.map(([{ step, back, purposes, merged }, { kind, make }], i) => {
    clock += step;
    const at = clock - back;
    const payload = make({ at, previousAt, decisions });
    if (kind === "decision") decisions.push((payload as Decision).id);
    if ("item" in payload) previousAt = at;
    const header = headerOf({ kind, tenant, subject, at, receivedAt: clock, purposes, merged }, i);
    return { header, payload };
  });
}

/** `number` makes the message's id, which is unique within a user. */
export function headerOf(
  given: Pick<RecordHeader, "kind" | "at" | "receivedAt"> & Partial<RecordHeader>,
  number: number,
): RecordHeader {
  const subject = given.subject ?? someone;
  return {
    schema: 1,
    tenant: 1,
    subject,
    identity: "verified",
    purposes: 3,
    merged: false,
    source: "test",
    messageHash: subject.slice(0, 24) + number.toString(16).padStart(8, "0"),
    ...given,
  };
}

function event(make: (place: Place) => UserEvent): Body {
  return { kind: "event", make };
}

export function decisionOf(
  id: string,
  placement: string,
  slots: readonly string[],
  at: number,
  context?: Context | undefined,
): Decision {
  return {
    id,
    request: { placement, limit: slots.length, now: at, context },
    personal: true,
    statePosition: 0,
    modelPosition: 0,
    clockHour: Math.floor(at / (60 * minute)),
    versions: { catalogue: 0, definitions: 0, configuration: "", logic: 1 },
    views: [],
    arm: "",
    sequence: 0,
    slots: slots.map((slot) => ({ item: slot, score: 1, propensity: 1 })),
  };
}
