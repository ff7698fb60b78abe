/**
 * Exploration by circumstances, end to end: answers are drawn and logged, the fold counts what came of them, and the
 * next answer is drawn from those counts. A world in which each device has an item of its own that is liked best.
 */
import type { Decision, UserEvent } from "@attune/protocol";
import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { apply, contributionsOf } from "../../src/core/fold/apply.ts";
import { foldLimits, type UserState } from "../../src/core/fold/state.ts";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision } from "../../src/core/rank/decision.ts";
import { leftMin } from "../../src/core/rank/explore/explorer.ts";
import { builtInDefinitions, defined } from "../../src/core/rank/placement.ts";
import { Ranker } from "../../src/core/rank/recommend.ts";
import { Models } from "../../src/core/sum/models.ts";
import { headerOf } from "./generate.ts";
import { type Act, ask, now, permit, worldOf } from "./rank-world.ts";

const placement = "for-you";
const rounds = 3_000;
const judgedFrom = 2_000;
const slot = 1;

const items = Array.from({ length: 30 }, (_, i) => `item ${i}`);
const acts: Act[] = Array.from({ length: 9 }, (_, user) =>
  items
    .filter((_item, i) => (i * 7 + user * 5) % 9 < 4)
    .map((item, i): Act => ({ user, item, type: "like", minute: 200 + user * 60 + i })),
).flat();

const { exploration: _, ...plain } = builtInDefinitions.placements[placement]!;
const definitions = defined(builtInDefinitions, {
  kind: "placement",
  ...plain,
  exploration: { everySlots: 2, firstSlot: slot, arms: 8 },
});

/** What is taken of an item: on each device one item is liked by a third, another one everywhere by a fifth. */
function appeal(arms: readonly string[], item: string, device: string): number {
  if (item === arms[0]) return 0.18;
  const [phone, desktop] = [item === arms[2], item === arms[5]];
  if (phone || desktop) return phone === (device === "phone") ? 0.34 : 0.01;
  return 0.05;
}

/** A person of their own is shown the list, sees the slot, and takes its item or does not. */
function followed(decision: Decision, isTaken: boolean, number: number): UserState {
  const header = (kind: "decision" | "event") =>
    headerOf({ kind, at: now + number, receivedAt: now + number }, number);
  const { id: decisionId } = decision;
  const events: UserEvent[] = [{ type: "seen", strength: 0, decisionId, slots: [slot] }];
  const { item } = decision.slots[slot]!;
  if (isTaken) events.push({ type: "view", item, strength: 1, decisionId });
  let state: UserState | undefined;
  for (const record of [
    { header: header("decision"), payload: decision },
    ...events.map((payload) => ({ header: header("event"), payload })),
  ]) {
    const applied = apply(state, record, foldLimits);
    if (applied.refold) throw new Error("asks for a refold");
    state = applied.state;
  }
  return state!;
}

/** What a slot earned in the later rounds, in the mean of what was drawn for it. */
function earned(contextOf: (device: string) => { device: string } | undefined): number {
  const { models, states } = worldOf(acts);
  const prng = new Prng(11);
  const ranker = new Ranker();
  // Of an item that is never drawn: that somebody reports what is seen.
  const heard = { model: "rewards", placement, item: "elsewhere", outcome: "shown" } as const;
  models.add({ ...heard, slice: 0, day: Math.floor(now / 86_400_000), delta: leftMin });
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const device = round % 2 === 0 ? "phone" : "desktop";
    const state = { ...states.get(8)!, sequence: round };
    const request = { ...ask(placement, { limit: 2 }), context: contextOf(device) };
    const made = [permit(state), state, models, Catalogue.empty, definitions, request] as const;
    const answer = ranker.recommend(...made);
    const chance = appeal(ranker.armsAt(slot), answer.items[slot]!.item, device);
    if (round >= judgedFrom) sum += chance;
    const facts = { id: `d:${round}`, request, position: 1, catalogue: 0, definitions: 0 };
    const decision = makeDecision(answer, { ...facts, sequence: round, clockHour: 0 });
    const isTaken = prng.chance(chance);
    const cells = contributionsOf(followed(decision, isTaken, round), foldLimits);
    // Rewards alone: what people touch beside stays as it is, and so do the scores.
    for (const cell of cells) if (cell.model === "rewards") models.add(cell);
  }
  return sum / (rounds - judgedFrom);
}

test("finds what is liked best on each device, which by item alone is not found", () => {
  // Everybody alike the best is .18; each on their own device it is .34.
  expect(earned((device) => ({ device }))).toBeGreaterThan(0.28);
  expect(earned(() => undefined)).toBeLessThan(0.19);
});

test("forgets: the sums are those of the others, in every slice", () => {
  const request = { placement, limit: 2, now, context: { device: "tv" } };
  const decision = (id: string): Decision => ({
    ...makeDecision(
      { items: [], personal: true, isByScore: true, views: [] },
      { id, request, position: 1, catalogue: 0, definitions: 0, sequence: 0, clockHour: 0 },
    ),
    slots: ["a", "b"].map((item) => ({ item, score: 1, propensity: 1 })),
  });
  const [one, other] = [0, 1].map((number) => followed(decision(`d:${number}`), true, number));
  const [all, left] = [new Models(), new Models()];
  for (const state of [one!, other!]) all.addAll(contributionsOf(state, foldLimits));
  left.addAll(contributionsOf(other!, foldLimits));
  expect(all.digests()).not.toEqual(left.digests());
  all.subtractAll(contributionsOf(one!, foldLimits));
  expect(all.digests()).toEqual(left.digests());
  expect(Buffer.from(all.rewards.encode())).toEqual(Buffer.from(left.rewards.encode()));
});
