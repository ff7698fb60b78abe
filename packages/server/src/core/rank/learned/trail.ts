import type { SessionIndex } from "../../sum/session-index.ts";
import { fadeTable } from "../weights.ts";

/** Candidates that the ranker looks at for one answer. */
export const candidatesMax = 200;

const gapMax = 8;
/** 840 = lcm 1..8: a step over a gap counts 840 / gap. */
export const gapUnit = 840;
const ageSteps = 64;
const ageMax = 16 * ageSteps;
const byGap = fadeTable(3, 256);
const byAge = fadeTable(1.6 * ageSteps, ageMax).map((weight) => Math.max(1, weight));
const beforeWeight = 0.7;

/**
 * What stands around one item of the context in other people's sessions, counted for the candidates alone: its
 * row of sequential rules both ways, direct successors, sessions together, and votes as of the neighbours that
 * this one item finds. By place of the candidate; counted over the newest sessions of the item.
 */
export class Trail {
  /** 840 / gap for each candidate up to 8 steps after the item, or before it. */
  readonly after = new Float64Array(candidatesMax);
  readonly before = new Float64Array(candidatesMax);
  /** Times that the candidate was the very next item. */
  readonly next = new Float64Array(candidatesMax);
  readonly together = new Float64Array(candidatesMax);
  /** Votes by distance and age of the session. */
  readonly near = new Float64Array(candidatesMax);
  /** Sessions read. */
  support = 0;

  clear(count: number): void {
    this.after.fill(0, 0, count);
    this.before.fill(0, 0, count);
    this.next.fill(0, 0, count);
    this.together.fill(0, 0, count);
    this.near.fill(0, 0, count);
    this.support = 0;
  }

  /** `places` has the candidate's place plus 1 by item; session `own` is the asker's. */
  read(
    sessions: SessionIndex,
    from: number,
    sessionsMax: number,
    places: Uint8Array,
    own: number,
    nowMinute: number,
    middleAge: number,
  ): void {
    const newest = Math.min(sessionsMax, sessions.support(from));
    this.support = newest;
    const { postingLane } = sessions;
    const newestAt = sessions.newestAt(from);
    for (let back = 0; back < newest; back++) {
      const slot = postingLane[newestAt - back]!;
      if (slot === own) continue;
      const age = Math.max(0, nowMinute - sessions.firstMinute(slot));
      const weight = byAge[Math.min(ageMax - 1, Math.floor((age * ageSteps) / middleAge))]!;
      this.#readSession(sessions, slot, from, weight, places);
    }
  }

  #readSession(
    sessions: SessionIndex,
    slot: number,
    from: number,
    weight: number,
    places: Uint8Array,
  ): void {
    const { lane } = sessions;
    const start = sessions.startOf(slot);
    const end = start + sessions.length(slot);
    let match = start;
    while (lane[match] !== from) match++;
    for (let place = start; place < end; place++) {
      const at = places[lane[place]!]! - 1;
      if (at === -1 || place === match) continue;
      const gap = Math.min(255, place > match ? place - match : match - place);
      const vote = weight * byGap[gap]!;
      this.together[at] = this.together[at]! + 1;
      if (place > match) {
        this.near[at] = this.near[at]! + vote;
        if (gap <= gapMax) this.after[at] = this.after[at]! + gapUnit / gap;
      } else {
        this.near[at] = this.near[at]! + Math.floor(vote * beforeWeight);
        if (gap <= gapMax) this.before[at] = this.before[at]! + gapUnit / gap;
      }
      if (place > start && lane[place - 1] === from) this.next[at] = this.next[at]! + 1;
    }
  }
}
