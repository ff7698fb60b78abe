/** A write door for tests: a fixed tenant, key and limits, and people about whom nothing is known. */
import { readConfig, slices } from "../src/config.ts";
import type { Door } from "../src/ingest/accept.ts";
import { defaultMapping } from "../src/ingest/mapping-table.ts";
import { defaultCategories, type Standing } from "../src/ingest/purposes.ts";

export const limits = slices(readConfig({})).ingest;

export const receivedAt = Date.UTC(2026, 10, 22, 12);

/** A stranger of a tenant that declares its basis for analytics and personalization. */
export function stranger(subject: string): Standing {
  return {
    subject,
    barredThrough: 0,
    declared: ["analytics", "personalization"],
    choices: new Map(),
  };
}

export function door(change: Partial<Door> = {}): Door {
  return {
    tenant: 1,
    key: new Uint8Array(32).fill(7),
    source: "test",
    identity: "verified",
    identityMode: "open",
    clock: "live",
    mapping: defaultMapping,
    categories: defaultCategories,
    limits,
    policySetting: "the tenant's policy",
    standing: stranger,
    ...change,
  };
}
