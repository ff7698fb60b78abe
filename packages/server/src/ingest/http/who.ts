/** Whose request it is, from wherever its client put the key. */
import type { FastifyRequest } from "fastify";
import { CodedError } from "@attune/protocol";
import { credentialOf } from "../../access/credential.ts";
import { assertScope, type Credential, type Scope } from "../../access/keys.ts";

export type FindKey = (secret: string) => Credential | undefined;

/** By the headers, and by the query where a beacon may carry its key there; nothing when there is no key. */
export function whoByHeaders(
  find: FindKey,
  request: FastifyRequest,
  scope: Scope,
  isBeacon = false,
): Credential | undefined {
  const query = isBeacon ? request.query : undefined;
  const secret = credentialOf({ headers: request.headers, query });
  return secret === undefined ? undefined : opened(find(secret), scope);
}

/** By the body, the last place left. */
export function whoByBody(find: FindKey, body: unknown, scope: Scope): Credential {
  const secret = credentialOf({ headers: {}, body });
  return opened(secret === undefined ? undefined : find(secret), scope);
}

export function who(find: FindKey, request: FastifyRequest, scope: Scope): Credential {
  return whoByHeaders(find, request, scope) ?? opened(undefined, scope);
}

function opened(credential: Credential | undefined, scope: Scope): Credential {
  if (credential === undefined) {
    const message =
      "No tenant has this key. Send a key as Basic user name, Bearer, X-Write-Key or `writeKey`.";
    throw new CodedError("key_invalid", message);
  }
  assertScope(credential, scope);
  return credential;
}
