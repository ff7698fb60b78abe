/** How a command names a person: a user id, or with `--anonymous` the id of a device. */
import { CodedError } from "@attune/protocol";
import { subjectOf } from "../ingest/subject.ts";
import type { Tenant } from "../tenants.ts";
import { type Given, type Options, usage } from "./command.ts";

export const personOptions = {
  anonymous: { help: "USER is an anonymous id (the session of a session file is one)" },
} as const satisfies Options;

export function subjectGiven(command: string, given: Given, tenant: Tenant): string {
  const [user] = given.operands;
  if (user === undefined) throw usage(command, "name a user");
  return subjectOf(tenant.key, given.flag("anonymous") ? "anonymous" : "user", user);
}

/** For a user that nothing is known of. */
export function unknownUser(given: Given): CodedError {
  const kind = given.flag("anonymous") ? "anonymous id" : "user";
  const hint = given.flag("anonymous") ? "" : " Is it an anonymous id? Then add --anonymous.";
  return new CodedError(
    "not_found",
    `Nothing is known of the ${kind} ${JSON.stringify(given.operands[0])}.${hint}`,
  );
}
