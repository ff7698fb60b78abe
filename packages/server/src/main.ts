/**
 * The picture in code: a data directory becomes a running engine. The log is the truth; the states are made
 * from it; the tenants have the keys; the ledger remembers who was forgotten.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Config, slices } from "./config.ts";
import { openSqliteCheckpoint } from "./engine/checkpoint/sqlite.ts";
import { storedDedupe } from "./engine/checkpoint/checkpointer.ts";
import { Engine } from "./engine/engine.ts";
import { appendErasures } from "./erasures.ts";
import { lockDirectory } from "./lock.ts";
import type { Commit, Log } from "./log/log.ts";
import { openSqliteLog } from "./log/sqlite.ts";
import { publicIds } from "./public-id.ts";
import {
  openTenants,
  type Tenant,
  type TenantChoices,
  utcOffsetOf,
  writeTenants,
} from "./tenants.ts";

/** Where everything lies in a data directory. */
export function paths(directory: string) {
  return {
    lock: join(directory, "lock"),
    tenants: join(directory, "tenants.json"),
    log: join(directory, "log.sqlite"),
    state: join(directory, "state.sqlite"),
    erasures: join(directory, "erasures.jsonl"),
    imports: join(directory, "imports"),
    keys: join(directory, "keys.json"),
    tokenKeys: join(directory, "token-keys.json"),
    developmentKeys: join(directory, "dev-keys.json"),
    deadLetters: join(directory, "dead-letters.sqlite"),
  };
}

export type Attune = Awaited<ReturnType<typeof open>>;

/** `onCommit` sees every durable commit before the engine folds it. A command that answers nobody has no ranking threads and no EASE. */
export async function open(
  config: Config,
  now: () => number = Date.now,
  onCommit?: (commit: Commit) => void,
  isServing = false,
) {
  const at = paths(config.data);
  const slice = slices(config);
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(at.lock, config.data);
  // Whoever has a public key could else write under anybody's id.
  const identity = config.mode === "production" ? "signed" : "open";
  const tenants = openTenants(at.tenants, identity);
  const checkpoint = await openSqliteCheckpoint(at.state);
  const dedupe = storedDedupe(checkpoint);
  const log = await openSqliteLog({ path: at.log, ...slice.log, now, dedupe });
  const publicId = publicIds(tenants);
  const seen = onCommit === undefined ? log : watched(log, onCommit);
  const engine = await Engine.open({
    log: seen,
    checkpoint,
    now,
    publicId,
    utcOffset: (number, time) => {
      const tenant = tenants.find((one) => one.number === number);
      return (tenant && utcOffsetOf(tenant)?.(time)) ?? 0;
    },
    hasRanker: true,
    ...slice.engine,
    rankThreads: isServing ? config.rankThreads : 0,
    easeCorePermille: isServing ? slice.engine.easeCorePermille : 0,
  });

  /** Forgets for good: the ledger first, so that no restore of an older backup can undo it. */
  function forget(tenant: number, subject: string, time: number, reason?: string) {
    return engine.forget(tenant, subject, time, reason, (subjects) =>
      appendErasures(
        at.erasures,
        subjects.map((one) => ({ tenant, subject: one, at: time })),
      ),
    );
  }

  /** Changes what a tenant chose, durable when it returns. Who holds the old object goes on with the old choice. */
  function changeTenant(number: number, change: Partial<TenantChoices>): Tenant {
    const next = tenants.map((one) => (one.number === number ? { ...one, ...change } : one));
    writeTenants(at.tenants, next);
    tenants.splice(0, tenants.length, ...next);
    return tenants.find((one) => one.number === number)!;
  }

  async function close(): Promise<void> {
    await engine.close();
    await checkpoint.close();
    await log.close();
    unlock();
  }

  return { config, engine, log, checkpoint, tenants, forget, changeTenant, close };
}

/** The same log, but for a look at each commit: the log has one listener, and the engine is it. */
function watched(log: Log, look: (commit: Commit) => void): Log {
  const onCommit: Log["onCommit"] = (listener) =>
    log.onCommit((commit) => {
      look(commit);
      listener(commit);
    });
  return new Proxy(log, {
    get(target, name) {
      if (name === "onCommit") return onCommit;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
