import type { InteractionType } from "@attune/protocol";
import { type Action, actions, type Contribution, situationsPerAction } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import type { Interaction, Ring } from "./columns/ring.ts";
import type { FoldLimits, UserState } from "./state.ts";

/**
 * How a user's interactions follow one another, read from the ring of the newest ones alone: in which situation
 * each left the user, and which plays were skipped. An interaction counts while the `recentMax` before it are
 * known: all of a ring that is not full, since nothing came before its first, and of a full one those further
 * back than that. The users asked are a sample. Law: what `enterRing` emits is the cells of the ring after it minus those before.
 */
const actionOf: Record<InteractionType, Action> = {
  view: "view",
  play: "play",
  complete: "complete",
  skip: "skip",
  dislike: "skip",
  like: "like",
  save: "like",
  share: "like",
  add: "add",
  purchase: "add",
  search: "view",
  seen: "view",
};
const places = Object.fromEntries(
  Object.entries(actionOf).map(([type, action]) => [type, actions.indexOf(action)]),
) as Record<InteractionType, number>;
const skipPlace = actions.indexOf("skip");

/** Steps since the session began, by how many: 0, 1, 2, 3-4, 5-6, 7 and more. */
const stepBins = Uint8Array.of(0, 1, 2, 3, 3, 4, 4, 5);
const stepBinsMax = 6;
/** Time since the interaction before: none before, then below these (ms), then longer. */
const gapBounds = [15_000, 60_000, 180_000, 600_000];
const gapBinsMax = 6;
/** Whether the item was met before: not lately, lately, as the last one. */
const repeatsMax = 3;
/** Skips among the newest four, this one included: none, one, more. */
const skipsSpan = 4;
const skipsMax = 3;
/** Plays before a play that make its streak. */
const streakMax = 4;

/** Takes in an interaction that is not older than those in the ring, and lets the oldest go. */
export function enterRing(
  { ring, subject }: UserState,
  entry: Interaction,
  limits: Readonly<FoldLimits>,
  sink: Sink,
): void {
  const sample = sink === undefined ? noSample : sampleOf(subject);
  if (sample === noSample || sink === undefined) {
    ring.push(entry);
    if (ring.length > limits.ringMax) ring.shift();
    return;
  }
  if (ring.length + 1 >= limits.ringMax) leave(ring, sample, limits, sink);
  ring.push(entry);
  if (ring.length > limits.ringMax) ring.shift();
  if (sample === whole) addStep(ring, ring.length - 1, limits, 1, sink);
  enterPlay(ring, limits, sink);
}

/**
 * Session-shift: so many skips within so short a time say that what a session was about is over, for the rest of it,
 * which is until nothing happens for the idle time. After the interaction at `at`, which stands in the ring already;
 * by event times alone.
 */
export function shift(state: UserState, at: number, limits: Readonly<FoldLimits>): void {
  const isOver = !isShiftedAt(state, at) && !isSkippedThrough(state.ring, limits);
  state.shiftedUntil = isOver ? 0 : at + limits.sessionIdleMs;
}

/** Whether the session is shifted for what is asked at a time. */
export function isShiftedAt({ shiftedUntil }: UserState, at: number): boolean {
  return shiftedUntil !== 0 && at <= shiftedUntil;
}

/** Whether the newest interaction is a skip, and the last of so many within the span. */
function isSkippedThrough(ring: Ring, { shiftSkips, shiftSpanMs }: Readonly<FoldLimits>): boolean {
  const newest = ring.length - 1;
  if (newest < 0 || ring.typeAt(newest) !== "skip") return false;
  const since = ring.timeAt(newest) - shiftSpanMs;
  let skips = 0;
  for (let at = newest; at >= 0 && ring.timeAt(at) >= since; at--) {
    if (ring.typeAt(at) === "skip" && ++skips === shiftSkips) return true;
  }
  return false;
}

/** The cells of a whole ring, oldest interaction first. */
export function addFlow(
  { ring, subject }: UserState,
  limits: Readonly<FoldLimits>,
  sink: Contribution[],
): void {
  const sample = sampleOf(subject);
  if (sample === noSample) return;
  for (let at = firstCounted(ring.length, limits); at < ring.length; at++) {
    addAt(ring, at, sample, limits, 1, sink);
  }
}

const noSample = 0;
const playsAlone = 1;
const whole = 2;

/**
 * One user in two is asked about plays, one in four about everything: rates over all users are as well known
 * from a part of them, and looking back into the ring costs a miss of the cache for every interaction. By the
 * last digit of the subject, a hash: so it holds for good, and a refold asks the same users.
 */
function sampleOf(subject: string): number {
  const digit = subject.charCodeAt(subject.length - 1);
  return digit % 4 === 0 ? whole : digit % 2 === 0 ? playsAlone : noSample;
}

/** The situation after the interaction at place `at` of the ring. */
export function situationAt(ring: Ring, at: number, limits: Readonly<FoldLimits>): number {
  const item = ring.itemAt(at);
  const oldest = Math.max(0, at - limits.recentMax);
  const place = places[ring.typeAt(at)];
  let skips = Number(place === skipPlace);
  let repeat = 0;
  let i = at - 1;
  for (; i >= oldest && isFollowed(ring, i, limits); i--) {
    if (at - i < skipsSpan && places[ring.typeAt(i)] === skipPlace) skips++;
    if (repeat === 0 && ring.itemAt(i) === item) repeat = i === at - 1 ? 2 : 1;
  }
  const steps = at - 1 - i;
  const gap = steps === 0 ? 0 : gapBin(ring.timeAt(at) - ring.timeAt(at - 1));
  const bin = stepBins[Math.min(steps, stepBins.length - 1)]!;
  const rest = (Math.min(skips, skipsMax - 1) * stepBinsMax + bin) * gapBinsMax + gap;
  return situationsPerAction * (place + 1) + rest * repeatsMax + repeat;
}

/**
 * Of the newest plays of the session before place `at`, at most four: how many there are, and how many were
 * skipped. At the ring's end, of a play that would follow now.
 */
export function streakAt(ring: Ring, at: number, limits: Readonly<FoldLimits>): number {
  const oldest = Math.max(0, at - limits.recentMax);
  let plays = 0;
  let skipped = 0;
  for (let end = at; end > oldest && plays < streakMax;) {
    if (end < ring.length && !isFollowed(ring, end - 1, limits)) break;
    let start = end - 1;
    while (start > oldest && isOneRun(ring, start - 1, limits)) start--;
    const outcome = outcomeOf(ring, start, end);
    if (outcome !== noPlay) plays++;
    if (outcome === skippedPlay) skipped++;
    end = start;
  }
  return plays * (streakMax + 1) + skipped;
}

/** The first that counts of a ring of so many interactions. */
function firstCounted(length: number, { ringMax, recentMax }: Readonly<FoldLimits>): number {
  // One more: its cell also says in which situation the one before it left the user.
  return length < ringMax ? 0 : recentMax + 1;
}

/** Takes back what stops counting once the next interaction is in the ring. */
function leave(
  ring: Ring,
  sample: number,
  limits: Readonly<FoldLimits>,
  sink: Contribution[],
): void {
  const isFull = ring.length === limits.ringMax;
  const end = limits.recentMax + (isFull ? 2 : 1);
  for (let at = firstCounted(ring.length, limits); at < end; at++) {
    addAt(ring, at, sample, limits, -1, sink);
  }
}

function addAt(
  ring: Ring,
  at: number,
  sample: number,
  limits: Readonly<FoldLimits>,
  delta: 1 | -1,
  sink: Contribution[],
): void {
  if (sample === whole) addStep(ring, at, limits, delta, sink);
  addPlay(ring, at, ring.length, limits, delta, sink);
}

function addStep(
  ring: Ring,
  at: number,
  limits: Readonly<FoldLimits>,
  delta: 1 | -1,
  sink: Contribution[],
): void {
  const isFirst = at === 0 || !isFollowed(ring, at - 1, limits);
  const from = isFirst ? 0 : situationAt(ring, at - 1, limits);
  sink.push({ model: "flow", from, to: situationAt(ring, at, limits), delta });
}

/** The newest interaction is a play of its own, or says more of the run that it belongs to. */
function enterPlay(ring: Ring, limits: Readonly<FoldLimits>, sink: Contribution[]): void {
  const newest = ring.length - 1;
  if (outcomeOf(ring, newest, newest + 1) === noPlay) return;
  let start = newest;
  while (start > 0 && isOneRun(ring, start - 1, limits)) start--;
  if (start < firstCounted(ring.length, limits)) return;
  if (outcomeOf(ring, start, newest) === outcomeOf(ring, start, newest + 1)) return;
  addPlay(ring, start, newest, limits, -1, sink);
  addPlay(ring, start, newest + 1, limits, 1, sink);
}

/** A run is named by its first interaction; `length` is how far the ring is looked at. */
function addPlay(
  ring: Ring,
  at: number,
  length: number,
  limits: Readonly<FoldLimits>,
  delta: 1 | -1,
  sink: Contribution[],
): void {
  if (at > 0 && isOneRun(ring, at - 1, limits)) return;
  let end = at + 1;
  while (end < length && isOneRun(ring, end - 1, limits)) end++;
  const outcome = outcomeOf(ring, at, Math.min(end, length));
  if (outcome === noPlay) return;
  const streak = streakAt(ring, at, limits);
  const isSkipped = outcome === skippedPlay;
  sink.push({ model: "skips", item: ring.itemAt(at), streak, isSkipped, delta });
}

const noPlay = 0;
const heardPlay = 1;
const skippedPlay = 2;

/** What the interactions start..end-1 with one item say: no play of it, a play, a skipped one. */
function outcomeOf(ring: Ring, start: number, end: number): number {
  let outcome = noPlay;
  for (let at = start; at < end; at++) {
    const type = ring.typeAt(at);
    if (type === "skip") return skippedPlay;
    if (type === "play" || type === "complete") outcome = heardPlay;
  }
  return outcome;
}

/** Whether the interaction after place `at` belongs to the same session. */
function isFollowed(ring: Ring, at: number, { sessionIdleMs }: Readonly<FoldLimits>): boolean {
  return ring.timeAt(at + 1) - ring.timeAt(at) <= sessionIdleMs;
}

/** Whether it is with the same item, too. */
function isOneRun(ring: Ring, at: number, limits: Readonly<FoldLimits>): boolean {
  return ring.itemAt(at) === ring.itemAt(at + 1) && isFollowed(ring, at, limits);
}

function gapBin(gap: number): number {
  let bin = 1;
  for (const bound of gapBounds) {
    if (gap < bound) return bin;
    bin++;
  }
  return bin;
}
