import { hmacHex } from "./hmac.ts";

/** How a person is named: a known id, or the id of a device nobody has signed in on. */
export type IdKind = "user" | "anonymous";

/**
 * The subject of a person: HMAC-SHA-256 with the tenant's key over the kind and the id, cut to 128 bits, as
 * 32 hex digits. The kind keeps a user "42" apart from a device "42". Without the key a subject can neither
 * be made nor be traced back, so headers and positions carry it where no raw id may stand. The bytes of a key
 * must not change.
 */
export function subjectOf(key: Uint8Array, kind: IdKind, id: string): string {
  return hmacHex(key, `${kind}:${id}`).slice(0, 32);
}
