/**
 * What became of the slots that were seen: counts by placement, item, outcome and day. An additive table with
 * the days of a (placement, item) linked; rates, shrinkage and windows are the reader's.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import {
  type RewardCell,
  type RewardOutcome,
  rewardOutcomes,
  type Named,
} from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellRows } from "./cell-rows.ts";
import type { Items } from "./items.ts";
import { PairTable } from "./pair-table.ts";
import type { Summary } from "./summary.ts";

const shape = { strings: 2, numbers: 2 };
const outcomesMax = 8;

export class Rewards implements Summary<RewardCell> {
  readonly model = "rewards";
  readonly items: Items;
  /** Row (placement, item), column day x 8 + outcome. */
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
    readCells(bytes, shape, 0, ([placement, item], [outcome, day, count]) => {
      sum.#change(placement!, item!, outcome!, day!, count!);
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
    this.#change(cell.placement, cell.item, outcome, cell.day, cell.delta);
  }

  subtract(cell: RewardCell<Named>): void {
    const outcome = rewardOutcomes.indexOf(cell.outcome);
    this.#change(cell.placement, cell.item, outcome, cell.day, -cell.delta);
  }

  merge(other: Rewards): void {
    const { keys } = other.items;
    other.#eachCell((placement, item, outcome, day, count) => {
      this.#change(keys[placement]!, keys[item]!, outcome, day, count);
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
      const day = Math.floor(column / outcomesMax);
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
   * Count of an outcome of an item in a placement, each weighed by its age in days as of day `today`: a table of
   * whole numbers, whose last weight is that of everything older.
   */
  faded(
    placement: number,
    item: number,
    outcome: RewardOutcome,
    today: number,
    weights: Uint32Array,
  ): number {
    const row = this.#rows.find(placement, item);
    if (row < 0) return 0;
    const end = this.#cells.start(row) + this.#cells.length(row);
    let sum = 0;
    for (let at = this.#cells.start(row); at < end; at++) {
      const column = this.#cells.columnAt(at);
      if (rewardOutcomes[column % outcomesMax] !== outcome) continue;
      const age = Math.max(0, today - Math.floor(column / outcomesMax));
      sum += weights[Math.min(age, weights.length - 1)]! * this.#cells.valueAt(row, at);
    }
    return sum;
  }

  #change(placementKey: Named, itemKey: Named, outcome: number, day: number, delta: number) {
    assert(outcome >= 0 && outcome < rewardOutcomes.length, "a known outcome");
    assert(day >>> 0 === day && day < 2 ** 29, "a day is a whole number >= 0");
    const placement = this.items.intern(placementKey);
    const item = this.items.intern(itemKey);
    this.#cells.add(this.#rows.intern(placement, item), day * outcomesMax + outcome, delta);
    const totals = this.#totals.get(placement) ?? new Float64Array(rewardOutcomes.length);
    totals[outcome] = totals[outcome]! + delta;
    this.#totals.set(placement, totals);
    const { hashes } = this.items;
    this.#digest.change(hashes, placement * digestLanes, item * digestLanes, outcome, day, delta);
  }

  #eachCell(
    visit: (placement: number, item: number, outcome: number, day: number, count: number) => void,
  ): void {
    const { first, second } = this.#rows;
    this.#cells.each((row, column, count) => {
      const day = Math.floor(column / outcomesMax);
      visit(first[row]!, second[row]!, column % outcomesMax, day, count);
    });
  }
}
