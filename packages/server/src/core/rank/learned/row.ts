import { featureVersion, groupCount } from "./groups.ts";
import type { RankFeatures } from "./features.ts";
import { rowHead } from "../../fold/contribution.ts";
import { candidatesMax } from "./trail.ts";

/** Others that go along with a target. */
const othersMax = 8;
const order = new Float64Array(candidatesMax);

/**
 * The row of a decision that was made with these features and led to `target`, with others chosen by hash;
 * undefined if the target was no candidate, or the only one.
 */
export function rowOf(
  features: RankFeatures,
  target: number,
  seed: number,
): Uint8Array | undefined {
  const { items, count } = features;
  let place = -1;
  let others = 0;
  for (let i = 0; i < count; i++) {
    if (items[i] === target) place = i;
    else order[others++] = mixed(seed, i) * 256 + i;
  }
  if (place === -1 || others === 0) return undefined;
  order.subarray(0, others).sort();
  const chosen = Math.min(others, othersMax);
  const step = groupCount + 1;
  const row = new Uint8Array(rowHead + (chosen + 1) * step);
  row[0] = featureVersion;
  row[1] = groupCount;
  for (let n = 0; n <= chosen; n++) {
    const i = n === 0 ? place : order[n - 1]! % 256;
    row[rowHead + n * step] = features.linear[i]!;
    const start = i * groupCount;
    row.set(features.bins.subarray(start, start + groupCount), rowHead + n * step + 1);
  }
  return row;
}

/** 32 bits of hash of a candidate's place. */
function mixed(seed: number, place: number): number {
  let h = Math.imul(seed ^ (place + 1), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
