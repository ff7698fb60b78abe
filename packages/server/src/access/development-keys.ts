/**
 * Keys for the first minutes on one's own machine: in development mode each start sees to it that a file
 * beside the data holds one key of each kind in clear, readable by its owner alone (0600). Production refuses
 * such a file, and keys made for it open nothing there even when the file is gone.
 */
import { existsSync } from "node:fs";
import { CodedError } from "@attune/protocol";
import type { Keys } from "./keys.ts";
import { readPrivate, writePrivately } from "./private-file.ts";

/** What stands in the file. */
export interface DevelopmentKeys {
  tenant: string;
  writeKey: string;
  serverKey: string;
  secretKey: string;
}

/** The keys of the file, made when there is none or when they no longer open the tenant. */
export function developmentKeys(
  path: string,
  keys: Keys,
  tenant: { number: number; name: string },
): DevelopmentKeys {
  const found = readPrivate(path, "keys for development") as Partial<DevelopmentKeys> | undefined;
  if (found !== undefined && isUsable(found, keys, tenant)) return found;
  for (const key of keys.list(tenant.number)) {
    if (key.isDevelopment === true && key.revokedAt === undefined)
      keys.revoke(tenant.number, key.id);
  }
  const make = (kind: "public" | "server" | "secret"): string =>
    keys.create({ tenant: tenant.number, tenantName: tenant.name, kind, isDevelopment: true })
      .secret;
  const made: DevelopmentKeys = {
    tenant: tenant.name,
    writeKey: make("public"),
    serverKey: make("server"),
    secretKey: make("secret"),
  };
  writePrivately(path, made);
  return made;
}

/** Throws where a production server has keys in clear beside its data. */
export function refuseDevelopmentKeys(path: string): void {
  if (!existsSync(path)) return;
  const message = `${path} holds keys in clear, which production refuses: delete it and make keys of your own.`;
  throw new CodedError("setting_invalid", message);
}

function isUsable(
  found: Partial<DevelopmentKeys>,
  keys: Keys,
  tenant: { number: number; name: string },
): found is DevelopmentKeys {
  const { writeKey, serverKey, secretKey } = found;
  return [writeKey, serverKey, secretKey].every(
    (text) => typeof text === "string" && keys.find(text)?.tenant === tenant.number,
  );
}
