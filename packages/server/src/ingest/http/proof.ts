/**
 * User tokens inside events: `context.userToken` proves that the event's user id is the sender's own, so it
 * counts also where claims do not. A token that proves nothing costs the event nothing but that.
 */
import { CodedError } from "@attune/protocol";
import type { Incoming, Parsed } from "../dialect/dialect.ts";

export type VerifyToken = (token: string) => Promise<{ tenant: number; userId: string }>;

/** A batch comes from one device or a few; verifying costs a signature each. */
const tokensMax = 32;

type Proof = NonNullable<Incoming["proof"]>;

/** Notes on each event that carries a token what became of it; each token is verified once. */
export async function prove(
  parsed: readonly Parsed[],
  tenant: number,
  verify: VerifyToken,
): Promise<void> {
  const known = new Map<string, { userId?: string | undefined; fault?: Proof | undefined }>();
  for (const entry of parsed) {
    if (!("event" in entry)) continue;
    const { event } = entry;
    const token = event.context["userToken"];
    if (typeof token !== "string" || token === "") continue;
    let found = known.get(token);
    if (found === undefined) {
      found = known.size < tokensMax ? await verified(token, tenant, verify) : { fault: "invalid" };
      known.set(token, found);
    }
    const isOwn = found.userId !== undefined && found.userId === event.userId;
    event.proof = found.fault ?? (isOwn ? "proven" : "invalid");
  }
}

async function verified(token: string, tenant: number, verify: VerifyToken) {
  try {
    const { tenant: issuedFor, userId } = await verify(token);
    return issuedFor === tenant ? { userId } : { fault: "invalid" as const };
  } catch (error) {
    const isExpired = error instanceof CodedError && error.code === "token_expired";
    return { fault: isExpired ? ("expired" as const) : ("invalid" as const) };
  }
}
