/**
 * The tenants of a data directory: number, name and the HMAC key that their subjects rest on. The file is
 * readable by its owner alone (0600) and a key never changes: a new one would orphan every subject.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { CodedError, type Purpose } from "@attune/protocol";
import { utcOffsetIn } from "./base/time-zone.ts";
import type { MappingChange } from "./ingest/mapping-table.ts";

export interface Tenant {
  /** From 1: tenant 0 is the platform's own. */
  readonly number: number;
  readonly name: string;
  readonly key: Uint8Array;
  /** `signed`: a claimed user id counts for nothing until a token proves it. */
  readonly identity: "open" | "signed";
  /** By whose clocks it is morning or evening for this tenant's people, such as `Europe/Vienna`; UTC if absent. */
  readonly timeZone?: string | undefined;
  /** What this tenant calls things, over the default mapping. */
  readonly mapping?: MappingChange | undefined;
  /** Consent categories of this tenant's clients -> our purposes. */
  readonly consentCategories?: Readonly<Record<string, Purpose>> | undefined;
}

/** What a tenant may change about itself. */
export type TenantChoices = Pick<Tenant, "identity" | "mapping" | "consentCategories" | "timeZone">;

interface Stored {
  version: 1;
  tenants: (Omit<Tenant, "key"> & { key: string })[];
}

const keyBytes = 32;
const firstName = "demo";

/** Reads the file, or makes it with one tenant when there is none, which gets this identity. */
export function openTenants(path: string, identity: Tenant["identity"] = "open"): Tenant[] {
  if (!existsSync(path)) {
    const tenants = addTenant([], firstName, identity);
    writeTenants(path, tenants);
    return tenants;
  }
  try {
    const stored = JSON.parse(readFileSync(path, "utf8")) as Stored;
    return stored.tenants.map(({ key, ...rest }) => {
      const bytes = Buffer.from(key, "base64");
      if (bytes.length !== keyBytes)
        throw new Error(`the key of ${rest.name} has ${bytes.length} bytes`);
      return { ...rest, key: new Uint8Array(bytes) };
    });
  } catch (cause) {
    const message = `${path} cannot be read as a list of tenants: restore it from a backup.`;
    throw new CodedError("data_invalid", message, { cause });
  }
}

/** With one tenant more. Numbers and keys are for good, and its name stands in the text of its keys. */
export function addTenant(
  tenants: readonly Tenant[],
  name: string,
  identity: Tenant["identity"],
): Tenant[] {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    const message = `A tenant's name has up to 32 of a-z, 0-9 and -, a letter first; not ${JSON.stringify(name)}.`;
    throw new CodedError("option_invalid", message);
  }
  if (tenants.some((tenant) => tenant.name === name))
    throw new CodedError("option_invalid", `There is a tenant ${name} already.`);
  const number = 1 + Math.max(0, ...tenants.map((tenant) => tenant.number));
  return [...tenants, { number, name, key: randomBytes(keyBytes), identity }];
}

export function writeTenants(path: string, tenants: readonly Tenant[]): void {
  const stored: Stored = {
    version: 1,
    tenants: tenants.map(({ key, ...rest }) => ({
      ...rest,
      key: Buffer.from(key).toString("base64"),
    })),
  };
  writeDurably(path, `${JSON.stringify(stored, undefined, 1)}\n`);
}

const offsets = new Map<string, (at: number) => number>();

/** Minutes by which the clocks of a tenant's zone are ahead of UTC at a time; undefined for UTC. */
export function utcOffsetOf({ timeZone = "UTC" }: Tenant): ((at: number) => number) | undefined {
  if (timeZone === "UTC") return undefined;
  const known = offsets.get(timeZone) ?? utcOffsetIn(timeZone);
  offsets.set(timeZone, known);
  return known;
}

/** Whole or not at all, and on the disk when it returns. */
export function writeDurably(path: string, text: string): void {
  const draft = `${path}.new`;
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The tenant of that name; without a name, the only one. */
export function tenantOf(tenants: readonly Tenant[], name: string | undefined): Tenant {
  const wanted = name ?? (tenants.length === 1 ? tenants[0]!.name : firstName);
  const found = tenants.find((tenant) => tenant.name === wanted);
  if (found !== undefined) return found;
  const names = tenants.map((tenant) => tenant.name).join(", ");
  throw new CodedError("not_found", `There is no tenant ${wanted}; there are: ${names}.`);
}
