import type { Decision } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { type RankerCell, type RankerHead, rowHead } from "./contribution.ts";
import type { Sink } from "./sessions.ts";
import { type Exposure, outcomeBits } from "./state.ts";

/**
 * Rows of the ranker from a list that was shown: what its slots looked like, which of them were looked at, and
 * what came of those. The features hang on other people's data, so they stand in the decision and are read from
 * nowhere else; a slot that nobody is known to have seen says nothing. Law: rows are a function of the exposure,
 * so in whatever order `seen` and outcomes come, they end up the same.
 */
/** Slots of an answer, and of the screen, whose features are kept. */
export const slotsMax = 12;
const featureMax = 255;

/** A character a number below 64: the value, then by how much each feature is above the one before. */
const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const { click, complete, skip, purchase } = outcomeBits;
const taken = click | complete | purchase;
const answered = taken | skip;
const heads: readonly { head: RankerHead; of: number; happened: number }[] = [
  // Whatever was looked at may have been taken; only of what was begun it is known how it went on.
  { head: "take", of: ~0, happened: taken },
  { head: "complete", of: answered, happened: complete },
  { head: "skip", of: answered, happened: skip },
];

type Row = Omit<RankerCell, "delta">;

/** A slot as it stands in a decision. */
export function slotText(value: number, features: Uint8Array): string {
  let text = digits[value]!;
  let before = 0;
  for (const feature of features) {
    assert(feature > before && feature - before < digits.length, "features ascend by small steps");
    text += digits[feature - before]!;
    before = feature;
  }
  return text;
}

/** Throws on features that no row could be made of. */
export function assertFeatures({ features, slots }: Decision): void {
  if (features === undefined) return;
  const { version, slots: texts } = features;
  assert(Number.isInteger(version) && version > 0 && version < 256, "features have a version");
  assert(Array.isArray(texts) && texts.length <= slotsMax, "few slots have features");
  assert(texts.length <= slots.length, "features are those of slots");
  const width = widthOf(texts);
  for (const text of texts) {
    if (text === "") continue;
    assert(/^[\w-]+$/.test(text), "features are digits");
    assert(text.length === width + 1 && width > 0, "all slots have as many features");
    let feature = 0;
    for (let k = 1; k <= width; k++) {
      const above = digits.indexOf(text[k]!);
      assert(above > 0, "the features of a slot ascend from 1");
      feature += above;
    }
    assert(feature <= featureMax, "a feature is a byte");
  }
}

function widthOf(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 1) - 1;
}

/**
 * What a decision says of the slots as they stand on the screen; undefined where it says nothing. As in a row: the head,
 * then for each slot a value and ascending features, all zero where it has none.
 */
export function featuresOf(
  { features, slots }: Decision,
  items: readonly string[],
): Uint8Array | undefined {
  if (features === undefined) return undefined;
  const byItem = new Map(features.slots.map((text, slot) => [slots[slot]!.item, text]));
  const width = widthOf(features.slots);
  const step = width + 1;
  const count = Math.min(items.length, slotsMax);
  const bytes = new Uint8Array(rowHead + count * step);
  bytes[0] = features.version;
  bytes[1] = width;
  let end = 0;
  for (let slot = 0; slot < count; slot++) {
    const text = byItem.get(items[slot]!) ?? "";
    if (text === "") continue;
    const start = rowHead + slot * step;
    bytes[start] = digits.indexOf(text[0]!);
    for (let k = 1, feature = 0; k <= width; k++) {
      feature += digits.indexOf(text[k]!);
      bytes[start + k] = feature;
    }
    end = start + step;
  }
  return end === 0 ? undefined : bytes.slice(0, end);
}

/** What the exposure teaches as it stands: a row a head, first the slots of which it is true. */
export function shownRows({ placement, outcomes, features }: Exposure): Row[] {
  if (features === undefined) return [];
  const step = features[1]! + 1;
  const known: number[] = [];
  for (let slot = 0; rowHead + slot * step < features.length; slot++) {
    // The first feature of a slot that has any is not 0.
    if (outcomes[slot] !== 0 && features[rowHead + slot * step + 1] !== 0) known.push(slot);
  }
  const rows: Row[] = [];
  for (const { head, of, happened } of heads) {
    const counted = known.filter((slot) => (outcomes[slot]! & of) !== 0);
    const isTrue = (slot: number) => (outcomes[slot]! & happened) !== 0;
    const first = counted.filter(isTrue);
    // Of a slot that nobody reported as seen it is known that it was looked at because it was taken: lists of
    // nothing else would teach that everything is.
    if (counted.length === 0 || (head === "take" && first.length === counted.length)) continue;
    const slots = [...first, ...counted.filter((slot) => !isTrue(slot))];
    const row = new Uint8Array(rowHead + slots.length * step);
    row.set(features.subarray(0, rowHead));
    slots.forEach((slot, n) => {
      const start = rowHead + slot * step;
      row.set(features.subarray(start, start + step), rowHead + n * step);
    });
    const shown = { head, count: first.length, slots: Uint8Array.from(slots) };
    rows.push({ model: "ranker", placement, row, shown });
  }
  return rows;
}

/** What takes the rows `before` to those of the exposure as it stands now. */
export function changeRows(before: readonly Row[], exposure: Exposure, sink: Sink): void {
  if (sink === undefined) return;
  const after = shownRows(exposure);
  const isIn = (rows: readonly Row[], row: Row) => rows.some((other) => isSame(row, other));
  for (const row of before) if (!isIn(after, row)) sink.push({ ...row, delta: -1 });
  for (const row of after) if (!isIn(before, row)) sink.push({ ...row, delta: 1 });
}

/** Of one exposure: equal slots have equal features. */
function isSame({ shown: one }: Row, { shown: other }: Row): boolean {
  return (
    one!.head === other!.head &&
    one!.count === other!.count &&
    one!.slots.length === other!.slots.length &&
    one!.slots.every((slot, n) => slot === other!.slots[n])
  );
}
