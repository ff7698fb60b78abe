import type { Decision } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { type Contribution, rowHead } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import type { FoldLimits, RankerRow, UserState } from "./state.ts";

/**
 * Rows of the ranker: what the candidates looked like when this user took one of them. They hang on other
 * people's data, so they are written with the decision and read from nowhere else; the newest
 * `rankerRowsMax` in log order are kept, and an older one leaves the sum when it leaves the state.
 */
const rowBytesMax = 4_096;

/** Takes in the row that a shadow decision carries. */
export function keepRow(
  state: UserState,
  { request, shadow }: Decision,
  at: number,
  limits: Readonly<FoldLimits>,
  sink: Sink,
): void {
  const kept: RankerRow = { at, placement: request.placement, row: bytesOf(shadow!) };
  state.rankerRows.push(kept);
  if (sink !== undefined) addRankerRows([kept], sink);
  if (state.rankerRows.length <= limits.rankerRowsMax) return;
  const { placement, row } = state.rankerRows.shift()!;
  sink?.push({ model: "ranker", placement, row, delta: -1 });
}

export function addRankerRows(rows: readonly RankerRow[], sink: Contribution[]): void {
  for (const { placement, row } of rows) sink.push({ model: "ranker", placement, row, delta: 1 });
}

/** Throws on a row that no sum would take. */
export function assertRow(text: string): void {
  assert(typeof text === "string" && text.length <= 2 * rowBytesMax, "a row is a short text");
  assert(/^(?:[0-9a-f]{2})+$/.test(text), "a row is in hex");
  const row = bytesOf(text);
  const step = (row[1] ?? 0) + 1;
  const count = (row.length - rowHead) / step;
  assert(step > 1 && Number.isInteger(count) && count >= 2, "a row has two candidates or more");
  for (let at = rowHead; at < row.length; at += step) {
    for (let k = 1; k < step; k++) {
      const before = k === 1 ? 0 : row[at + k - 1]!;
      assert(row[at + k]! > before, "the features of a candidate ascend from 1");
    }
  }
}

/** A row as it stands in a decision. */
export function rowText(row: Uint8Array): string {
  let text = "";
  for (const byte of row) text += byte.toString(16).padStart(2, "0");
  return text;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}
