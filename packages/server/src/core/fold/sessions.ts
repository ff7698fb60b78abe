import type { Contribution, PopularityCell } from "./contribution.ts";
import { sliceStated } from "./context.ts";
import type { FoldLimits, Session, UserState } from "./state.ts";

/**
 * Sessions and what they add to the sums: session cells and popularity. Borders depend on event
 * times alone. Law: what `appendToSessions` emits is the cells of the sessions after it minus those before.
 */
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** Contributions are not wanted when a past is folded again: C(state) is read from its end. */
export type Sink = Contribution[] | undefined;

/** Appends an interaction that is not older than any other; returns whether it opened a session. */
export function appendToSessions(
  state: UserState,
  item: string,
  at: number,
  dimensions: readonly string[],
  limits: Readonly<FoldLimits>,
  sink: Sink,
): boolean {
  const { sessions } = state;
  const last = sessions[sessions.length - 1];
  const isNew = last === undefined || opensNext(last, at, limits);
  const session = isNew ? openSession(state.subject, last, item, at, dimensions) : last;
  if (isNew) {
    sessions.push(session);
  } else {
    session.items.push(item);
    session.at.push(at);
    session.dimensions.push(dimensions);
  }
  if (sink !== undefined) {
    const index = session.items.length - 1;
    addElement(session, index, 1, sink);
    if (!isTouchedBefore(sessions, item, at)) addTouch(item, at, dimensions, 1, sink);
  }
  dropOldest(state, limits, sink);
  return isNew;
}

/** The cells of all retained sessions, oldest session first. */
export function addSessions(sessions: readonly Session[], sink: Contribution[]): void {
  const touched = new Set<string>();
  let day = -1;
  for (const session of sessions) {
    for (let i = 0; i < session.items.length; i++) {
      addElement(session, i, 1, sink);
      const item = session.items[i]!;
      const at = session.at[i]!;
      const today = Math.floor(at / dayMs);
      if (today !== day) touched.clear();
      day = today;
      if (touched.has(item)) continue;
      touched.add(item);
      addTouch(item, at, session.dimensions[i]!, 1, sink);
    }
  }
}

/** Whether an interaction at `at` falls outside a session that began and ended as given. */
export function isBeyond(
  startedAt: number,
  lastAt: number,
  count: number,
  at: number,
  limits: Readonly<FoldLimits>,
): boolean {
  if (at - lastAt > limits.sessionIdleMs || count >= limits.sessionEventsMax) return true;
  const span = Math.floor(at / minuteMs) - Math.floor(startedAt / minuteMs);
  return span > limits.sessionSpanMinutesMax;
}

function opensNext(session: Session, at: number, limits: Readonly<FoldLimits>): boolean {
  const count = session.at.length;
  return isBeyond(session.at[0]!, session.at[count - 1]!, count, at, limits);
}

function openSession(
  subject: string,
  previous: Session | undefined,
  item: string,
  at: number,
  dimensions: readonly string[],
): Session {
  // Sessions of one start follow one another, cut by `sessionEventsMax`: n numbers them. It is found again
  // from the key of the previous one, whose own predecessors the cap may have dropped.
  let n = 0;
  if (previous !== undefined && previous.at[0] === at) {
    while (!isKeyOf(previous, subject, n)) n++;
    n++;
  }
  const [keyHi, keyLo] = sessionKey(subject, at, n);
  // Lists made with room for four: `push` to an empty one makes room for 17, most of a short session's bytes.
  const session: Session = {
    keyHi,
    keyLo,
    items: [item, item, item, item],
    at: [at, at, at, at],
    dimensions: [dimensions, dimensions, dimensions, dimensions],
  };
  session.items.length = 1;
  session.at.length = 1;
  session.dimensions.length = 1;
  return session;
}

function isKeyOf(session: Session, subject: string, n: number): boolean {
  const [keyHi, keyLo] = sessionKey(subject, session.at[0]!, n);
  return keyHi === session.keyHi && keyLo === session.keyLo;
}

/** Two hashes of 32 bits, each a chain of one-to-one steps over (subject, start, n). */
function sessionKey(subject: string, startedAt: number, n: number): [number, number] {
  let hi = 0x9e3779b9;
  let lo = 0x7f4a7c15;
  for (let i = 0; i < subject.length; i++) {
    const code = subject.charCodeAt(i);
    hi = avalanche(hi ^ code);
    lo = avalanche(lo ^ Math.imul(code + 1, 0x85ebca6b));
  }
  for (const part of [Math.floor(startedAt / 2 ** 32), startedAt % 2 ** 32, n]) {
    hi = avalanche(hi ^ part);
    lo = avalanche(lo ^ Math.imul(part + 1, 0x85ebca6b));
  }
  return [hi >>> 0, lo >>> 0];
}

function avalanche(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/** Drops whole sessions from the oldest on, never the newest, until the cap holds. */
function dropOldest(state: UserState, limits: Readonly<FoldLimits>, sink: Sink): void {
  const { sessions } = state;
  let count = 0;
  for (let i = 0; i < sessions.length; i++) count += sessions[i]!.items.length;
  while (count > limits.contributionsMax && sessions.length > 1) {
    const dropped = sessions.shift()!;
    count -= dropped.items.length;
    state.horizon = dropped.at[dropped.at.length - 1]!;
    if (sink !== undefined) subtractDropped(dropped, sessions, sink);
  }
}

function subtractDropped(dropped: Session, kept: readonly Session[], sink: Contribution[]): void {
  for (let i = dropped.items.length - 1; i >= 0; i--) addElement(dropped, i, -1, sink);
  const touched = new Set<string>();
  let day = -1;
  for (let i = 0; i < dropped.items.length; i++) {
    const item = dropped.items[i]!;
    const at = dropped.at[i]!;
    const today = Math.floor(at / dayMs);
    if (today !== day) touched.clear();
    day = today;
    if (touched.has(item)) continue;
    touched.add(item);
    addTouch(item, at, dropped.dimensions[i]!, -1, sink);
    addNextTouch(kept, item, today, sink);
  }
}

/** The touch of a day that the dropped one stood for: the first that is left counts from now on. */
function addNextTouch(
  kept: readonly Session[],
  item: string,
  day: number,
  sink: Contribution[],
): void {
  const end = (day + 1) * dayMs;
  for (const session of kept) {
    for (let i = 0; i < session.items.length; i++) {
      if (session.at[i]! >= end) return;
      if (session.items[i] !== item) continue;
      addTouch(item, session.at[i]!, session.dimensions[i]!, 1, sink);
      return;
    }
  }
}

/** Whether the day of the newest interaction has an earlier one with its item. */
function isTouchedBefore(sessions: readonly Session[], item: string, at: number): boolean {
  const start = at - (at % dayMs);
  for (let s = sessions.length - 1; s >= 0; s--) {
    const session = sessions[s]!;
    const newest = session.items.length - (s === sessions.length - 1 ? 2 : 1);
    for (let i = newest; i >= 0; i--) {
      if (session.at[i]! < start) return false;
      if (session.items[i] === item) return true;
    }
  }
  return false;
}

/** The session cell of one place. */
function addElement(session: Session, index: number, sign: 1 | -1, sink: Contribution[]): void {
  const { keyHi, keyLo, items } = session;
  const item = items[index]!;
  const at = session.at[index]!;
  const minute = Math.floor(at / minuteMs);
  sink.push({ model: "sessions", keyHi, keyLo, index, item, minute, delta: sign });
}

function addTouch(
  item: string,
  at: number,
  dimensions: readonly string[],
  delta: 1 | -1,
  sink: Contribution[],
): void {
  const hour = Math.floor(at / hourMs);
  const first = dimensions[0];
  const slice = first === undefined ? undefined : sliceStated(first);
  sink.push(touch("all", item, hour, slice, delta));
  for (let i = slice === undefined ? 0 : 1; i < dimensions.length; i++)
    sink.push(touch(dimensions[i]!, item, hour, undefined, delta));
}

function touch(
  dimension: string,
  item: string,
  hour: number,
  slice: number | undefined,
  delta: number,
): PopularityCell {
  return { model: "popularity", dimension, item, hour, slice, delta };
}
