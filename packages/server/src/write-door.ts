/** The write door of a tenant: what ingest must know, taken from the engine, the tenant and the configuration. */
import { type Purpose } from "@attune/protocol";
import { slices } from "./config.ts";
import type { Door } from "./ingest/accept.ts";
import { changedMapping } from "./ingest/mapping-table.ts";
import { defaultCategories } from "./ingest/purposes.ts";
import type { Attune } from "./main.ts";
import type { Tenant } from "./tenants.ts";

export function writeDoor(
  attune: Attune,
  tenant: Tenant,
  source: string,
  clock: Door["clock"],
): Door {
  const { engine, config } = attune;
  return {
    tenant: tenant.number,
    key: tenant.key,
    source,
    identity: "verified",
    identityMode: tenant.identity,
    clock,
    mapping: changedMapping(tenant.mapping),
    categories: { ...defaultCategories, ...tenant.consentCategories },
    limits: slices(config).ingest,
    policySetting: "a declared basis (`attune import --basis legitimate-interest`)",
    standing: (subject) => {
      const {
        subject: resolved,
        policy,
        consents,
        barredThrough,
      } = engine.standing(tenant.number, subject);
      const choices = new Map(
        [...(consents ?? [])].map(([purpose, { choice }]) => [purpose, choice]),
      );
      const declared = Object.keys(policy.bases) as Purpose[];
      return { subject: resolved, barredThrough, declared, choices };
    },
  };
}
