import { expect, test } from "vitest";
import { decisionOf, headerOf, smallLimits } from "../../../test/laws/generate.ts";
import { apply, contributionsOf, type FoldRecord } from "./apply.ts";
import { assertRow, rowText } from "./ranker-rows.ts";
import type { UserState } from "./state.ts";

const start = 1_700_000_000_000;
const good = [1, 2, 63, 5, 9, 0, 5, 200];

function shadow(number: number, row: readonly number[], at = start + number): FoldRecord {
  const payload = {
    ...decisionOf(`d:${number}`, "home", [], at),
    shadow: rowText(Uint8Array.from(row)),
  };
  return { header: headerOf({ kind: "decision", at, receivedAt: at }, number), payload };
}

test("the newest rows are kept, an older one leaves the sum as it leaves the state", () => {
  let state: UserState | undefined;
  const deltas: number[] = [];
  for (let number = 0; number < smallLimits.rankerRowsMax + 2; number++) {
    const row = [...good.slice(0, -1), 100 + number];
    const applied = apply(state, shadow(number, row), smallLimits);
    if (applied.refold) throw new Error("a row changes no past");
    state = applied.state;
    deltas.push(...applied.contributions.map(({ delta }) => delta));
  }
  expect(deltas).toEqual([1, 1, 1, -1, 1, -1]);
  expect(state!.rankerRows.map(({ row }) => row.at(-1))).toEqual([102, 103]);
  expect(contributionsOf(state!, smallLimits)).toEqual(
    state!.rankerRows.map(({ placement, row }) => ({ model: "ranker", placement, row, delta: 1 })),
  );
  // Nobody was shown it, so nothing counts as seen.
  expect(state!.exposures).toEqual([]);
});

test("without the purpose there is no row", () => {
  const record = shadow(1, good);
  const applied = apply(
    undefined,
    { ...record, header: { ...record.header, purposes: 1 } },
    smallLimits,
  );
  expect(applied).toMatchObject({ refold: false, contributions: [] });
});

test("a row that no sum would take fails before anything is changed", () => {
  assertRow(rowText(Uint8Array.from(good)));
  const bad: [string, readonly number[]][] = [
    ["one candidate", [1, 2, 63, 5, 9]],
    ["half a candidate", [1, 2, 63, 5, 9, 0, 5]],
    ["no width", [1, 0, 63, 5]],
    ["features that do not ascend", [1, 2, 63, 9, 5, 0, 5, 200]],
    ["a feature twice", [1, 2, 63, 5, 5, 0, 5, 200]],
    ["feature 0", [1, 2, 63, 0, 5, 0, 5, 200]],
  ];
  for (const [name, row] of bad) {
    const take = (): unknown => apply(undefined, shadow(1, row), smallLimits);
    expect(take, name).toThrow(/two candidates or more|ascend from 1/);
  }
  for (const text of ["", "0", "zz", "01 2", "AB".repeat(8), "00".repeat(5_000)]) {
    expect(() => assertRow(text), text).toThrow(/in hex|a short text/);
  }
});
