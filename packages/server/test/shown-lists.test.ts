/**
 * A world in which every page has a list, and what people like is known: does the ranker learn it? Lists are seen
 * whole, but people look at a slot the less the further down it stands, and who put the lists in order knew nothing
 * of what people like. So what stood on top was taken more, whatever it was.
 */
import type { InteractionEvent, InteractionType } from "@attune/protocol";
import { expect, test } from "vitest";
import { Prng } from "../src/base/prng.ts";
import { apply, contributionsOf, type FoldRecord } from "../src/core/fold/apply.ts";
import type { RankerCell } from "../src/core/fold/contribution.ts";
import { slotText } from "../src/core/fold/shown-rows.ts";
import { foldLimits, type UserState } from "../src/core/fold/state.ts";
import {
  featureVersion,
  groupAt,
  groupCount,
  groups,
  offsets,
} from "../src/core/rank/learned/groups.ts";
import { objectivesDefault, takeAlone } from "../src/core/rank/learned/objectives.ts";
import { solveThetas } from "../src/core/rank/learned/theta.ts";
import { Items } from "../src/core/sum/items.ts";
import { RankerSum } from "../src/core/sum/ranker.ts";
import { decisionOf, headerOf } from "./laws/generate.ts";

const placement = "home";
const start = 1_700_000_000_000;
const listLength = 12;
const people = 400;
const listsOfEach = 5;

/** An item as the ranker sees it: how well it is liked, what it was put in order by, whether it grates. */
interface Candidate {
  liking: number;
  standing: number;
  grates: boolean;
}

/** The groups of bins that stand for them; all others say the same of every item. */
const likingGroup = groupAt["support"];
const standingGroup = groupAt["near rank"];
const gratingGroup = groupAt["times"];
const likings = groups[likingGroup]!.size;
const standings = groups[standingGroup]!.size;

const binsOf = ({ liking, standing, grates }: Candidate): Uint8Array =>
  Uint8Array.from({ length: groupCount }, (_, group) => {
    const bins: Record<number, number> = {
      [likingGroup]: liking,
      [standingGroup]: standing,
      [gratingGroup]: Number(grates),
    };
    return offsets[group]! + (bins[group] ?? 0);
  });

/** From one in ten to four in ten, if it is looked at. */
const takenIn = ({ liking }: Candidate): number => 0.1 + (0.3 * liking) / (likings - 1);
const lookedAt = (slot: number): number => 0.7 ** slot;
const skippedIn = ({ grates }: Candidate): number => (grates ? 0.8 : 0.1);

function drawn(prng: Prng): Candidate {
  return {
    liking: prng.below(likings),
    standing: prng.below(standings),
    grates: prng.chance(0.5),
  };
}

/** One person's records: lists in the order of `standing`, give or take, and what came of them. */
function recordsOf(person: number, prng: Prng): FoldRecord[] {
  const subject = person.toString(16).padStart(32, "0");
  const records: FoldRecord[] = [];
  const add = (kind: "decision" | "event", payload: FoldRecord["payload"]): void => {
    const at = start + records.length * 1_000;
    const header = headerOf({ kind, subject, at, receivedAt: at }, records.length);
    records.push({ header, payload });
  };
  for (let number = 0; number < listsOfEach; number++) {
    const list = Array.from({ length: listLength }, () => drawn(prng))
      .map((one) => ({ one, key: one.standing + prng.below(5) }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one);
    const items = list.map((_, slot) => `l${number}s${slot}`);
    const decisionId = `d${number}`;
    const features = { version: 1, slots: list.map((one) => slotText(0, binsOf(one))) };
    add("decision", { ...decisionOf(decisionId, placement, items, start), features });
    const act = (type: InteractionType, more: Partial<InteractionEvent>): void =>
      add("event", { type, strength: 0, decisionId, ...more });
    act("seen", { slots: items.map((_, slot) => slot) });
    list.forEach((one, slot) => {
      if (!prng.chance(lookedAt(slot) * takenIn(one))) return;
      act("play", { item: items[slot] });
      act(prng.chance(skippedIn(one)) ? "skip" : "complete", { item: items[slot] });
    });
  }
  return records;
}

function folded(records: readonly FoldRecord[]): UserState {
  let state: UserState | undefined;
  for (const record of records) {
    const applied = apply(state, record, foldLimits);
    if (applied.refold) throw new Error("nothing of this is late");
    state = applied.state;
  }
  return state!;
}

/** What a crowd's lists teach; `asStood` says what the ranker is told of where a row's candidates stood. */
function taught(seed: number, asStood: (cell: RankerCell) => RankerCell): RankerSum {
  const sum = new RankerSum(new Items());
  const prng = new Prng(seed);
  for (let person = 0; person < people; person++) {
    for (const cell of contributionsOf(folded(recordsOf(person, prng)), foldLimits))
      if (cell.model === "ranker") sum.add(asStood(cell));
  }
  return sum;
}

/** The control: the same rows, as if all had stood in the first slot. */
function unplaced(cell: RankerCell): RankerCell {
  const { shown } = cell;
  return { ...cell, shown: shown && { ...shown, slots: shown.slots.map(() => 0) } };
}

/** How many pairs of items the weights put in the order of what is true of them, of those that differ in it. */
function truth(weights: Int32Array, worth: (one: Candidate) => number): number {
  const prng = new Prng(99);
  const scoreOf = (one: Candidate) => binsOf(one).reduce((score, bin) => score + weights[bin]!, 0);
  let [right, pairs] = [0, 0];
  for (let n = 0; n < 4_000; n++) {
    const [a, b] = [drawn(prng), drawn(prng)];
    const difference = worth(a) - worth(b);
    if (difference === 0) continue;
    pairs++;
    right += Number((scoreOf(a) - scoreOf(b)) * difference > 0);
  }
  return right / pairs;
}

const ranked = (sum: RankerSum, worth = takeAlone): Int32Array =>
  solveThetas(sum, 1).weights(placement, worth)!;

test.each([1, 2, 3])("told where things stood, it ranks by what is liked (seed %i)", (seed) => {
  const [placed, control] = [(cell: RankerCell) => cell, unplaced].map((asStood) =>
    truth(ranked(taught(seed, asStood)), takenIn),
  );
  expect(placed).toBeGreaterThan(0.85);
  expect(control).toBeLessThan(0.7);
});

test("what is begun and skipped goes down, by its worth and not without", () => {
  const sum = taught(4, (cell) => cell);
  const kept = (one: Candidate): number => 1 - skippedIn(one);
  /** A play that is skipped is worth nothing, one that is heard to the end half as much again. */
  const worthOf = (one: Candidate): number => takenIn(one) * kept(one) * 1.5;
  const [alone, weighed] = [ranked(sum), ranked(sum, objectivesDefault)];
  const [fine, grating] = [0, 1].map((bin) => weighed[offsets[gratingGroup]! + bin]!);
  expect(grating!).toBeLessThan(fine!);
  expect(truth(alone, kept)).toBeLessThan(0.6);
  expect(truth(weighed, kept)).toBeGreaterThan(0.95);
  expect(truth(weighed, worthOf)).toBeGreaterThan(truth(alone, worthOf) + 0.1);
  // Too few rows of a head are none: then nothing changes.
  const few = new RankerSum(new Items());
  const cells = contributionsOf(folded(recordsOf(1, new Prng(5))), foldLimits);
  for (const cell of cells) {
    if (cell.model !== "ranker") continue;
    few.add({ ...cell, delta: cell.shown!.head === "take" ? 100 : 99 });
  }
  expect(few.rows(placement, featureVersion, "skip")).toBeLessThan(500);
  expect(ranked(few, objectivesDefault)).toEqual(ranked(few));
});
