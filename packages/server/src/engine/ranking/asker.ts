import { permitFor } from "../../core/fold/consent.ts";
import { type Exposure, outcomeBits, type UserState } from "../../core/fold/state.ts";
import type { Tenant } from "../tenants.ts";
import type { User } from "../users/users.ts";

/** The person for whom a ranking thread works: what it is told of them, and what its work must not outlive. */

/** Without what no answer reads: rows that the weights were learned from, and lists that nothing was bought of. */
export function asAsked(state: UserState): UserState {
  const isRead = ({ outcomes }: Exposure) =>
    outcomes.some((bits) => (bits & outcomeBits.purchase) !== 0);
  return { ...state, rankerRows: [], exposures: state.exposures.filter(isRead) };
}

/** The permit behind what is made, takedowns, and people who were forgotten. */
export function standingOf(tenant: Tenant, user: User | undefined) {
  const { policy, definitions, erasures } = tenant;
  const isPersonal = permitFor(user?.state, policy, "personalization", 0) !== undefined;
  return [isPersonal, policy, definitions, erasures, user?.barredThrough, user?.aliasOf] as const;
}

export function isSameStanding(
  a: ReturnType<typeof standingOf>,
  b: ReturnType<typeof standingOf>,
): boolean {
  return a.every((one, at) => one === b[at]);
}
