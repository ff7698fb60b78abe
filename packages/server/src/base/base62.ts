const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base = 62;

/** Bytes as one number in base 62, most significant first, padded to the width that any such bytes need. */
export function base62(bytes: Uint8Array): string {
  const width = Math.ceil((bytes.length * 8) / 5.954196310386875);
  // Long division in place, once a digit: with big integers it took ten times as long.
  const rest = Uint8Array.from(bytes);
  let text = "";
  for (let digit = 0; digit < width; digit++) {
    let remainder = 0;
    for (let i = 0; i < rest.length; i++) {
      const value = remainder * 256 + rest[i]!;
      rest[i] = Math.floor(value / base);
      remainder = value % base;
    }
    text = digits[remainder]! + text;
  }
  return text;
}
