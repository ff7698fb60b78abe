import { type ConsentChoice, type Purpose, purposes } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { BytesError } from "../../base/bytes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { rewardSlices } from "./contribution.ts";
import { Reactions } from "./columns/reactions.ts";
import { Ring } from "./columns/ring.ts";
import { Sessions } from "./columns/sessions.ts";
import { known, StateReader, StateWriter } from "./state-bytes.ts";
import {
  type Consent,
  type Counters,
  type Exposure,
  type Playlist,
  type RankerRow,
  type Trait,
  type UserState,
  type Visits,
  emptyState,
  never,
} from "./state.ts";

/**
 * A user state as canonical bytes. Laws: equal states give equal bytes, whatever the order in which their
 * maps were filled; decode(encode(x)) = x. Times stand as differences, and an item's name where it occurs
 * first, later occurrences as its number. All text must be well-formed, as `ingest` makes it.
 */
const version = 6;
const none = new Uint8Array(0);
const choices: readonly ConsentChoice[] = ["granted", "denied", "withdrawn"];

export function encodeState(state: UserState): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  out.u8(version);
  out.varint(state.tenant);
  out.text(state.subject);
  out.varint(state.sequence);
  out.varint(state.lastAt);
  out.varint(state.dueAt);
  out.varint(state.shiftedUntil);
  writeRing(out, state.ring);
  out.varint(state.horizon === never ? 0 : state.horizon + 1);
  writeSessions(out, state.sessions);
  writeReactions(out, state.reactions);
  writeDislikes(out, state.dislikes);
  writeCounters(out, state.counters);
  writeVisits(out, state.visits);
  writeTraits(out, state.traits);
  writeConsents(out, state.consents);
  writePlaylists(out, state.playlists);
  writeExposures(out, state.exposures);
  writeRankerRows(out, state.rankerRows);
  return out.done();
}

/** Throws BytesError on bytes that no `encodeState` wrote. */
export function decodeState(bytes: Uint8Array): UserState {
  const from = new StateReader(bytes);
  if (from.u8() !== version) throw new BytesError("a state of another version");
  const tenant = from.varint();
  const subject = from.text();
  const sequence = from.varint();
  const lastAt = from.varint();
  const dueAt = from.varint();
  const shiftedUntil = from.varint();
  const ring = readRing(from);
  const horizon = from.varint();
  const state: UserState = {
    tenant,
    subject,
    ring,
    sessions: readSessions(from),
    horizon: horizon === 0 ? never : horizon - 1,
    reactions: readReactions(from),
    dislikes: readDislikes(from),
    counters: readCounters(from),
    visits: readVisits(from),
    traits: readTraits(from),
    consents: readConsents(from),
    playlists: readPlaylists(from),
    exposures: readExposures(from),
    rankerRows: readRankerRows(from),
    lastAt,
    sequence,
    shiftedUntil,
    dueAt,
  };
  from.expectEnd();
  return state;
}

function writeRing(out: StateWriter, ring: Ring): void {
  out.varint(ring.length);
  for (let i = 0; i < ring.length; i++) {
    out.name(ring.itemAt(i));
    out.type(ring.typeAt(i));
    out.zigzag(ring.strengthAt(i));
    out.varint(ring.permilleAt(i) + 1);
    out.time(ring.timeAt(i));
  }
}

function readRing(from: StateReader): Ring {
  const ring = new Ring();
  for (let left = from.count(); left > 0; left--) {
    const [item, type, strength] = [from.name(), from.type(), from.zigzag()];
    ring.push({ item, type, strength, permille: from.varint() - 1, at: from.time() });
  }
  return ring;
}

function writeSessions(out: StateWriter, sessions: Sessions): void {
  out.varint(sessions.length);
  for (let s = 0; s < sessions.length; s++) {
    const [start, end] = [sessions.startOf(s), sessions.endOf(s)];
    out.u32(sessions.keyHi(s));
    out.u32(sessions.keyLo(s));
    out.varint(end - start);
    for (let place = start; place < end; place++) {
      out.name(sessions.items[place]!);
      out.time(sessions.times[place]!);
      const dimensions = sessions.dimensionsAt(place);
      out.varint(dimensions.length);
      for (const dimension of dimensions) out.name(dimension);
    }
  }
}

function readSessions(from: StateReader): Sessions {
  const sessions = new Sessions();
  let dimensions: readonly string[] = [];
  for (let left = from.count(); left > 0; left--) {
    sessions.open(from.u32(), from.u32());
    for (let places = from.count(); places > 0; places--) {
      const [item, at] = [from.name(), from.time()];
      const stated = from.list(() => from.name());
      // One list for all in a row that state the same.
      if (!isSame(stated, dimensions)) dimensions = stated;
      sessions.extend(item, at, dimensions);
    }
  }
  return sessions;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, i) => text === other[i]);
}

/** Entries in the order of time and then of key: how the map stands already, equal times aside. */
function inOrder(times: ReadonlyMap<string, number>): Iterable<[string, number]> {
  let newest = -1;
  for (const at of times.values()) {
    if (at <= newest) return [...times].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
    newest = at;
  }
  return times;
}

function writeReactions(out: StateWriter, reactions: Reactions): void {
  out.varint(reactions.size);
  for (const row of rowsInOrder(reactions)) {
    out.name(reactions.itemAt(row));
    out.zigzag(reactions.scoreAt(row));
    out.varint(reactions.countAt(row));
    out.time(reactions.lastAt(row));
    out.varint(reactions.lastAt(row) - reactions.firstAt(row));
  }
}

/** By last time, then by item: as most of them stand already. */
function rowsInOrder(reactions: Reactions): number[] {
  const rows = Array.from(reactions.items.keys());
  const order = (a: number, b: number): number => {
    const later = reactions.lastAt(a) - reactions.lastAt(b);
    return later !== 0 ? later : reactions.itemAt(a) < reactions.itemAt(b) ? -1 : 1;
  };
  for (const row of rows) if (row > 0 && order(row - 1, row) > 0) return rows.sort(order);
  return rows;
}

function readReactions(from: StateReader): Reactions {
  const reactions = new Reactions();
  for (let left = from.count(); left > 0; left--) {
    const [item, score, count, lastAt] = [from.name(), from.zigzag(), from.varint(), from.time()];
    reactions.add(item, { score, count, firstAt: lastAt - from.varint(), lastAt });
  }
  return reactions;
}

function writeDislikes(out: StateWriter, dislikes: ReadonlyMap<string, number>): void {
  out.varint(dislikes.size);
  for (const [item, at] of inOrder(dislikes)) {
    out.name(item);
    out.time(at);
  }
}

function readDislikes(from: StateReader): ReadonlyMap<string, number> {
  return from.rareMap(() => [from.name(), from.time()]);
}

function writeCounters(out: StateWriter, { total, days }: Counters): void {
  out.varint(total.reduce((types, count) => types + Number(count > 0), 0));
  for (let type = 0; type < total.length; type++) {
    if (total[type] === 0) continue;
    out.u8(type);
    out.varint(total[type]!);
  }
  let count = 0;
  for (let at = 0; at < days.length; at += 3) if (days[at] !== days[at - 3]) count++;
  out.varint(count);
  for (let at = 0; at < days.length;) {
    const day = days[at]!;
    let end = at;
    while (days[end] === day) end += 3;
    out.varint(day);
    out.varint((end - at) / 3);
    for (; at < end; at += 3) {
      out.u8(days[at + 1]!);
      out.varint(days[at + 2]!);
    }
  }
}

function readCounters(from: StateReader): Counters {
  const { counters } = emptyState(0, "");
  for (let left = from.count(); left > 0; left--) counters.total[from.typePlace()] = from.varint();
  for (let left = from.count(); left > 0; left--) {
    const day = from.varint();
    for (let types = from.count(); types > 0; types--) {
      counters.days.push(day, from.typePlace(), from.varint());
    }
  }
  return counters;
}

function writeVisits(out: StateWriter, visits: Visits): void {
  out.varint(visits.count);
  out.varint(visits.msTotal);
  out.varint(visits.gapMsTotal);
  out.time(visits.startedAt);
  out.time(visits.lastAt);
}

function readVisits(from: StateReader): Visits {
  return {
    count: from.varint(),
    msTotal: from.varint(),
    gapMsTotal: from.varint(),
    startedAt: from.time(),
    lastAt: from.time(),
  };
}

function writeTraits(out: StateWriter, traits: ReadonlyMap<string, Trait>): void {
  out.varint(traits.size);
  for (const [name, { value, at }] of [...traits].sort(([a], [b]) => (a < b ? -1 : 1))) {
    out.text(name);
    out.time(at);
    out.text(canonicalJson(value));
  }
}

function readTraits(from: StateReader): ReadonlyMap<string, Trait> {
  return from.rareMap(() => {
    const name = from.text();
    const at = from.time();
    const value: unknown = JSON.parse(from.text());
    return [name, { value, at }];
  });
}

function writeConsents(out: StateWriter, consents: ReadonlyMap<Purpose, Consent>): void {
  out.varint(consents.size);
  for (const purpose of purposes) {
    const consent = consents.get(purpose);
    if (consent === undefined) continue;
    out.u8(purposes.indexOf(purpose));
    out.u8(choices.indexOf(consent.choice));
    out.text(consent.policy);
    out.varint(consent.refusals);
    out.u8(Number(consent.merged));
  }
}

function readConsents(from: StateReader): ReadonlyMap<Purpose, Consent> {
  return from.rareMap(() => [
    known(purposes, from.u8()),
    {
      choice: known(choices, from.u8()),
      policy: from.text(),
      refusals: from.varint(),
      merged: known([false, true], from.u8()),
    },
  ]);
}

function writePlaylists(out: StateWriter, playlists: ReadonlyMap<string, Playlist>): void {
  out.varint(playlists.size);
  for (const [id, playlist] of [...playlists].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { title, tracks, evolving, at, merged } = playlist;
    out.text(id);
    out.text(title);
    out.time(at);
    out.u8(Number(merged));
    // A size is 1 or more: 0 says that the list does not evolve.
    out.varint(evolving?.size ?? 0);
    if (evolving !== undefined) out.name(evolving.placement);
    out.varint(tracks.length);
    let next = 0;
    for (const { item, place } of tracks) {
      out.name(item);
      out.varint(place - next);
      next = place + 1;
    }
  }
}

function readPlaylists(from: StateReader): ReadonlyMap<string, Playlist> {
  return from.rareMap(() => {
    const id = from.text();
    const title = from.text();
    const at = from.time();
    const merged = known([false, true], from.u8());
    const size = from.varint();
    const evolving = size === 0 ? {} : { evolving: { placement: from.name(), size } };
    let next = 0;
    const tracks = from.list(() => {
      const item = from.name();
      const place = next + from.varint();
      next = place + 1;
      return { item, place };
    });
    return [id, { title, tracks, ...evolving, at, merged }];
  });
}

function writeExposures(out: StateWriter, exposures: readonly Exposure[]): void {
  out.varint(exposures.length);
  for (const exposure of exposures) {
    const { decisionId, placement, at, items, outcomes, slice, audience, verdict } = exposure;
    assert(items.length === outcomes.length, "an outcome for every slot");
    out.text(decisionId);
    out.name(placement);
    out.time(at);
    out.varint(items.length);
    for (let i = 0; i < items.length; i++) {
      out.name(items[i]!);
      out.u8(outcomes[i]!);
    }
    out.u8(slice);
    out.u8(audience * 8 + verdict);
    const { popular = [], features = none } = exposure;
    out.varint(popular.length);
    for (const item of popular) out.name(item);
    out.blob(features);
  }
}

function readExposures(from: StateReader): Exposure[] {
  return from.list(() => {
    const exposure: Exposure = {
      decisionId: from.text(),
      placement: from.name(),
      at: from.time(),
      items: [],
      outcomes: [],
      slice: 0,
      audience: 0,
      popular: undefined,
      verdict: 0,
      features: undefined,
    };
    from.list(() => {
      exposure.items.push(from.name());
      exposure.outcomes.push(from.u8());
    });
    exposure.slice = from.u8();
    if (exposure.slice >= rewardSlices) throw new BytesError("an unknown slice");
    const code = from.u8();
    exposure.audience = code >> 3;
    exposure.verdict = code % 8;
    const popular = from.list(() => from.name());
    if (popular.length > 0) exposure.popular = popular;
    const features = from.blob();
    // Bytes of their own: a state must not keep the row of the checkpoint alive.
    if (features.length > 0) exposure.features = features.slice();
    return exposure;
  });
}

function writeRankerRows(out: StateWriter, rows: readonly RankerRow[]): void {
  out.varint(rows.length);
  for (const { at, placement, row } of rows) {
    out.time(at);
    out.name(placement);
    out.blob(row);
  }
}

function readRankerRows(from: StateReader): RankerRow[] {
  return from.list(() => ({ at: from.time(), placement: from.name(), row: from.blob().slice() }));
}
