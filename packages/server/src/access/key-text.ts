/**
 * The text of a key: `attune_pk_demo_` + 27 base62 digits (160 bits of chance) + 6 digits of checksum. The
 * prefix lets a scanner find a leaked key and a person see what it is; the checksum refuses a mistyped one
 * before anything is looked up. It carries no right by itself: what a key may do stands in the store of keys.
 */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { product } from "@attune/protocol";

/**
 * `public` stands in pages and apps, so it may only append and its ids are claims; `server` appends for a
 * tenant's own machines; `secret` may read and administer.
 */
export type KeyKind = "public" | "server" | "secret";

const marks: Readonly<Record<KeyKind, string>> = { public: "pk", server: "srv", secret: "sk" };
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const chanceDigits = 27;
const checksumDigits = 6;
const form = new RegExp(`^${product.command}_(pk|srv|sk)_[a-z0-9-]+_([0-9A-Za-z]{33})$`);
/** Longer texts are no keys; nothing of theirs is hashed. */
const keyUnitsMax = 128;

/** `name` is the tenant's; what cannot stand in a key is left out of it. */
export function newKeyText(kind: KeyKind, name: string): string {
  const shown =
    name
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "")
      .slice(0, 32) || "tenant";
  const number = BigInt(`0x${randomBytes(20).toString("hex")}`);
  const text = `${product.command}_${marks[kind]}_${shown}_${base62(number, chanceDigits)}`;
  return text + checksum(text);
}

/** True when the text has the form of a key and its checksum fits. */
export function isKeyText(text: string): boolean {
  if (text.length > keyUnitsMax || !form.test(text)) return false;
  return checksum(text.slice(0, -checksumDigits)) === text.slice(-checksumDigits);
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), checksumDigits);
}

function base62(number: bigint, length: number): string {
  let rest = number;
  let text = "";
  for (let i = 0; i < length; i++) {
    text = digits[Number(rest % 62n)]! + text;
    rest /= 62n;
  }
  return text;
}
