import type { Models } from "../../sum/models.ts";
import type { Blend } from "../blend.ts";
import { Column } from "./column.ts";
import {
  binOf,
  groupAt,
  groupCount,
  halvings,
  offsets,
  rankTableCoarse,
  rankTableFine,
} from "./groups.ts";
import type { Ask } from "../source.ts";
import { newestOwnSlot } from "../source/own-sessions.ts";
import { candidatesMax, gapUnit, Trail } from "./trail.ts";

/**
 * Features of the best candidates of a blend, as integer bins: a pure function of the ask and the blend. The
 * arrays are used again for the next answer; nothing is allocated for a candidate.
 */
export const linearMax = 63;
/** Context items that trails are read of, newest first, and the sessions read of each. */
const trailSessions = [500, 200, 100, 100] as const;
export const trailCount = trailSessions.length;
const cosineOne = 65_536;
/** Days this young are no yardstick of age, minutes. */
const ageUnitMin = 1_440;
/** Ages in hundredths of the age of the middle session. */
const ageEdges = [1, 3, 10, 30, 60, 120, 5_000];
const neverAge = 9_900;
const agoEdges = [1, 2, 3, 4, 5, 7, 11];
const rateEdges = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5];
const countEdges = [1, 2, 4, 8, 16];
const lengthEdges = [2, 4, 8];
const nearEdges = [2, 4, 8, 16, 40];
const returnEdges = [1, 2, 3, 6];
const streakEdges = [1, 2];
const returnAgoEdges = [1, 2, 3, 5];
const contextMax = 64;
/** Sessions back from an item's newest one whose ages are features. */
const ageBacks = [0, 7, 31] as const;

export class RankFeatures {
  /** By candidate: its bin in each group, as numbers below 256. */
  readonly bins = new Uint8Array(candidatesMax * groupCount);
  /** By candidate: its share of the best blended score, 0..63. */
  readonly linear = new Uint8Array(candidatesMax);
  items: Uint32Array = new Uint32Array(0);
  count = 0;
  readonly #trails = trailSessions.map(() => new Trail());
  readonly #blend = new Column();
  readonly #near = new Column();
  readonly #next = new Column();
  readonly #second = new Column();
  readonly #third = new Column();
  readonly #session = new Column();
  readonly #walk = new Column();
  /** The user's newest items, newest first, each once; how long ago each was and how often. */
  readonly #context = new Int32Array(contextMax);
  readonly #ago = new Int32Array(contextMax);
  readonly #times = new Int32Array(contextMax);
  #contextCount = 0;
  /** Interactions of the running session. */
  #length = 0;
  /** Of those the ones on an item that was open before, and those since it last changed. */
  #returns = 0;
  #streak = 0;
  /** By candidate and `ageBacks`: bins of those ages. */
  readonly #ages = new Uint8Array(candidatesMax * ageBacks.length);
  readonly #ageSlots = new Int32Array(candidatesMax * ageBacks.length);
  /** By item: the candidate's place plus 1, all zero between answers; and its place in the context plus 1. */
  #places = new Uint8Array(1024);
  #contextPlaces = new Uint8Array(1024);

  /** `items[0..count-1]` are the candidates in canonical order, `walkSource` the number of that source. */
  read(ask: Ask, blend: Blend, walkSource: number, items: Uint32Array, count: number): void {
    this.items = items;
    this.count = count;
    this.#reserve(ask.models.items.size);
    this.#readContext(ask);
    for (let i = 0; i < count; i++) this.#places[items[i]!] = i + 1;
    for (let c = 0; c < this.#contextCount; c++) this.#contextPlaces[this.#context[c]!] = c + 1;
    this.#readTrails(ask, count);
    this.#readColumns(ask.models, blend, walkSource, count);
    const nowMinute = Math.floor(ask.now / 60_000);
    this.#readAges(ask.models, count, nowMinute);
    for (let i = 0; i < count; i++) {
      this.#fillScores(ask.models, i);
      this.#fillItem(ask.models, i);
    }
    for (let i = 0; i < count; i++) this.#places[items[i]!] = 0;
    for (let c = 0; c < this.#contextCount; c++) this.#contextPlaces[this.#context[c]!] = 0;
  }

  /** The user's `back`-th newest item; -1 if there are fewer. Valid like the rest. */
  contextItem(back: number): number {
    return back < this.#contextCount ? this.#context[back]! : -1;
  }

  isInContext(item: number): boolean {
    for (let c = 0; c < this.#contextCount; c++) if (this.#context[c] === item) return true;
    return false;
  }

  /** The cosine of candidate number `i` with the `back`-th newest item: a part of its cosine with the session. */
  cosine({ sessions }: Models, i: number, back: number): number {
    const { together, support } = this.#trails[back]!;
    return cosineOf(together[i]!, support, sessions.support(this.items[i]!));
  }

  #readContext({ state, models }: Ask): void {
    this.#contextCount = 0;
    this.#streak = 0;
    let total = 0;
    let isStreak = true;
    const { ring } = state;
    for (let at = ring.length - 1; at >= 0; at--) {
      if (ring.strengthAt(at) <= 0) continue;
      const id = models.items.find(ring.itemAt(at));
      // The sums may have forgotten all of an item and know its name still.
      if (id === -1 || models.sessions.support(id) === 0) continue;
      let c = 0;
      while (c < this.#contextCount && this.#context[c] !== id) c++;
      if (c === this.#contextCount) {
        this.#context[c] = id;
        this.#ago[c] = total;
        this.#times[c] = 0;
        this.#contextCount++;
      }
      this.#times[c] = this.#times[c]! + 1;
      isStreak &&= c === 0;
      if (isStreak) this.#streak = total;
      total++;
    }
    this.#length = total;
    this.#returns = total - this.#contextCount;
  }

  #readTrails({ state, models, now }: Ask, count: number): void {
    const { sessions } = models;
    const own = newestOwnSlot(sessions, state);
    const nowMinute = Math.floor(now / 60_000);
    const middleAge = middleAgeOf(models, nowMinute);
    for (let c = 0; c < trailSessions.length; c++) {
      const trail = this.#trails[c]!;
      trail.clear(count);
      if (c >= this.#contextCount) continue;
      const [item, most] = [this.#context[c]!, trailSessions[c]!];
      trail.read(sessions, item, most, this.#places, own, nowMinute, middleAge);
    }
  }

  #readColumns(models: Models, blend: Blend, walkSource: number, count: number): void {
    const [last, second, third] = this.#trails;
    for (let i = 0; i < count; i++) {
      const item = this.items[i]!;
      this.#blend.values[i] = blend.totals.get(item);
      this.#near.values[i] = last!.near[i]!;
      this.#next.values[i] = last!.next[i]!;
      this.#second.values[i] = second!.after[i]!;
      this.#third.values[i] = third!.after[i]!;
      this.#walk.values[i] = walkSource === -1 ? 0 : blend.score(walkSource, item);
      let cosine = 0;
      for (let back = 0; back < trailSessions.length; back++)
        cosine += this.cosine(models, i, back);
      this.#session.values[i] = cosine;
    }
    this.#blend.rankInOrder(count);
    this.#near.rank(count);
    this.#next.rank(count);
    this.#second.rank(count);
    this.#third.rank(count);
    this.#session.rank(count);
    this.#walk.rank(count);
  }

  #fillScores(models: Models, i: number): void {
    const { sessions } = models;
    const last = this.#trails[0]!;
    const whole = Math.max(1, last.support) * gapUnit;
    const own = Math.max(1, sessions.support(this.items[i]!)) * gapUnit;
    const { best } = this.#blend;
    this.linear[i] = best === 0 ? 0 : Math.floor((this.#blend.values[i]! * linearMax) / best);
    this.#put(i, groupAt["blend rank"], rankTableFine[this.#blend.ranks[i]!]!);
    this.#put(i, groupAt["blend ratio"], halvings(this.#blend.values[i]!, best, 8));
    const nearRank = this.#near.ranks[i]!;
    this.#put(i, groupAt["near rank"], rankTableFine[nearRank]!);
    this.#put(i, groupAt["near ratio"], halvings(this.#near.values[i]!, this.#near.best, 8));
    this.#put(i, groupAt["next rank"], rankTableFine[this.#next.ranks[i]!]!);
    this.#put(i, groupAt["next count"], binOf(this.#next.values[i]!, countEdges));
    this.#put(i, groupAt["after last"], halvings(last.after[i]!, whole, 8));
    this.#put(i, groupAt["after second"], rankTableCoarse[this.#second.ranks[i]!]!);
    this.#put(i, groupAt["after third"], rankTableCoarse[this.#third.ranks[i]!]!);
    this.#put(i, groupAt["before last"], halvings(last.before[i]!, own, 8));
    const cosine = this.cosine(models, i, 0);
    this.#put(i, groupAt["cosine last"], halvings(cosine, cosineOne, 8));
    this.#put(i, groupAt["cosine session rank"], rankTableFine[this.#session.ranks[i]!]!);
    this.#put(i, groupAt["cosine session"], halvings(this.#session.values[i]!, cosineOne * 2, 8));
    this.#put(i, groupAt["walk rank"], rankTableFine[this.#walk.ranks[i]!]!);
    this.#put(i, groupAt["walk"], halvings(this.#walk.values[i]!, 2 ** 23, 8));
    const near = nearRank === 0 ? 5 : binOf(nearRank, nearEdges);
    this.#put(i, groupAt["length x near rank"], binOf(this.#length, lengthEdges) * 6 + near);
  }

  /** One kind of look-up after the other, so that the waits for memory overlap. */
  #readAges(models: Models, count: number, nowMinute: number): void {
    const [slots, ages] = [this.#ageSlots, this.#ages];
    const { sessions } = models;
    const { postingLane } = sessions;
    for (let i = 0, at = 0; i < count; i++) {
      const item = this.items[i]!;
      const support = sessions.support(item);
      const newestAt = support === 0 ? 0 : sessions.newestAt(item);
      for (const back of ageBacks)
        slots[at++] = support <= back ? -1 : postingLane[newestAt - back]!;
    }
    const middleAge = middleAgeOf(models, nowMinute);
    for (let at = 0; at < count * ageBacks.length; at++) {
      const slot = slots[at]!;
      const age = slot === -1 ? -1 : Math.max(0, nowMinute - sessions.firstMinute(slot));
      const parts = age === -1 ? neverAge : Math.floor((age * 100) / middleAge);
      ages[at] = binOf(parts, ageEdges);
    }
  }

  #fillItem({ sessions }: Models, i: number): void {
    const item = this.items[i]!;
    const support = sessions.support(item);
    this.#put(i, groupAt["support"], Math.min(11, 32 - Math.clz32(support)));
    const ages = i * ageBacks.length;
    this.#put(i, groupAt["newest age"], this.#ages[ages]!);
    this.#put(i, groupAt["8th newest age"], this.#ages[ages + 1]!);
    this.#put(i, groupAt["32nd newest age"], this.#ages[ages + 2]!);
    const c = this.#contextPlaces[item]! - 1;
    // From here on 0 is "not in the context".
    const ago = c === -1 ? 0 : this.#ago[c]! + 1;
    const isOpen = ago === 1;
    this.#put(i, groupAt["ago"], binOf(ago, agoEdges));
    this.#put(i, groupAt["times"], c === -1 ? 0 : Math.min(3, this.#times[c]!));
    const rate = isOpen ? 1 + binOf(sessions.repeatRate(item, 5), rateEdges) : 0;
    this.#put(i, groupAt["repeat rate"], rate);
    const returns = binOf(this.#returns, returnEdges);
    this.#put(i, groupAt["returns x ago"], returns * 5 + binOf(ago, returnAgoEdges));
    const streak = binOf(this.#streak, streakEdges);
    this.#put(i, groupAt["streak x ago"], streak * 3 + binOf(ago, streakEdges));
  }

  #put(i: number, group: number, bin: number): void {
    this.bins[i * groupCount + group] = offsets[group]! + bin;
  }

  #reserve(size: number): void {
    if (size <= this.#places.length) return;
    const length = Math.max(size, this.#places.length * 2);
    this.#places = new Uint8Array(length);
    this.#contextPlaces = new Uint8Array(length);
  }
}

function middleAgeOf({ sessions }: Models, nowMinute: number): number {
  return Math.max(ageUnitMin, nowMinute - sessions.middleMinute());
}

function cosineOf(count: number, supportA: number, supportB: number): number {
  if (count === 0) return 0;
  return Math.floor((cosineOne * count) / Math.sqrt(Math.max(1, supportA * supportB)));
}
