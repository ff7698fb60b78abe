import type { Session, Sessions } from "./columns/sessions.ts";
import type { Contribution, PopularityCell, SessionCell } from "./contribution.ts";
import { sliceStated } from "./context.ts";
import type { FoldLimits, UserState } from "./state.ts";

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
  const isNew = sessions.length === 0 || opensNext(sessions, at, limits);
  if (isNew) openSession(state.subject, sessions, at);
  sessions.extend(item, at, dimensions);
  if (sink !== undefined) {
    addElement(sessions, sessions.length - 1, sessions.size - 1, 1, sink);
    if (!isTouchedBefore(sessions, item, at)) addTouch(item, at, dimensions, 1, sink);
  }
  dropOldest(state, limits, sink);
  return isNew;
}

/** The cells of all retained sessions, oldest session first. */
export function addSessions(sessions: Sessions, sink: Contribution[]): void {
  const touches = new Touches();
  for (let s = 0; s < sessions.length; s++) {
    for (let place = sessions.startOf(s); place < sessions.endOf(s); place++) {
      addElement(sessions, s, place, 1, sink);
      const [item, at] = [sessions.items[place]!, sessions.times[place]!];
      if (touches.isFirst(item, at)) addTouch(item, at, sessions.dimensionsAt(place), 1, sink);
    }
  }
}

/** Which interactions, in order of time, are the first with their item on their day. */
class Touches {
  readonly #items = new Set<string>();
  #day = -1;

  isFirst(item: string, at: number): boolean {
    const day = Math.floor(at / dayMs);
    if (day !== this.#day) this.#items.clear();
    this.#day = day;
    if (this.#items.has(item)) return false;
    this.#items.add(item);
    return true;
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

function opensNext(sessions: Sessions, at: number, limits: Readonly<FoldLimits>): boolean {
  const { times } = sessions;
  const start = sessions.startOf(sessions.length - 1);
  return isBeyond(times[start]!, times[times.length - 1]!, times.length - start, at, limits);
}

function openSession(subject: string, sessions: Sessions, at: number): void {
  // Sessions of one start follow one another, cut by `sessionEventsMax`: n numbers them. It is found again
  // from the key of the previous one, whose own predecessors the cap may have dropped.
  const previous = sessions.length - 1;
  let n = 0;
  if (previous >= 0 && sessions.times[sessions.startOf(previous)] === at) {
    while (!isKeyOf(sessions, previous, subject, at, n)) n++;
    n++;
  }
  const [keyHi, keyLo] = sessionKey(subject, at, n);
  sessions.open(keyHi, keyLo);
}

function isKeyOf(
  sessions: Sessions,
  s: number,
  subject: string,
  startedAt: number,
  n: number,
): boolean {
  const [keyHi, keyLo] = sessionKey(subject, startedAt, n);
  return keyHi === sessions.keyHi(s) && keyLo === sessions.keyLo(s);
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
  while (sessions.size > limits.contributionsMax && sessions.length > 1) {
    const dropped = sessions.at(0)!;
    sessions.shift();
    state.horizon = dropped.at[dropped.at.length - 1]!;
    if (sink !== undefined) subtractDropped(dropped, sessions, sink);
  }
}

function subtractDropped(dropped: Session, kept: Sessions, sink: Contribution[]): void {
  const { keyHi, keyLo, items, at } = dropped;
  for (let i = items.length - 1; i >= 0; i--)
    sink.push(element(keyHi, keyLo, i, items[i]!, at[i]!, -1));
  const touches = new Touches();
  items.forEach((item, i) => {
    if (!touches.isFirst(item, at[i]!)) return;
    addTouch(item, at[i]!, dropped.dimensions[i]!, -1, sink);
    addNextTouch(kept, item, Math.floor(at[i]! / dayMs), sink);
  });
}

/** The touch of a day that the dropped one stood for: the first that is left counts from now on. */
function addNextTouch(kept: Sessions, item: string, day: number, sink: Contribution[]): void {
  const end = (day + 1) * dayMs;
  for (let place = 0; place < kept.size; place++) {
    const at = kept.times[place]!;
    if (at >= end) return;
    if (kept.items[place] !== item) continue;
    addTouch(item, at, kept.dimensionsAt(place), 1, sink);
    return;
  }
}

/** Whether the day of the newest interaction has an earlier one with its item. */
function isTouchedBefore({ items, times }: Sessions, item: string, at: number): boolean {
  const start = at - (at % dayMs);
  for (let place = items.length - 2; place >= 0; place--) {
    if (times[place]! < start) return false;
    if (items[place] === item) return true;
  }
  return false;
}

/** Adds the session cell of one place. */
function addElement(
  sessions: Sessions,
  s: number,
  place: number,
  sign: 1 | -1,
  sink: Contribution[],
): void {
  const index = place - sessions.startOf(s);
  const [keyHi, keyLo] = [sessions.keyHi(s), sessions.keyLo(s)];
  sink.push(element(keyHi, keyLo, index, sessions.items[place]!, sessions.times[place]!, sign));
}

function element(
  keyHi: number,
  keyLo: number,
  index: number,
  item: string,
  at: number,
  delta: number,
): SessionCell {
  return { model: "sessions", keyHi, keyLo, index, item, minute: Math.floor(at / minuteMs), delta };
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
