import { assert } from "../../../base/assert.ts";
import type { UserState } from "../../fold/state.ts";
import type { SessionIndex } from "../../sum/session-index.ts";
import { apportion } from "../blend.ts";
import { RecentItems } from "../recent-items.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { fadeTable, logByOctave, octavePlace, one, powerByOctave, powerTable } from "../weights.ts";
import { Nearest } from "./nearest.ts";
import { ownSlots } from "./own-sessions.ts";

/**
 * Nearest sessions, in the shape of VSTAN: the vector-weighted neighbours of V-SKNN (Ludewig and Jannach,
 * 2018) with the three decays of STAN (Garg et al., SIGIR 2019), over the index of VMIS-kNN (Kersbergen et
 * al., SIGMOD 2022), in integers throughout, so that the order of sums, shards and users never shows.
 *
 *   w(i)     = e^(-ago_i / contextFade) x (1 + rarity ln(N / n_i))          an item of the context
 *   sim(s)   = sum of w(i) for i in s, x length_s^-lengthPower x e^(-age_s / recencyFade)
 *              x e^(-ago of the best match / matchFade)                     for the k nearest of the newest m
 *   score(j) = sum of sim(s) x e^(-|place_j - place of the best match| / placeFade) [x before, x match]
 *              x n_j^-supportPower [x earlier, x current]
 *
 * A fade of 0 means no decay.
 */
export interface NeighbourSettings {
  /** Newest sessions read per context item. */
  m: number;
  /** Neighbours that vote, below 65,536. */
  k: number;
  /** Newest interactions looked at, up to `ringMax`. */
  context: number;
  contextFade: number;
  /** Weight of ln(N / n): how much a rare match tells more than a common one. */
  rarity: number;
  lengthPower: number;
  /** Age in units of the age of the middle session of the index. */
  recencyFade: number;
  matchFade: number;
  placeFade: number;
  /** Factor of items that stand before the best match in the neighbour. */
  before: number;
  /** Factor of the best match itself. */
  match: number;
  supportPower: number;
  /** Factor of items from earlier in the context. */
  earlier: number;
  /** Factor of the newest item of the context per share of its next steps that repeat it. */
  current: number;
  /** That share is drawn to the share of all items as if by so many steps. */
  repeatPrior: number;
}

/** Chosen jointly on the validation tails of three public sets, never on a test: docs/quality.md. */
export const neighbourDefaults: Readonly<NeighbourSettings> = Object.freeze({
  m: 1000,
  k: 500,
  context: 20,
  contextFade: 1.5,
  rarity: 0.8,
  lengthPower: 0,
  recencyFade: 1.6,
  matchFade: 0,
  placeFade: 3,
  before: 0.7,
  match: 1.6,
  supportPower: 0.25,
  earlier: 1.3,
  current: 16,
  repeatPrior: 5,
});

/** Sessions looked at for one answer, in canonical order: a bound on its time. */
export const touchedSessionsMax = 20_000;

/** Tables reach this far; what is longer counts as this long. */
const lengthMax = 256;
const ageSteps = 64;
const ageMax = 16 * ageSteps;
/** Context weights have 16 bits, so that far events still count; similarities drop what products gained. */
const contextOne = 65_536;
const similarityShift = 2 ** 22;
/** Days this young are no yardstick of age, minutes. */
const ageUnitMin = 1_440;
/** The newest items of the context can be reasons; the weight of one further back is next to nothing. */
const eventsNamedMax = 32;
/** Mark of the asker's own sessions among the best matches. */
const own = 255;
const [bestMark, sumMark, eventsMark, markWords] = [0, 1, 2, 4];

export class Neighbours implements Source {
  readonly name = "neighbours";
  readonly #settings: Readonly<NeighbourSettings>;
  readonly #context: RecentItems;
  /** w(i) by place in the context. */
  readonly #weights: Float64Array;
  readonly #nearest: Nearest;
  readonly #byAgo: Float64Array;
  readonly #byMatch: Float64Array;
  readonly #byLength: Float64Array;
  readonly #byAge: Float64Array;
  readonly #byPlace: Float64Array;
  readonly #bySupport: Float64Array;
  readonly #before: number;
  readonly #match: number;
  readonly #earlier: number;
  /** By neighbour: the place of its best match in the context. */
  readonly #matches: Uint8Array;
  /** By neighbour: its events. */
  readonly #matched: Uint32Array;
  #scores: Scores | undefined;
  /**
   * By slot, side by side in one line of memory: the place in the context of the best match, plus 1, the sum of w (below
   * 2^32: 64 weights of 2^16 times at most 2^6), and which items of the context it matched, as bits by their place.
   */
  #marks = new Uint32Array(1024 * markWords);
  #touched = new Uint32Array(1024);
  #touchedCount = 0;
  /** The votes of this answer, kept for the reasons: neighbour, amount, and the item's vote before, plus 1. */
  #voters = new Uint16Array(4096);
  #amounts = new Float64Array(4096);
  #earlierVotes = new Uint32Array(4096);
  #voteCount = 0;
  /** By item: its last vote, plus 1; and the items that have any. */
  #lastVotes = new Uint32Array(1024);
  #voted = new Uint32Array(1024);
  #votedCount = 0;
  readonly #shares: Float64Array;

  constructor(settings: Readonly<NeighbourSettings>) {
    const { m, k, context } = settings;
    assert(Number.isInteger(m) && m > 0, "m is a count");
    assert(Number.isInteger(k) && k > 0 && k < 65_536, "k is a count below 2^16");
    assert(Number.isInteger(context) && context > 0 && context <= 64, "context is 1 to 64");
    this.#settings = settings;
    this.#context = new RecentItems(settings.context);
    this.#weights = new Float64Array(settings.context);
    this.#nearest = new Nearest(settings.k);
    this.#byAgo = fadeTable(settings.contextFade, settings.context, contextOne);
    this.#byMatch = fadeTable(settings.matchFade, settings.context);
    this.#byLength = powerTable(settings.lengthPower, lengthMax);
    this.#byAge = fadeTable(settings.recencyFade * ageSteps, ageMax).map((w) => Math.max(1, w));
    this.#byPlace = fadeTable(settings.placeFade, lengthMax);
    this.#bySupport = powerByOctave(settings.supportPower);
    this.#matches = new Uint8Array(settings.k);
    this.#matched = new Uint32Array(settings.k);
    this.#shares = new Float64Array(settings.context);
    this.#before = Math.round(settings.before * one);
    this.#match = Math.round(settings.match * one);
    this.#earlier = Math.round(settings.earlier * one);
  }

  score(ask: Ask, scores: Scores): void {
    this.#nearest.clear();
    this.#clearVotes();
    this.#scores = scores;
    this.#context.read(ask.state, ask.models.items, ask.isShifted);
    if (this.#context.count === 0) return;
    this.#reserve(ask.models.sessions.slotEnd, ask.models.items.size);
    this.#weigh(ask.models.sessions);
    this.#touch(ask.models.sessions, ask.state);
    this.#choose(ask.models.sessions, Math.floor(ask.now / 60_000));
    this.#vote(ask.models.sessions, scores);
    this.#finish(ask.models.sessions, scores);
  }

  /** w(i): what a match of each context item is worth. */
  #weigh(sessions: SessionIndex): void {
    const rarity = Math.round(this.#settings.rarity * one);
    const all = logByOctave[octavePlace(Math.max(1, sessions.count))]!;
    for (let c = 0; c < this.#context.count; c++) {
      const support = sessions.support(this.#context.ids[c]!);
      const log = support === 0 ? 0 : Math.max(0, all - logByOctave[octavePlace(support)]!);
      const idf = one + Math.floor((rarity * log) / one);
      this.#weights[c] = Math.floor((this.#byAgo[this.#context.ago[c]!]! * idf) / one);
    }
  }

  /** Sums w over the newest m sessions of each context item, newest item first. */
  #touch(sessions: SessionIndex, state: UserState): void {
    const { postingLane } = sessions;
    const marks = this.#marks;
    this.#touchedCount = 0;
    this.#markOwn(sessions, state);
    for (let c = 0; c < this.#context.count; c++) {
      const item = this.#context.ids[c]!;
      const weight = this.#weights[c]!;
      const event = c < eventsNamedMax ? 1 << c : 0;
      const newest = Math.min(this.#settings.m, sessions.support(item));
      const newestAt = sessions.newestAt(item);
      for (let back = 0; back < newest; back++) {
        const slot = postingLane[newestAt - back]!;
        const at = slot * markWords;
        if (marks[at + bestMark] === 0) {
          if (this.#touchedCount === touchedSessionsMax) continue;
          marks[at + bestMark] = c + 1;
          this.#touched[this.#touchedCount++] = slot;
        }
        marks[at + sumMark]! += weight;
        marks[at + eventsMark]! |= event;
      }
    }
    this.#unmarkOwn(sessions, state);
  }

  /** The asker's own sessions know what the asker did next: they are no neighbours. */
  #markOwn(sessions: SessionIndex, state: UserState): void {
    for (const slot of ownSlots(sessions, state)) this.#marks[slot * markWords + bestMark] = own;
  }

  #unmarkOwn(sessions: SessionIndex, state: UserState): void {
    for (const slot of ownSlots(sessions, state)) this.#unmark(slot);
  }

  #unmark(slot: number): void {
    const at = slot * markWords;
    this.#marks[at + bestMark] = 0;
    this.#marks[at + sumMark] = 0;
    this.#marks[at + eventsMark] = 0;
  }

  /** sim(s) of every touched session, and the k greatest; clears the scratch of the others. */
  #choose(sessions: SessionIndex, nowMinute: number): void {
    const middleAge = Math.max(ageUnitMin, nowMinute - sessions.middleMinute());
    const marks = this.#marks;
    for (let t = 0; t < this.#touchedCount; t++) {
      const slot = this.#touched[t]!;
      const at = slot * markWords;
      const age = Math.max(0, nowMinute - sessions.firstMinute(slot));
      const step = Math.min(ageMax - 1, Math.floor((age * ageSteps) / middleAge));
      const length = Math.min(lengthMax - 1, sessions.length(slot));
      const match = this.#byMatch[this.#context.ago[marks[at + bestMark]! - 1]!]!;
      const product = marks[at + sumMark]! * this.#byLength[length]! * this.#byAge[step]!;
      const similarity = Math.floor((Math.floor(product / similarityShift) * match) / one);
      if (similarity > 0) this.#nearest.offer(sessions, slot, similarity);
    }
    for (let n = 0; n < this.#nearest.count; n++) {
      const at = this.#nearest.slots[n]! * markWords;
      this.#matches[n] = marks[at + bestMark]! - 1;
      this.#matched[n] = marks[at + eventsMark]!;
    }
    for (let t = 0; t < this.#touchedCount; t++) this.#unmark(this.#touched[t]!);
  }

  #clearVotes(): void {
    for (let i = 0; i < this.#votedCount; i++) this.#lastVotes[this.#voted[i]!] = 0;
    this.#votedCount = 0;
    this.#voteCount = 0;
  }

  /** Every neighbour votes once for each of its items, by the distance from its best match. */
  #vote(sessions: SessionIndex, scores: Scores): void {
    const { lane } = sessions;
    const { slots, similarities, count } = this.#nearest;
    for (let n = 0; n < count; n++) {
      const slot = slots[n]!;
      const similarity = similarities[n]!;
      const start = sessions.startOf(slot);
      const length = sessions.length(slot);
      const item = this.#context.ids[this.#matches[n]!]!;
      let matched = 0;
      while (lane[start + matched] !== item) matched++;
      this.#cast(n, item, similarity * this.#match, scores);
      // Outward from the match, so that of an item that comes twice the nearer place counts.
      const farthest = Math.max(matched, length - 1 - matched);
      for (let distance = 1; distance <= farthest; distance++) {
        const weight = this.#byPlace[Math.min(distance, lengthMax - 1)]!;
        const after = matched + distance;
        if (after < length) this.#cast(n, lane[start + after]!, similarity * weight, scores);
        if (distance > matched) continue;
        const before = Math.floor((weight * this.#before) / one);
        this.#cast(n, lane[start + matched - distance]!, similarity * before, scores);
      }
    }
  }

  #cast(n: number, item: number, amount: number, scores: Scores): void {
    const last = this.#lastVotes[item]!;
    // Votes of one neighbour stand together: only the newest can be its own.
    if (last !== 0 && this.#voters[last - 1] === n) return;
    if (amount === 0) return;
    const vote = this.#voteCount++;
    if (vote === this.#voters.length) this.#growVotes();
    this.#voters[vote] = n;
    this.#amounts[vote] = amount;
    this.#earlierVotes[vote] = last;
    this.#lastVotes[item] = vote + 1;
    if (last === 0) this.#voted[this.#votedCount++] = item;
    scores.add(item, amount);
  }

  #growVotes(): void {
    const [voters, amounts, earlier] = [this.#voters, this.#amounts, this.#earlierVotes];
    this.#voters = new Uint16Array(voters.length * 2);
    this.#voters.set(voters);
    this.#amounts = new Float64Array(amounts.length * 2);
    this.#amounts.set(amounts);
    this.#earlierVotes = new Uint32Array(earlier.length * 2);
    this.#earlierVotes.set(earlier);
  }

  /** Damps common items, weighs what the user saw already, and brings the best below 2^32. */
  #finish(sessions: SessionIndex, scores: Scores): void {
    assert(scores.best() < 2 ** 51, "votes sum up exactly");
    for (let i = 0; i < scores.count; i++) {
      const item = scores.touched[i]!;
      const support = this.#bySupport[octavePlace(sessions.support(item))]!;
      scores.values[item] = Math.floor(scores.values[item]! / one) * support;
    }
    for (let c = 0; c < this.#context.count; c++) {
      const item = this.#context.ids[c]!;
      const factor = this.#context.ago[c] === 0 ? this.#ofCurrent(sessions, item) : this.#earlier;
      scores.values[item] = Math.floor(scores.values[item]! / one) * factor;
    }
    let divisor = 1;
    while (scores.best() >= divisor * 2 ** 32) divisor *= 2;
    for (let i = 0; i < scores.count; i++) {
      const item = scores.touched[i]!;
      scores.values[item] = Math.floor(scores.values[item]! / divisor);
    }
  }

  #ofCurrent(sessions: SessionIndex, item: number): number {
    const { current, repeatPrior } = this.#settings;
    return Math.floor(one * current * sessions.repeatRate(item, repeatPrior));
  }

  /**
   * Splits the score over the context: what a neighbour gave to the item belongs to the events it shares
   * with the user, in proportion to their w.
   */
  parts(ask: Ask, item: number): Part[] {
    const score = this.#scores?.get(item) ?? 0;
    if (score === 0) return [];
    const { keys } = ask.models.items;
    const shares = this.#shares.fill(0);
    for (let vote = this.#lastVotes[item]!; vote !== 0; vote = this.#earlierVotes[vote - 1]!) {
      this.#shareOut(this.#voters[vote - 1]!, Math.floor(this.#amounts[vote - 1]! / one), shares);
    }
    // Shares as finely as they can be told apart on the way to a score, and no finer: products stay exact.
    let most = 0;
    for (let c = 0; c < this.#context.count; c++) most = Math.max(most, shares[c]!);
    let divisor = 1;
    while (most >= divisor * 2 ** 20) divisor *= 2;
    const parts: Part[] = [];
    for (let c = 0; c < this.#context.count; c++) {
      const amount = Math.floor(shares[c]! / divisor);
      if (amount > 0) parts.push({ because: keys[this.#context.ids[c]!]!, amount });
    }
    return apportion(parts, score);
  }

  /** Adds what neighbour number `n` gave to the item to the shares of the events that it matches. */
  #shareOut(n: number, votes: number, shares: Float64Array): void {
    let whole = 0;
    for (let bits = this.#matched[n]!; bits !== 0; bits &= bits - 1) {
      whole += this.#weights[31 - Math.clz32(bits & -bits)]!;
    }
    for (let bits = this.#matched[n]!; bits !== 0; bits &= bits - 1) {
      const c = 31 - Math.clz32(bits & -bits);
      const share = Math.floor((this.#weights[c]! * one) / whole);
      shares[c] = shares[c]! + Math.floor((votes * share) / one);
    }
  }

  #reserve(slots: number, items: number): void {
    if (items > this.#lastVotes.length) {
      this.#lastVotes = new Uint32Array(Math.max(items, this.#lastVotes.length * 2));
      this.#voted = new Uint32Array(this.#lastVotes.length);
    }
    if (slots * markWords <= this.#marks.length) return;
    const length = Math.max(slots, (this.#marks.length / markWords) * 2);
    this.#marks = new Uint32Array(length * markWords);
    const touchedMax = Math.min(length, touchedSessionsMax);
    if (this.#touched.length < touchedMax) this.#touched = new Uint32Array(touchedMax);
  }
}
