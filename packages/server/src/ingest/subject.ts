import { hash } from "node:crypto";

/** How a person is named: a known id, or the id of a device nobody has signed in on. */
export type IdKind = "user" | "anonymous";

/**
 * HMAC as RFC 2104 spells it, from two one-shot digests: half the cost of an object of the platform's HMAC. Both
 * messages begin with the padded key, which is written once a key.
 */
interface Prepared {
  inner: Buffer;
  outer: Buffer;
}

const blockBytes = 64;
const digestBytes = 32;
/** Room for the kind and an id; a longer message is put together anew. */
const messageBytes = 2_048;
const prepared = new WeakMap<Uint8Array, Prepared>();

/**
 * The subject of a person: HMAC-SHA-256 with the tenant's key over the kind and the id, cut to 128 bits, as
 * 32 hex digits. The kind keeps a user "42" apart from a device "42". Without the key a subject can neither
 * be made nor be traced back, so headers and positions carry it where no raw id may stand. The bytes of a key
 * must not change.
 */
export function subjectOf(key: Uint8Array, kind: IdKind, id: string): string {
  let pads = prepared.get(key);
  if (pads === undefined) {
    pads = padsOf(key);
    prepared.set(key, pads);
  }
  const { inner, outer } = pads;
  const text = `${kind}:${id}`;
  const isShort = text.length * 3 <= messageBytes;
  const message = isShort
    ? inner.subarray(0, blockBytes + inner.write(text, blockBytes, "utf8"))
    : Buffer.concat([inner.subarray(0, blockBytes), Buffer.from(text, "utf8")]);
  // As latin1 text a digest crosses into JavaScript without an object of its own.
  outer.write(hash("sha256", message, "binary"), blockBytes, "latin1");
  return hash("sha256", outer, "hex").slice(0, 32);
}

function padsOf(key: Uint8Array): Prepared {
  const whole = key.length > blockBytes ? hash("sha256", key, "buffer") : key;
  const inner = Buffer.alloc(blockBytes + messageBytes);
  const outer = Buffer.alloc(blockBytes + digestBytes);
  for (let i = 0; i < blockBytes; i++) {
    inner[i] = (whole[i] ?? 0) ^ 0x36;
    outer[i] = (whole[i] ?? 0) ^ 0x5c;
  }
  return { inner, outer };
}
