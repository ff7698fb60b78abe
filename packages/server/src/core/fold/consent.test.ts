import type { ConsentChoice, Purpose } from "@attune/protocol";
import { purposes } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import {
  type ConsentPolicy,
  assertCurrent,
  enterConsent,
  noBasis,
  permitFor,
  purposeBit,
  purposeBits,
} from "./consent.ts";
import { profileOf } from "./profile.ts";
import { type UserState, emptyState } from "./state.ts";

const declared: ConsentPolicy = { bases: { personalization: "legitimate-interest" } };

function said(...choices: ConsentChoice[]): UserState {
  const state = emptyState(1, "a");
  for (const choice of choices) say(state, choice);
  return state;
}

function say(state: UserState, choice: ConsentChoice, merged = false): boolean {
  return enterConsent(state, { type: "consent", purpose: "personalization", choice }, merged);
}

function isPermitted(state: UserState | undefined, policy: ConsentPolicy, purpose: Purpose) {
  return permitFor(state, policy, purpose, 1) !== undefined;
}

describe("a permit", () => {
  test("needs a grant or a declared basis", () => {
    expect(isPermitted(said(), noBasis, "personalization")).toBe(false);
    expect(isPermitted(said("granted"), noBasis, "personalization")).toBe(true);
    expect(isPermitted(said("granted"), noBasis, "analytics")).toBe(false);
    expect(isPermitted(said(), declared, "personalization")).toBe(true);
    expect(isPermitted(said(), declared, "analytics")).toBe(false);
    expect(isPermitted(undefined, declared, "personalization")).toBe(false);
  });

  test("is not to be had on a basis that somebody objected to", () => {
    expect(isPermitted(said("denied"), declared, "personalization")).toBe(false);
    expect(isPermitted(said("granted", "withdrawn"), declared, "personalization")).toBe(false);
    expect(isPermitted(said("withdrawn", "granted"), noBasis, "personalization")).toBe(true);
  });

  test("rests on a declared basis for analytics and personalization alone", () => {
    const bases = Object.fromEntries(purposes.map((purpose) => [purpose, "contract"]));
    const policy = { bases } as ConsentPolicy;
    const permitted = purposes.filter((purpose) => isPermitted(said(), policy, purpose));
    expect(permitted).toEqual(["analytics", "personalization"]);
    const odd = { bases: { personalization: "because" } } as unknown as ConsentPolicy;
    expect(isPermitted(said(), odd, "personalization")).toBe(false);
  });

  test("is void after a refusal, a later grant does not revive it", () => {
    const state = said("granted");
    const permit = permitFor(state, noBasis, "personalization", 7)!;
    assertCurrent(permit, state);
    say(state, "granted");
    assertCurrent(permit, state);
    say(state, "withdrawn");
    expect(() => assertCurrent(permit, state)).toThrow("older than a refusal");
    expect(() => profileOf(permit, state)).toThrow("older than a refusal");
    say(state, "granted");
    expect(() => assertCurrent(permit, state)).toThrow("older than a refusal");
  });

  test("is one user's", () => {
    const permit = permitFor(said("granted"), noBasis, "personalization", 7)!;
    const other = { ...said("granted"), subject: "b" };
    expect(() => assertCurrent(permit, other)).toThrow("another user's");
  });
});

test("a merged entry fills a gap and never replaces the person's own word", () => {
  const state = said();
  expect(say(state, "granted", true)).toBe(true);
  expect(say(state, "denied", true)).toBe(true);
  expect(say(state, "granted")).toBe(true);
  expect(say(state, "denied", true)).toBe(false);
  expect(state.consents.get("personalization")).toMatchObject({ choice: "granted", refusals: 1 });
});

test("bits are what is granted or declared, less what is refused", () => {
  const personalization = purposeBit("personalization");
  expect(purposeBits(noBasis, undefined)).toBe(0);
  expect(purposeBits(declared, undefined)).toBe(personalization);
  expect(purposeBits(declared, said("withdrawn").consents)).toBe(0);
  expect(purposeBits(noBasis, said("granted").consents)).toBe(personalization);
});
