/** User tokens as this room sees them: verified by a function handed in, refused in the words of the channel. */
import { type Code, Disconnect, Refusal, refusals } from "./codes.ts";

export interface VerifiedToken {
  tenant: number;
  userId: string;
  expiresAtS: number;
  tokenId: string;
}

/** Throws an error with the code `token_expired` or `key_invalid`; any other is a fault of ours. */
export type VerifyToken = (token: string) => Promise<VerifiedToken>;

/** What to tell a client whose token was refused: fetch a new one, stay away, or try again. */
export function refusalOfToken(error: unknown, invalid: Code): Refusal | Disconnect {
  const code = codeOf(error);
  if (code === "token_expired") return new Refusal(refusals.tokenExpired);
  if (code === "key_invalid") return new Disconnect(invalid);
  return new Refusal(refusals.internal);
}

export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
