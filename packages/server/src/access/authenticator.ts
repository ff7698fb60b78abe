import { CodedError } from "@attune/protocol";
import type { Authenticate, Caller } from "./caller.ts";
import { credentialOf } from "./credential.ts";
import type { Keys } from "./keys.ts";
import type { UserTokens } from "./user-tokens.ts";

/** Tells keys from user tokens and says who asks; the query counts nowhere, since addresses get logged. */
export function authenticator(keys: Keys, tokens: UserTokens): Authenticate {
  return async ({ headers }): Promise<Caller> => {
    const text = credentialOf({ headers });
    if (text === undefined) {
      const message = "There is no key: send `Authorization: Bearer KEY`.";
      throw new CodedError("key_invalid", message);
    }
    const credential = keys.find(text);
    if (credential !== undefined) {
      const { kind, tenant, scopes } = credential;
      return { kind, tenant, scopes };
    }
    const { tenant, userId } = await tokens.verify(text);
    return { kind: "user", tenant, userId };
  };
}
