import { type ConsentEvent, type Purpose, purposes } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import type { Consent, UserState } from "./state.ts";

/**
 * Consent: the ledger, the purposes that hold for a person, and the only maker of permits. Fail-closed:
 * what is neither granted nor rests on a declared basis is refused, and a refusal outweighs every basis.
 */
export type Basis = "contract" | "legitimate-interest";

/** The purposes for which a basis other than consent may be declared. */
export type DeclarablePurpose = "analytics" | "personalization";

/** The purposes that a state is folded for: refusing one takes back what was folded for it. */
export type FoldedPurpose = DeclarablePurpose;
export const foldedPurposes: readonly FoldedPurpose[] = ["analytics", "personalization"];

/** What a tenant has declared in a logged, versioned policy. */
export interface ConsentPolicy {
  readonly bases: Readonly<Partial<Record<DeclarablePurpose, Basis>>>;
}

/** Declares nothing: only consent counts. */
export const noBasis: ConsentPolicy = Object.freeze({ bases: Object.freeze({}) });

export function purposeBit(purpose: Purpose): number {
  return 1 << purposes.indexOf(purpose);
}

const analytics = purposeBit("analytics");
const personalization = purposeBit("personalization");

export function hasPurpose(bits: number, purpose: FoldedPurpose): boolean {
  return (bits & (purpose === "analytics" ? analytics : personalization)) !== 0;
}

/** Whether a record with these bits counts for anything that is folded. */
export function isFolded(bits: number): boolean {
  return (bits & (analytics | personalization)) !== 0;
}

export function isFoldedPurpose(purpose: Purpose): purpose is FoldedPurpose {
  return purpose === "analytics" || purpose === "personalization";
}

/**
 * The purposes that hold for a person now, granted or on a declared basis: for what the platform itself logs
 * about them. What an event of theirs states beside this is weighed where the event is accepted.
 */
export function purposeBits(
  policy: ConsentPolicy,
  consents: ReadonlyMap<Purpose, Consent> | undefined,
): number {
  let bits = 0;
  for (const purpose of purposes) {
    const choice = consents?.get(purpose)?.choice;
    const holds = choice === undefined ? declaredBasis(policy, purpose) : choice === "granted";
    if (holds) bits |= purposeBit(purpose);
  }
  return bits;
}

/** Proof that a purpose is granted or has a declared basis for one user. Only this file can make one. */
class PermitOf<P extends Purpose> {
  readonly tenant: number;
  readonly subject: string;
  readonly purpose: P;
  readonly basis: "consent" | Basis;
  /** Position of the state that it was made from. */
  readonly position: number;
  /** Refusals in the ledger when it was made. */
  readonly #refusals: number;

  constructor(state: UserState, purpose: P, basis: "consent" | Basis, position: number) {
    this.tenant = state.tenant;
    this.subject = state.subject;
    this.purpose = purpose;
    this.basis = basis;
    this.position = position;
    this.#refusals = refusalsOf(state, purpose);
    Object.freeze(this);
  }

  /** Whether nobody refused the purpose since. A state that was forgotten and began anew has fewer. */
  isCurrent(state: UserState): boolean {
    return (
      this.tenant === state.tenant &&
      this.subject === state.subject &&
      this.#refusals === refusalsOf(state, this.purpose)
    );
  }
}

/** The class itself stays here, so that no other file can construct one. */
export type Permit<P extends Purpose = Purpose> = PermitOf<P>;

/** A permit for the user, or none. Of an unknown user (`undefined`) nobody can hold one. */
export function permitFor<P extends Purpose>(
  state: UserState | undefined,
  policy: ConsentPolicy,
  purpose: P,
  position: number,
): Permit<P> | undefined {
  if (state === undefined) return undefined;
  const choice = state.consents.get(purpose)?.choice;
  if (choice === "granted") return new PermitOf(state, purpose, "consent", position);
  if (choice !== undefined) return undefined;
  const basis = declaredBasis(policy, purpose);
  return basis === undefined ? undefined : new PermitOf(state, purpose, basis, position);
}

/** Throws unless the permit is this user's and as new as the newest refusal. */
export function assertCurrent(permit: Permit, state: UserState): void {
  assert(permit.isCurrent(state), "the permit is older than a refusal, or another user's");
}

/** Puts this entry in the ledger; false when a merged entry gives way to the person's own word. */
export function enterConsent(
  state: Pick<UserState, "consents">,
  event: ConsentEvent,
  isMerged: boolean,
): boolean {
  const known = state.consents.get(event.purpose);
  if (!takesEffect(known, isMerged)) return false;
  const consents = new Map(state.consents);
  consents.set(event.purpose, {
    choice: event.choice,
    policy: event.policy ?? "",
    refusals: (known?.refusals ?? 0) + (event.choice === "granted" ? 0 : 1),
    merged: isMerged,
  });
  state.consents = consents;
  return true;
}

export function takesEffect(known: Consent | undefined, isMerged: boolean): boolean {
  return !isMerged || known === undefined || known.merged;
}

/** Read by name, so that a policy from outside cannot declare a basis for any other purpose. */
function declaredBasis(policy: ConsentPolicy, purpose: Purpose): Basis | undefined {
  if (!isFoldedPurpose(purpose)) return undefined;
  const basis = policy.bases[purpose];
  return basis === "contract" || basis === "legitimate-interest" ? basis : undefined;
}

function refusalsOf(state: UserState, purpose: Purpose): number {
  return state.consents.get(purpose)?.refusals ?? 0;
}
