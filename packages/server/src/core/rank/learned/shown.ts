import type { Decision } from "@attune/protocol";
import { digestLanes, hashString } from "../../../base/digest.ts";
import { slotText, slotsMax } from "../../fold/shown-rows.ts";
import type { RankFeatures } from "./features.ts";
import { featureVersion, groupCount } from "./groups.ts";

/**
 * What a decision says of the slots that it shows, for the ranker to learn from what comes of them. Which
 * decisions say so hangs on what keys their chance, so a replay says it of the same.
 */
/** One answer in so many. */
const shownEvery = 4;
const lanes = new Uint32Array(digestLanes);

export function isSampled(key: string): boolean {
  hashString(`features ${key}`, lanes, 0);
  return lanes[0]! % shownEvery === 0;
}

/** Of the first slots (ids of items, -1 of what no sum knows); undefined where none of them was looked at. */
export function shownFeatures(
  { items, count, linear, bins }: RankFeatures,
  slots: readonly number[],
): Decision["features"] {
  const texts: string[] = [];
  let end = 0;
  for (const item of slots.slice(0, slotsMax)) {
    let i = 0;
    while (i < count && items[i] !== item) i++;
    const start = i * groupCount;
    const isKnown = i < count;
    texts.push(isKnown ? slotText(linear[i]!, bins.subarray(start, start + groupCount)) : "");
    if (isKnown) end = texts.length;
  }
  return end === 0 ? undefined : { version: featureVersion, slots: texts.slice(0, end) };
}
