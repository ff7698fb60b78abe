/** 128-bit values as 32 lower-case hex digits and as 16 bytes, by tables. */
import { assert } from "./assert.ts";

const digits = "0123456789abcdef";
const highs = new Uint8Array(256);
const lows = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  highs[byte] = digits.charCodeAt(byte >> 4);
  lows[byte] = digits.charCodeAt(byte & 15);
}

const nibbles = new Uint8Array(128).fill(0xff);
for (let value = 0; value < 16; value++) nibbles[digits.charCodeAt(value)] = value;

const length128 = 16;

/** The 16 bytes at `at` as 32 digits. */
export function hex128(bytes: Uint8Array, at: number): string {
  assert(at >= 0 && at + length128 <= bytes.length, "hex128 outside its bytes");
  return half(bytes, at) + half(bytes, at + 8);
}

/** One call with all the codes: joining digit by digit took three times as long and left a rope. */
function half(bytes: Uint8Array, at: number): string {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  const e = bytes[at + 4] as number;
  const f = bytes[at + 5] as number;
  const g = bytes[at + 6] as number;
  const h = bytes[at + 7] as number;
  // prettier-ignore
  return String.fromCharCode(
    highs[a] as number, lows[a] as number, highs[b] as number, lows[b] as number,
    highs[c] as number, lows[c] as number, highs[d] as number, lows[d] as number,
    highs[e] as number, lows[e] as number, highs[f] as number, lows[f] as number,
    highs[g] as number, lows[g] as number, highs[h] as number, lows[h] as number,
  );
}

/** True for 32 lower-case hex digits. */
export function isHex128(text: string): boolean {
  if (text.length !== 2 * length128) return false;
  let bad = 0;
  for (let i = 0; i < 2 * length128; i++) bad |= nibbles[text.charCodeAt(i)] ?? 0xff;
  return bad < 16;
}

/** Writes 32 digits as 16 bytes at `at`. Upper case is refused: one value has one spelling. */
export function writeHex128(text: string, bytes: Uint8Array, at: number): void {
  assert(text.length === 2 * length128, "a 128-bit value has 32 hex digits");
  assert(at >= 0 && at + length128 <= bytes.length, "hex128 outside its bytes");
  let bad = 0;
  for (let i = 0; i < length128; i++) {
    // Codes past the table read undefined, which `| 0` would hide: map them to a bad nibble first.
    const high = nibbles[text.charCodeAt(2 * i)] ?? 0xff;
    const low = nibbles[text.charCodeAt(2 * i + 1)] ?? 0xff;
    bad |= high | low;
    bytes[at + i] = (high << 4) | low;
  }
  assert(bad < 16, "a 128-bit value has lower-case hex digits only");
}
