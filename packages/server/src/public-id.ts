/** Ids as the outside sees them: base62 of an HMAC, so that they tell nothing of other people or of counts. */
import { base62 } from "./base/base62.ts";
import { hmacHex } from "./ingest/hmac.ts";
import type { Tenant } from "./tenants.ts";

export function publicIds(tenants: readonly Tenant[]): (tenant: number, id: string) => string {
  const keys = new Map(tenants.map(({ number, key }) => [number, key]));
  return (tenant, id) => {
    const key = keys.get(tenant);
    if (key === undefined) throw new Error(`there is no tenant ${tenant}`);
    return base62(Buffer.from(hmacHex(key, `id:${id}`).slice(0, 32), "hex"));
  };
}
