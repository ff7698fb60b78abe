/**
 * What became of the slots that were seen: counts by placement, item, outcome, slice of circumstances and day.
 * An additive table with the days of a (placement, item) linked; rates, shrinkage and windows are the reader's. A
 * reader that names no slice reads all of them: what was counted before there were slices.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import {
  type RewardCell,
  type RewardOutcome,
  rewardOutcomes,
  type Named,
  rewardSlices,
} from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellRows } from "./cell-rows.ts";
import type { Items } from "./items.ts";
import { PairTable } from "./pair-table.ts";
import type { Summary } from "./summary.ts";

const shape = { strings: 2, numbers: 3 };
const outcomesMax = 8;
const slicesMax = 32;
const columnsOfDay = outcomesMax * slicesMax;

/** By place in `rewardOutcomes`. */
export interface Faded {
  slice: number[];
  whole: number[];
}

export class Rewards implements Summary<RewardCell> {
  readonly model = "rewards";
  readonly items: Items;
  /** Row (placement, item), column (day x 32 + slice) x 8 + outcome. */
  readonly #cells = new CellRows();
  readonly #rows = new PairTable();
  readonly #digest = new MultisetDigest();
  /** By placement, then outcome: the sum of its cells. */
  readonly #totals = new Map<number, Float64Array>();

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Rewards {
    const sum = new Rewards(items);
    readCells(bytes, shape, 0, ([placement, item], [outcome, slice, day, count]) => {
      sum.#change(placement!, item!, outcome!, slice!, day!, count!);
    });
    return sum;
  }

  get size(): number {
    return this.#cells.size;
  }

  get bytes(): number {
    return this.#cells.bytes + this.#rows.bytes;
  }

  add(cell: RewardCell<Named>): void {
    const outcome = rewardOutcomes.indexOf(cell.outcome);
    this.#change(cell.placement, cell.item, outcome, cell.slice, cell.day, cell.delta);
  }

  subtract(cell: RewardCell<Named>): void {
    const outcome = rewardOutcomes.indexOf(cell.outcome);
    this.#change(cell.placement, cell.item, outcome, cell.slice, cell.day, -cell.delta);
  }

  merge(other: Rewards): void {
    const { keys } = other.items;
    other.#eachCell((placement, item, outcome, slice, day, count) => {
      this.#change(keys[placement]!, keys[item]!, outcome, slice, day, count);
    });
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#eachCell((...cell) => writer.push(...cell));
    return writer.finish();
  }

  digest(): string {
    return this.#digest.hex();
  }

  /** Count of an outcome of an item in a placement, from day `since` on. */
  count(placement: number, item: number, outcome: RewardOutcome, since = 0): number {
    const row = this.#rows.find(placement, item);
    return row < 0 ? 0 : this.countOf(row, outcome, since, Infinity);
  }

  /** Rows are (placement, item) pairs, dense and below this; a row may be empty. */
  get rowCount(): number {
    return this.#rows.size;
  }

  placementOf(row: number): number {
    return this.#rows.first[row]!;
  }

  itemOf(row: number): number {
    return this.#rows.second[row]!;
  }

  /** Count of an outcome of a row over days, both ends included. */
  countOf(row: number, outcome: RewardOutcome, from: number, to: number): number {
    const code = rewardOutcomes.indexOf(outcome);
    const end = this.#cells.start(row) + this.#cells.length(row);
    let count = 0;
    for (let at = this.#cells.start(row); at < end; at++) {
      const column = this.#cells.columnAt(at);
      const day = Math.floor(column / columnsOfDay);
      if (column % outcomesMax === code && day >= from && day <= to)
        count += this.#cells.valueAt(row, at);
    }
    return count;
  }

  /** Count of an outcome in all of a placement. */
  total(placement: number, outcome: RewardOutcome): number {
    return this.#totals.get(placement)?.[rewardOutcomes.indexOf(outcome)] ?? 0;
  }

  /**
   * Counts of an item in a placement by place in `rewardOutcomes`, in one slice and in all of them, each weighed by its
   * age in days as of day `today`: a table of whole numbers, whose last weight is that of everything older.
   */
  faded(
    placement: number,
    item: number,
    today: number,
    weights: Uint32Array,
    slice: number,
  ): Faded {
    const faded = { slice: rewardOutcomes.map(() => 0), whole: rewardOutcomes.map(() => 0) };
    const row = this.#rows.find(placement, item);
    if (row < 0) return faded;
    const end = this.#cells.start(row) + this.#cells.length(row);
    for (let at = this.#cells.start(row); at < end; at++) {
      const column = this.#cells.columnAt(at);
      const outcome = column % outcomesMax;
      const age = Math.max(0, today - Math.floor(column / columnsOfDay));
      const count = weights[Math.min(age, weights.length - 1)]! * this.#cells.valueAt(row, at);
      faded.whole[outcome]! += count;
      if (sliceOf(column) === slice) faded.slice[outcome]! += count;
    }
    return faded;
  }

  #change(
    placementKey: Named,
    itemKey: Named,
    outcome: number,
    slice: number,
    day: number,
    delta: number,
  ) {
    assert(outcome >= 0 && outcome < rewardOutcomes.length, "a known outcome");
    assert(slice >>> 0 === slice && slice < rewardSlices, "a known slice");
    assert(day >>> 0 === day && day < 2 ** 24, "a day is a whole number >= 0");
    const placement = this.items.intern(placementKey);
    const item = this.items.intern(itemKey);
    const columnOfDay = slice * outcomesMax + outcome;
    this.#cells.add(this.#rows.intern(placement, item), day * columnsOfDay + columnOfDay, delta);
    const totals = this.#totals.get(placement) ?? new Float64Array(rewardOutcomes.length);
    totals[outcome] = totals[outcome]! + delta;
    this.#totals.set(placement, totals);
    const { hashes } = this.items;
    const [first, second] = [placement * digestLanes, item * digestLanes];
    this.#digest.change(hashes, first, second, columnOfDay, day, delta);
  }

  #eachCell(
    visit: (
      placement: number,
      item: number,
      outcome: number,
      slice: number,
      day: number,
      count: number,
    ) => void,
  ): void {
    const { first, second } = this.#rows;
    this.#cells.each((row, column, count) => {
      const day = Math.floor(column / columnsOfDay);
      visit(first[row]!, second[row]!, column % outcomesMax, sliceOf(column), day, count);
    });
  }
}

function sliceOf(column: number): number {
  return Math.floor(column / outcomesMax) % slicesMax;
}
