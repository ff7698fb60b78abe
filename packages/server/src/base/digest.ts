/**
 * The running digest of a multiset of integer cells: 256 bits as eight 32-bit lanes, each the sum of
 * `delta x hash(key, bucket)` modulo 2^32. It is linear in the cells, so a change costs one hash whatever
 * the cell held before, the digest of merged parts is the sum of their digests, and subtracting all of a
 * user's cells gives the digest of the model without that user. It finds faults; it is no defence against
 * forgery (certificates carry a SHA-256 over the canonical bytes). See docs/decisions/0006.
 */
export const digestLanes = 8;

const laneSeeds = Uint32Array.of(
  0x9e3779b9,
  0x7f4a7c15,
  0xf39cc060,
  0x5cedc834,
  0x1082276b,
  0xf3a27251,
  0xf86c6a11,
  0xd1b54a33,
);

/** One avalanche step: mixes the integer `n` into the hash `x`. */
function mix(x: number, n: number): number {
  let h = Math.imul(x ^ n, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Writes the eight lane hashes of a string to `lanes[offset..offset+7]`. */
export function hashString(text: string, lanes: Uint32Array, offset: number): void {
  for (let k = 0; k < digestLanes; k++) {
    let h = laneSeeds[k]! ^ text.length;
    for (let i = 0; i < text.length; i++) h = mix(h, text.charCodeAt(i) + 0x9e3779b9);
    lanes[offset + k] = h;
  }
}

export class MultisetDigest {
  readonly lanes = new Uint32Array(digestLanes);

  /**
   * Adds `delta` of the cell whose key is two hashed strings (eight lanes each, at `a` and `b` of `hashes`)
   * and the integers n and m. For a cell of one string pass the same offset twice.
   */
  change(hashes: Uint32Array, a: number, b: number, n: number, m: number, delta: number): void {
    for (let k = 0; k < digestLanes; k++) {
      const pair = mix(hashes[a + k]!, Math.imul(hashes[b + k]!, 0x9e3779b1) + k);
      const cell = mix(mix(pair, n), m);
      this.lanes[k] = this.lanes[k]! + Math.imul(cell, delta);
    }
  }

  /** The same as a `change` by -count at n and one by +count at `to`, both with m = 0. */
  move(hashes: Uint32Array, a: number, b: number, n: number, to: number, count: number): void {
    for (let k = 0; k < digestLanes; k++) {
      const pair = mix(hashes[a + k]!, Math.imul(hashes[b + k]!, 0x9e3779b1) + k);
      const moved = mix(mix(pair, to), 0) - mix(mix(pair, n), 0);
      this.lanes[k] = this.lanes[k]! + Math.imul(moved, count);
    }
  }

  merge(other: MultisetDigest): void {
    for (let k = 0; k < digestLanes; k++) this.lanes[k] = this.lanes[k]! + other.lanes[k]!;
  }

  subtract(other: MultisetDigest): void {
    for (let k = 0; k < digestLanes; k++) this.lanes[k] = this.lanes[k]! - other.lanes[k]!;
  }

  /** 64 hex digits; an empty multiset is all zeros. */
  hex(): string {
    let text = "";
    for (const lane of this.lanes) text += lane.toString(16).padStart(8, "0");
    return text;
  }
}
