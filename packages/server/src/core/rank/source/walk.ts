import { revisionGapMax, type SessionIndex } from "../../sum/session-index.ts";
import { RecentItems } from "../recent-items.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { KeptRows, pairWords } from "./kept-rows.ts";
import { newestOwnSlot } from "./own-sessions.ts";

/**
 * Two steps from the user's newest item: to the items that share sessions with it, and on to what followed
 * those. Where few sessions hold the item its neighbours know little of what comes next; what goes with the
 * things that go with it was often seen together by people who never met the item itself.
 *
 *   score(c) = sum over the `stepsMax` closest j of cos(newest, j) x after(j, c) / sqrt(n_j n_c)
 *
 * where cos counts sessions and `after` counts 1 / gap for steps up to `gapMax`, over the newest sessions of a
 * row. Whole numbers throughout, so the order of a sum never shows.
 */
const firstSessionsMax = 500;
const secondSessionsMax = 50;
const stepsMax = 24;
const gapMax = revisionGapMax;
const gapUnit = 840;
const byGap = Int32Array.from({ length: gapMax + 1 }, (_, gap) => (gap === 0 ? 0 : gapUnit / gap));
/** 1 in a cosine. The sum of 24 products of two stays below 2^32. */
const cosineOne = 4096;
/** Sessions added to a support: two items that one person once opened are no close pair yet. */
const prior = 2;

export class Walk implements Source {
  readonly name = "walk";
  readonly #context = new RecentItems(1);
  /** By item what a row counts, all 0 between rows, and the items it counts. */
  #row = new Int32Array(1024);
  #touched = new Uint32Array(1024);
  #touchedCount = 0;
  /** The closest items, best first, with their cosines. */
  readonly #steps = new Uint32Array(stepsMax);
  readonly #cosines = new Float64Array(stepsMax);
  #count = 0;
  /** What followed the items of steps: read again and again, for everybody near them. */
  readonly #rows = new KeptRows();
  #scores: Scores | undefined;

  score(ask: Ask, scores: Scores): void {
    const { sessions, items } = ask.models;
    this.#scores = scores;
    this.#count = 0;
    this.#context.read(ask.state, items, ask.isShifted);
    if (this.#context.count === 0) return;
    const newest = this.#context.ids[0]!;
    if (items.size > this.#row.length) {
      this.#row = new Int32Array(Math.max(items.size, this.#row.length * 2));
      this.#touched = new Uint32Array(this.#row.length);
    }
    this.#together(sessions, newest, newestOwnSlot(sessions, ask.state));
    this.#choose(ask, newest);
    for (let at = 0; at < this.#count; at++) this.#walk(sessions, newest, at, scores);
  }

  parts(ask: Ask, item: number): Part[] {
    const because = ask.models.items.keys[this.#context.ids[0]!];
    return [{ because, amount: this.#scores!.get(item) }];
  }

  /** How often other items stand in the newest sessions of the newest item. */
  #together(sessions: SessionIndex, newest: number, own: number): void {
    const { lane, postingLane } = sessions;
    const row = this.#row;
    const touched = this.#touched;
    let count = 0;
    const support = Math.min(firstSessionsMax, sessions.support(newest));
    const newestAt = sessions.newestAt(newest);
    for (let back = 0; back < support; back++) {
      const slot = postingLane[newestAt - back]!;
      if (slot === own) continue;
      const start = sessions.startOf(slot);
      const end = start + sessions.length(slot);
      for (let at = start; at < end; at++) {
        const item = lane[at]!;
        if (item === newest) continue;
        if (row[item] === 0) touched[count++] = item;
        row[item]!++;
      }
    }
    this.#touchedCount = count;
  }

  /** The closest items, best first; equals by their external keys. */
  #choose({ models }: Ask, newest: number): void {
    const { sessions, items } = models;
    const support = Math.min(firstSessionsMax, sessions.support(newest));
    for (let i = 0; i < this.#touchedCount; i++) {
      const item = this.#touched[i]!;
      const cosine = cosineOf(this.#row[item]!, support, sessions.support(item));
      this.#row[item] = 0;
      let at = this.#count;
      while (at > 0) {
        const difference = this.#cosines[at - 1]! - cosine;
        if (difference > 0) break;
        if (difference === 0 && items.keys[this.#steps[at - 1]!]! < items.keys[item]!) break;
        at--;
      }
      if (at === stepsMax) continue;
      this.#count = Math.min(stepsMax, this.#count + 1);
      for (let to = this.#count - 1; to > at; to--) {
        this.#steps[to] = this.#steps[to - 1]!;
        this.#cosines[to] = this.#cosines[to - 1]!;
      }
      this.#steps[at] = item;
      this.#cosines[at] = cosine;
    }
  }

  /** What followed step number `number`, weighed by how close the step is. */
  #walk(sessions: SessionIndex, newest: number, number: number, scores: Scores): void {
    const step = this.#steps[number]!;
    const near = this.#cosines[number]!;
    const support = Math.min(secondSessionsMax, sessions.support(step));
    const rows = this.#rows;
    if (!rows.find(sessions, step))
      rows.keep(sessions, step, this.#touched, this.#row, this.#follow(sessions, step));
    for (let at = rows.start; at < rows.end; at += pairWords) {
      const item = rows.pairs[at]!;
      if (item === newest) continue;
      const after = rows.pairs[at + 1]! / gapUnit;
      const amount = near * cosineOf(after, support, sessions.support(item));
      if (amount > 0) scores.add(item, amount);
    }
  }

  /** Counts what followed an item in its newest sessions; returns how many items that are. */
  #follow(sessions: SessionIndex, step: number): number {
    const { lane, postingLane } = sessions;
    const row = this.#row;
    const touched = this.#touched;
    let count = 0;
    const support = Math.min(secondSessionsMax, sessions.support(step));
    const newestAt = sessions.newestAt(step);
    for (let back = 0; back < support; back++) {
      const slot = postingLane[newestAt - back]!;
      const start = sessions.startOf(slot);
      const end = start + sessions.length(slot);
      let from = start;
      while (lane[from] !== step) from++;
      const last = Math.min(end - 1, from + gapMax);
      for (let place = from + 1; place <= last; place++) {
        const item = lane[place]!;
        if (row[item] === 0) touched[count++] = item;
        row[item] = row[item]! + byGap[place - from]!;
      }
    }
    return count;
  }
}

function cosineOf(count: number, supportA: number, supportB: number): number {
  const norm = Math.sqrt((supportA + prior) * (supportB + prior));
  return Math.min(cosineOne, Math.floor((cosineOne * count) / norm));
}
