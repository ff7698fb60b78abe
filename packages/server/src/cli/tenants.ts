import { mkdirSync } from "node:fs";
import { isTimeZone } from "../base/time-zone.ts";
import { lockDirectory } from "../lock.ts";
import { paths } from "../main.ts";
import {
  addTenant,
  openTenants,
  type Tenant,
  tenantOf,
  type TenantChoices,
  writeTenants,
} from "../tenants.ts";
import { type Command, exitCodes, helpOf, type Options, readOptions, usage } from "./command.ts";
import { print, printJson, table } from "./terminal.ts";

const identities = ["open", "signed"] as const;

const options = {
  create: { value: "NAME", help: "make a tenant with a key of its own" },
  zone: { value: "ZONE", help: "whose clocks say when it is morning, such as Europe/Vienna" },
  identity: { value: "KIND", help: "signed: a public key's user ids need a user token; or open" },
} as const satisfies Options;

/** Tenants share one log and nothing else; each has its own key, sums, catalogue and rules. */
export const command: Command = {
  name: "tenants",
  summary: "list and make tenants, and choose how they tell people apart",
  help: helpOf(
    "tenants [--create NAME] [--identity open|signed] [--zone ZONE] [options]",
    "Lists the tenants, makes one, or changes how one takes the user ids that a public key claims: `open` counts\nthem as they come, `signed` (what a new tenant has) counts them once a user token proves them. The data\ndirectory must not be in use.",
    options,
  ),
  async run(argv) {
    const given = readOptions("tenants", options, argv, 0);
    const { data, mode } = given.config;
    const at = paths(data);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const unlock = lockDirectory(at.lock, data);
    try {
      const tenants = openTenants(at.tenants, mode === "production" ? "signed" : "open");
      const name = given.text("create");
      const identity = identityOf(given.text("identity"));
      const zone = zoneOf(given.text("zone"));
      const made = name === undefined ? tenants : addTenant(tenants, name, identity ?? "signed");
      const next = changed(made, name ?? given.tenant, {
        ...(identity === undefined ? {} : { identity }),
        ...(zone === undefined ? {} : { timeZone: zone }),
      });
      if (next !== tenants) writeTenants(at.tenants, next);
      const rows = next.map((tenant) => ({ ...tenant, key: undefined }));
      if (given.isJson) printJson(rows);
      else {
        const shown = rows.map((row) => [
          String(row.number),
          row.name,
          row.identity,
          row.timeZone ?? "UTC",
        ]);
        print(table(["number", "name", "identity", "zone"], shown));
      }
      return exitCodes.done;
    } finally {
      unlock();
    }
  },
};

function changed(
  tenants: Tenant[],
  name: string | undefined,
  change: Partial<TenantChoices>,
): Tenant[] {
  if (Object.keys(change).length === 0) return tenants;
  const { number } = tenantOf(tenants, name);
  return tenants.map((one) => (one.number === number ? { ...one, ...change } : one));
}

function zoneOf(text: string | undefined): string | undefined {
  if (text === undefined || isTimeZone(text)) return text;
  throw usage("tenants", `there is no time zone ${text}; give one such as Europe/Vienna`);
}

function identityOf(text: string | undefined): TenantChoices["identity"] | undefined {
  const identity = identities.find((kind) => kind === text);
  if (text !== undefined && identity === undefined)
    throw usage("tenants", `--identity is one of ${identities.join(", ")}`);
  return identity;
}
