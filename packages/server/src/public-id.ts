/** Ids as the outside sees them: base62 of an HMAC, so that they tell nothing of other people or of counts. */
import { createHmac, createSecretKey } from "node:crypto";
import { base62 } from "./base/base62.ts";
import type { Tenant } from "./tenants.ts";

export function publicIds(tenants: readonly Tenant[]): (tenant: number, id: string) => string {
  const keys = new Map(tenants.map(({ number, key }) => [number, createSecretKey(key)]));
  return (tenant, id) => {
    const key = keys.get(tenant);
    if (key === undefined) throw new Error(`there is no tenant ${tenant}`);
    return base62(createHmac("sha256", key).update(`id:${id}`).digest().subarray(0, 16));
  };
}
