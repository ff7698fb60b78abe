/** What the write door over HTTP gets of the engine, the tenants, the keys and the data directory. */
import { CodedError } from "@attune/protocol";
import type { Credential, Keys } from "./access/keys.ts";
import type { UserTokens } from "./access/user-tokens.ts";
import { slices } from "./config.ts";
import type { CatalogueItem } from "./core/rank/catalogue.ts";
import type { Door } from "./ingest/accept.ts";
import { DeadLetters } from "./ingest/dead-letters/store.ts";
import type { IngestParts } from "./ingest/parts.ts";
import { subjectOf } from "./ingest/subject.ts";
import { type Attune, paths } from "./main.ts";
import type { Tenant } from "./tenants.ts";
import { writeDoor } from "./write-door.ts";

export interface WriteOptions {
  keys: Keys;
  tokens: UserTokens;
  now(): number;
  notReady(): string | undefined;
  publicUrl?: string | undefined;
  observe?: IngestParts["observe"];
  /** In place of the engine's own, where traces are made. */
  append?: IngestParts["append"] | undefined;
}

/** Opens the file of dead letters beside the log; close it before the log. */
export function writeParts(attune: Attune, options: WriteOptions): IngestParts {
  const { engine, log, config, tenants } = attune;
  const { keys, tokens, now, notReady, publicUrl, observe } = options;
  const slice = slices(config);
  const deadLetters = new DeadLetters({
    path: paths(config.data).deadLetters,
    now,
    ...slice.deadLetters,
    subjectsOf: (number, id) => {
      const { key } = tenantOf(attune, number);
      return [subjectOf(key, "user", id), subjectOf(key, "anonymous", id)];
    },
  });
  const doors = new Map<string, Door>();
  for (const tenant of tenants) openDoors(doors, attune, tenant);
  return {
    findKey: (secret) => keys.find(secret),
    verifyToken: (token) => tokens.verify(token),
    door: (credential) => doorOf(doors, credential),
    append: options.append ?? ((records) => engine.append(records)),
    backlogBytes: () => log.backlogBytes(),
    notReady,
    now,
    chance: Math.random,
    limits: { ...slice.ingest, ...slice.door },
    deadLetters,
    items: {
      get: async (tenant, id) => {
        await engine.settled();
        return engine.tenant(tenant).catalogue.get(id);
      },
      list: async (tenant, limit, after) => {
        await engine.settled();
        const { items } = engine.tenant(tenant).catalogue;
        const start = after === undefined ? 0 : placeBehind(items, after);
        return items.slice(start, start + limit);
      },
    },
    mapping: {
      get: (number) => tenantOf(attune, number).mapping,
      set: (number, mapping) => openDoors(doors, attune, attune.changeTenant(number, { mapping })),
    },
    publicUrl,
    observe,
  };
}

function openDoors(doors: Map<string, Door>, attune: Attune, tenant: Tenant): void {
  for (const kind of ["public", "server"] as const) {
    // The source outlives the key: a resend after a change of keys is still a duplicate.
    const identity = kind === "public" ? "claimed" : "verified";
    const door = writeDoor(attune, tenant, kind, "live");
    doors.set(`${tenant.number} ${kind}`, { ...door, identity });
  }
}

function doorOf(doors: ReadonlyMap<string, Door>, { tenant, kind }: Credential): Door {
  const door = doors.get(`${tenant} ${kind === "public" ? "public" : "server"}`);
  if (door === undefined) throw unknownTenant(tenant);
  return door;
}

function tenantOf({ tenants }: Attune, number: number) {
  const tenant = tenants.find((other) => other.number === number);
  if (tenant === undefined) throw unknownTenant(number);
  return tenant;
}

function unknownTenant(number: number): CodedError {
  return new CodedError("key_invalid", `The tenant ${number} of this key is no more.`);
}

/** Place of the first item whose id is greater than `id`. */
function placeBehind(items: readonly CatalogueItem[], id: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.id <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
