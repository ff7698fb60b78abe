import { CodedError } from "@attune/protocol";
import { type KeyKind, Keys, type KeyRow, scopesOfKind } from "../access/keys.ts";
import { paths } from "../main.ts";
import { openTenants, tenantOf } from "../tenants.ts";
import {
  type Command,
  exitCodes,
  type Given,
  helpOf,
  type Options,
  readOptions,
  usage,
} from "./command.ts";
import { print, printJson, table } from "./terminal.ts";
import { isoTime } from "./times.ts";

const options = {
  create: { value: "KIND", help: `make a key: ${Object.keys(scopesOfKind).join(", ")}` },
  label: { value: "TEXT", help: "what you call the new key" },
  scope: { value: "NAME", help: "give the new key this scope only; may be repeated", isMany: true },
  revoke: { value: "ID", help: "from now on this key opens nothing" },
} as const satisfies Options;

/** Keys are kept as hashes: a new one is shown once. A server that runs reads the file at its next start. */
export const command: Command = {
  name: "keys",
  summary: "list, make and revoke the keys that open a tenant",
  help: helpOf(
    "keys [--create KIND | --revoke ID] [options]",
    "Lists the keys of the tenant. A public key writes, from pages and apps; a server key writes and reads from\nyour machines; a secret key does everything. A new key is printed once and kept as a hash. A server that is\nrunning learns of a change at its next start.",
    options,
  ),
  async run(argv) {
    const given = readOptions("keys", options, argv, 0);
    const at = paths(given.config.data);
    const identity = given.config.mode === "production" ? "signed" : "open";
    const tenant = tenantOf(openTenants(at.tenants, identity), given.tenant);
    const keys = new Keys({ path: at.keys, now: Date.now, mode: "production" });
    const kind = given.text("create");
    const revoked = given.text("revoke");
    if (kind !== undefined && revoked !== undefined) {
      throw usage("keys", "give --create or --revoke, not both");
    }
    if (kind !== undefined) {
      const wanted = { tenant: tenant.number, tenantName: tenant.name, kind: kindOf(kind) };
      const scopes = given.list("scope").length === 0 ? undefined : scopesGiven(given, wanted.kind);
      const made = keys.create({ ...wanted, scopes, label: given.text("label") });
      if (given.isJson) printJson(made);
      else print(`${made.secret}\nThis is the only time it is shown. Its id is ${made.key.id}.`);
    } else if (revoked !== undefined) {
      const row = keys.revoke(tenant.number, revoked);
      if (given.isJson) printJson(row);
      else print(`${row.id} opens nothing any more, once the server has been started again.`);
    } else {
      list(given, keys.list(tenant.number));
    }
    return exitCodes.done;
  },
};

function kindOf(text: string): KeyKind {
  if (Object.hasOwn(scopesOfKind, text)) return text as KeyKind;
  const kinds = Object.keys(scopesOfKind).join(", ");
  throw new CodedError(
    "option_invalid",
    `--create is ${JSON.stringify(text)}; give one of ${kinds}.`,
  );
}

function scopesGiven(given: Given, kind: KeyKind) {
  const known: readonly string[] = scopesOfKind[kind];
  const scopes = given.list("scope");
  const unknown = scopes.find((scope) => !known.includes(scope));
  if (unknown === undefined) return scopes as (typeof scopesOfKind)[KeyKind][number][];
  const message = `A ${kind} key cannot have the scope ${unknown}; it can have ${known.join(", ")}.`;
  throw new CodedError("option_invalid", message);
}

function list(given: Given, rows: readonly KeyRow[]): void {
  if (given.isJson) return printJson(rows);
  if (rows.length === 0)
    return print("There is no key yet: `attune keys --create server` makes one.");
  const shown = rows.map(({ id, kind, label, createdAt, revokedAt, isDevelopment, scopes }) => [
    id,
    kind,
    isoTime(createdAt),
    revokedAt === undefined ? "good" : "revoked",
    scopes.join(","),
    label ?? (isDevelopment === true ? "for development" : ""),
  ]);
  print(table(["id", "kind", "made", "state", "scopes", "label"], shown));
}
