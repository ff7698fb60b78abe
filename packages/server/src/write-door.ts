/** The write door of a tenant: what ingest must know, taken from the engine, the tenant and the configuration. */
import type { ConsentChoice, Purpose } from "@attune/protocol";
import { slices } from "./config.ts";
import type { ConsentPolicy } from "./core/fold/consent.ts";
import type { Consent } from "./core/fold/state.ts";
import type { Door } from "./ingest/accept.ts";
import { changedMapping } from "./ingest/mapping-table.ts";
import { defaultCategories } from "./ingest/purposes.ts";
import type { Attune } from "./main.ts";
import { type Tenant, utcOffsetOf } from "./tenants.ts";

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
    utcOffset: utcOffsetOf(tenant),
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
      const isUnasked = consents === undefined || consents.size === 0;
      const choices = isUnasked ? noChoices : choicesOf(consents);
      return { subject: resolved, barredThrough, declared: declaredBy(policy), choices };
    },
  };
}

/** Nearly everybody's: they are asked for with every event. */
const noChoices: ReadonlyMap<Purpose, ConsentChoice> = new Map();

function choicesOf(consents: ReadonlyMap<Purpose, Consent>): ReadonlyMap<Purpose, ConsentChoice> {
  return new Map([...consents].map(([purpose, { choice }]) => [purpose, choice]));
}

/** By policy, which is a value that nobody changes. */
const declared = new WeakMap<ConsentPolicy, readonly Purpose[]>();

function declaredBy(policy: ConsentPolicy): readonly Purpose[] {
  let purposes = declared.get(policy);
  if (purposes === undefined) {
    purposes = Object.keys(policy.bases) as Purpose[];
    declared.set(policy, purposes);
  }
  return purposes;
}
