import { CodedError } from "@attune/protocol";
import type { Scope } from "./keys.ts";

/** Who asks: a person with a user token, or a key of a tenant. The tenant comes from the credential alone. */
export type Caller =
  | { kind: "user"; tenant: number; userId: string }
  | { kind: "public" | "server" | "secret"; tenant: number; scopes: readonly string[] };

/** The parts of a request that may carry a credential. */
export interface Credentials {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  query: unknown;
}

/** Rejects with `key_invalid` or `token_expired` when there is no credential that counts. */
export type Authenticate = (credentials: Credentials) => Promise<Caller>;

/** Which person a caller may read: a key of a server anybody of its tenant, a user only themselves. */
export function readableUser(caller: Caller, asked: string | undefined): string | undefined {
  if (caller.kind === "server" || caller.kind === "secret") return asked;
  if (caller.kind === "user" && (asked === undefined || asked === caller.userId || asked === "me"))
    return caller.userId;
  const message =
    caller.kind === "user"
      ? "A user token reads its own user alone."
      : "A public write key reads nothing: use a user token, or a server or secret key.";
  throw new CodedError("permission_denied", message);
}

/** Throws `permission_denied` unless the caller is a key with the scope. */
export function assertCallerScope(caller: Caller, scope: Scope): void {
  if (caller.kind !== "user" && caller.scopes.includes(scope)) return;
  throw new CodedError("permission_denied", `This needs a key with the scope ${scope}.`);
}
