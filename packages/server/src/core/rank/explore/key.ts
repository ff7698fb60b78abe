import type { RecommendationRequest } from "@attune/protocol";
import { digestLanes, hashString } from "../../../base/digest.ts";
import type { UserState } from "../../fold/state.ts";

/**
 * What chance hangs on: no generator is shared, so an answer is a function of its request, its user and what the
 * user did. The same request twice gives the same list, and a replay draws what was drawn.
 */
const hourMs = 3_600_000;
const lanes = new Uint32Array(digestLanes);

/** Of a person by what they did so far, or had done when the live list began. */
export function personalKey(
  tenant: number,
  state: UserState,
  request: RecommendationRequest,
): string {
  const sequence = request.list?.sequence ?? state.sequence;
  return JSON.stringify([tenant, state.subject, request.placement, sequence]);
}

/** Of a stranger: all of those who ask from the same circumstances within an hour are given the same. */
export function strangerKey(
  tenant: number,
  { placement, context = {}, now }: RecommendationRequest,
): string {
  const { device = "", region = "", place = "", attributes = {} } = context;
  const stated = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    tenant,
    placement,
    [device, region, place, stated],
    Math.floor(now / hourMs),
  ]);
}

/** 32 bits that hang on the key and on what is drawn: a slot, or which slot. */
export function drawBits(key: string, what: "slot" | "item", number: number): number {
  hashString(`${what} ${number} ${key}`, lanes, 0);
  return lanes[0]!;
}

/** 32 bits that hang on the key and on an item, and on nothing that stands beside it. */
export function itemBits(key: string, id: string): number {
  hashString(`tail ${id} ${key}`, lanes, 0);
  return lanes[0]!;
}
