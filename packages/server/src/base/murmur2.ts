/** MurmurHash2 as Kafka's clients use it for keys (seed 0x9747b28c); partitions rest on it for good. */
const seed = 0x9747b28c;
const factor = 0x5bd1e995;

/** A signed 32-bit integer, as Java has it. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, factor);
    word ^= word >>> 24;
    hash = Math.imul(hash, factor) ^ Math.imul(word, factor);
  }
  const rest = length - at;
  if (rest > 2) hash ^= (bytes[at + 2] as number) << 16;
  if (rest > 1) hash ^= (bytes[at + 1] as number) << 8;
  if (rest > 0) hash = Math.imul(hash ^ (bytes[at] as number), factor);
  hash = Math.imul(hash ^ (hash >>> 13), factor);
  return hash ^ (hash >>> 15);
}
