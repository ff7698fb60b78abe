/** Small worlds for the laws of rank: users who do things, folded and summed, in whatever order of users. */
import type { InteractionEvent, InteractionType, RecommendationRequest } from "@attune/protocol";
import fc from "fast-check";
import type { RecordHeader } from "../../src/base/record.ts";
import { apply, contributionsOf, type FoldRecord, refold } from "../../src/core/fold/apply.ts";
import { type ConsentPolicy, permitFor, purposeBit } from "../../src/core/fold/consent.ts";
import { foldLimits, type UserState } from "../../src/core/fold/state.ts";
import { Models } from "../../src/core/sum/models.ts";

export interface Act {
  user: number;
  item: string;
  type: InteractionType;
  /** Minutes since the world began. */
  minute: number;
  device?: string | undefined;
}

export interface World {
  models: Models;
  states: Map<number, UserState>;
}

const hourMs = 3_600_000;
/** 16 February 2026, a Monday. */
export const startMs = 20_500 * 24 * hourMs;
export const now = startMs + 3 * 24 * hourMs;

const strengths: Partial<Record<InteractionType, number>> = {
  like: 4,
  complete: 2,
  play: 1,
  skip: -2,
  dislike: -4,
  purchase: 4,
};

const items = ["a", "b", "c", "d", "e", "f", "é", "z\u{1F3B5}"];
const act: fc.Arbitrary<Act> = fc.record({
  user: fc.nat(5),
  item: fc.constantFrom(...items),
  type: fc.constantFrom("play", "play", "complete", "like", "like", "skip", "dislike", "purchase"),
  minute: fc.oneof(fc.nat(60), fc.nat(4_000)),
  device: fc.constantFrom(undefined, undefined, "phone"),
});

/** At least one user, who is asked about, with some acts of others around. */
export const acts: fc.Arbitrary<Act[]> = fc
  .array(act, { minLength: 1, maxLength: 60 })
  .map((list) => list.toSorted((x, y) => x.minute - y.minute));

export const ask = (placement: string, more: Partial<RecommendationRequest> = {}) => ({
  placement,
  limit: 20,
  now,
  ...more,
});

export const placements = [
  "up-next",
  "for-you",
  "trending",
  "similar-items",
  "because-you",
  "discover-weekly",
  "continue-playlist",
];

const subjectOf = (user: number): string => user.toString(16).padStart(32, "0");

function recordOf({ user, item, type, minute, device }: Act): FoldRecord {
  const header: RecordHeader = {
    schema: 1,
    kind: "event",
    tenant: 1,
    subject: subjectOf(user),
    identity: "verified",
    purposes: purposeBit("analytics") | purposeBit("personalization"),
    merged: false,
    source: "test",
    at: startMs + minute * 60_000,
    receivedAt: startMs + minute * 60_000,
    messageHash: "0".repeat(32),
  };
  const context = device === undefined ? undefined : { device };
  const payload: InteractionEvent = { type, item, strength: strengths[type] ?? 0, context };
  return { header, payload };
}

/** Folds one user's acts and gives what they add to the sums. */
export function folded(list: readonly Act[]): UserState | undefined {
  let state: UserState | undefined;
  for (const one of list) {
    const applied = apply(state, recordOf(one), foldLimits);
    if (applied.refold) return refold(list.map(recordOf), foldLimits);
    state = applied.state;
  }
  return state;
}

/** The world after the acts, its users summed in the given order; the clock stands at `at`. */
export function worldOf(
  list: readonly Act[],
  userOrder = (users: number[]) => users,
  at = now,
): World {
  const models = new Models();
  models.advance(Math.floor(at / hourMs));
  const states = new Map<number, UserState>();
  const users = [...new Set(list.map(({ user }) => user))].sort((x, y) => x - y);
  for (const user of userOrder(users)) {
    const state = folded(list.filter((one) => one.user === user))!;
    states.set(user, state);
    models.addAll(contributionsOf(state, foldLimits));
  }
  return { models, states };
}

export function forget({ models, states }: World, user: number): void {
  models.subtractAll(contributionsOf(states.get(user)!, foldLimits));
  states.delete(user);
}

const declared: ConsentPolicy = { bases: { personalization: "contract" } };
export const permit = (state: UserState | undefined) =>
  permitFor(state, declared, "personalization", 1);
