/**
 * How many users touched an item, by dimension and bucket of time: hours for 72 h, UTC days for 60 days,
 * weeks beyond, cut by the hour of the last clock record alone. Moving a bucket up is addition, so advance
 * then add equals add then advance. Decay is the reader's.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, hashString, MultisetDigest } from "../../base/digest.ts";
import type { PopularityCell } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellTable } from "./cell-table.ts";
import type { Items } from "./items.ts";
import { PairTable } from "./pair-table.ts";
import type { Summary } from "./summary.ts";

const hoursKept = 72;
const daysKept = 60;

/** A bucket is one integer: hours since 1970 as they are, days and weeks above these. */
const firstDay = 2 ** 28;
const firstWeek = 2 ** 29;

/** The bucket of an hour (whole hours since 1970) when the last clock record said `clockHour`. */
export function bucketOf(hour: number, clockHour: number): number {
  const day = Math.floor(hour / 24);
  if (Math.floor(clockHour / 24) - day >= daysKept) return firstWeek + Math.floor(day / 7);
  if (clockHour - hour >= hoursKept) return firstDay + day;
  return hour;
}

/** Where the content of a bucket belongs at a later clock. */
function moved(bucket: number, clockHour: number): number {
  if (bucket >= firstWeek) return bucket;
  if (bucket < firstDay) return bucketOf(bucket, clockHour);
  const day = bucket - firstDay;
  return Math.floor(clockHour / 24) - day >= daysKept ? firstWeek + Math.floor(day / 7) : bucket;
}

/** First and last hour of a bucket. */
function firstHourOf(bucket: number): number {
  if (bucket >= firstWeek) return (bucket - firstWeek) * 168;
  return bucket >= firstDay ? (bucket - firstDay) * 24 : bucket;
}

function lastHourOf(bucket: number): number {
  if (bucket >= firstWeek) return (bucket - firstWeek) * 168 + 167;
  return bucket >= firstDay ? (bucket - firstDay) * 24 + 23 : bucket;
}

const shape = { strings: 2, numbers: 1 };
const clockHash = new Uint32Array(digestLanes);
hashString("clock", clockHash, 0);

export class Popularity implements Summary<PopularityCell> {
  readonly model = "popularity";
  readonly items: Items;
  /** Row (dimension, item); column a bucket, tag 0. Columns are linked, so advance touches what moves. */
  readonly #table = new CellTable(true);
  readonly #rows = new PairTable();
  /** Column of each bucket that may hold something, and back. */
  readonly #columns = new Map<number, number>();
  readonly #buckets: number[] = [];
  readonly #digest = new MultisetDigest();
  /** The newest rows that changed, by revision: a reader's cache brings itself up to date from these. */
  readonly #changed = new Uint32Array(8192);
  #revision = 0;
  #clockHour = 0;

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Popularity {
    const sum = new Popularity(items);
    const head = readCells(bytes, shape, 1, ([dimension, item], [bucket, count]) => {
      sum.#change(dimension!, item!, bucket!, count!);
    });
    sum.#clockHour = head[0]!;
    return sum;
  }

  get size(): number {
    return this.#table.size;
  }

  get bytes(): number {
    return this.#table.bytes + this.#rows.bytes + this.#changed.byteLength;
  }

  /** Hour of the last clock record, 0 before the first. */
  get clockHour(): number {
    return this.#clockHour;
  }

  add(cell: PopularityCell): void {
    this.#change(cell.dimension, cell.item, this.#bucketOf(cell.hour), cell.delta);
  }

  subtract(cell: PopularityCell): void {
    this.#change(cell.dimension, cell.item, this.#bucketOf(cell.hour), -cell.delta);
  }

  /** Moves buckets up to the hour of a clock record; earlier hours change nothing. */
  advance(clockHour: number): void {
    assert(clockHour >>> 0 === clockHour, "a clock hour is a whole number >= 0");
    if (clockHour <= this.#clockHour) return;
    this.#clockHour = clockHour;
    for (const [bucket, column] of this.#columns) {
      const target = moved(bucket, clockHour);
      if (target === bucket) continue;
      const to = this.#columnOf(target);
      for (;;) {
        const cell = this.#table.firstInColumn(column);
        if (cell === 0) break;
        const row = this.#table.row[cell]!;
        const count = this.#table.value[cell]!;
        this.#changeRow(row, bucket, column, -count);
        this.#changeRow(row, target, to, count);
      }
      this.#columns.delete(bucket);
    }
  }

  /** The later of the two clocks holds afterwards. */
  merge(other: Popularity): void {
    this.advance(other.#clockHour);
    const { keys } = other.items;
    other.#eachCell((dimension, item, bucket, count) => {
      this.#change(keys[dimension]!, keys[item]!, moved(bucket, this.#clockHour), count);
    });
  }

  encode(): Uint8Array {
    const writer = new CellWriter(this.items, shape, this.size);
    this.#eachCell((...cell) => writer.push(...cell));
    return writer.finish([this.#clockHour]);
  }

  /** The clock counts as content: it decides where the next cell goes. Never advanced, it adds nothing. */
  digest(): string {
    const whole = new MultisetDigest();
    whole.merge(this.#digest);
    if (this.#clockHour > 0) whole.change(clockHash, 0, 0, this.#clockHour, 0, 1);
    return whole.hex();
  }

  /** Rows are (dimension, item) pairs, dense and below this; a row may be empty. */
  get rowCount(): number {
    return this.#rows.size;
  }

  /** The row of a pair, or -1. */
  rowOf(dimension: number, item: number): number {
    return this.#rows.find(dimension, item);
  }

  dimensionOf(row: number): number {
    return this.#rows.first[row]!;
  }

  itemOf(row: number): number {
    return this.#rows.second[row]!;
  }

  /** Grows with every change of a row. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Calls `visit` with the rows that changed since a revision (some twice); false, with no call, if that is
   * longer ago than is remembered, and the reader has to look at every row.
   */
  eachChanged(since: number, visit: (row: number) => void): boolean {
    if (this.#revision - since > this.#changed.length) return false;
    for (let at = since; at < this.#revision; at++) {
      visit(this.#changed[at % this.#changed.length]!);
    }
    return true;
  }

  /** Sum of counts times their weight by age in hours (of a bucket's middle); 0 for an empty row. */
  decayed(row: number, nowHour: number, weights: Uint32Array): number {
    const table = this.#table;
    const last = weights.length - 1;
    let sum = 0;
    for (let cell = table.firstInRow(row); cell !== 0; cell = table.nextInRow[cell]!) {
      const bucket = this.#buckets[table.column[cell]!]!;
      const middle = (firstHourOf(bucket) + lastHourOf(bucket) + 1) >> 1;
      const age = Math.min(Math.max(nowHour - middle, 0), last);
      sum += table.value[cell]! * weights[age]!;
    }
    return sum;
  }

  /** Users of the last `hours` hours, the running one included; a day counts whole if it overlaps. */
  recent(row: number, nowHour: number, hours: number): number {
    const table = this.#table;
    let count = 0;
    for (let cell = table.firstInRow(row); cell !== 0; cell = table.nextInRow[cell]!) {
      const bucket = this.#buckets[table.column[cell]!]!;
      if (lastHourOf(bucket) > nowHour - hours) count += table.value[cell]!;
    }
    return count;
  }

  #bucketOf(hour: number): number {
    assert(hour >>> 0 === hour && hour < firstDay, "an hour is a whole number >= 0");
    return bucketOf(hour, this.#clockHour);
  }

  #change(dimensionKey: string, itemKey: string, bucket: number, delta: number): void {
    const row = this.#rows.intern(this.items.intern(dimensionKey), this.items.intern(itemKey));
    this.#changeRow(row, bucket, this.#columnOf(bucket), delta);
  }

  #changeRow(row: number, bucket: number, column: number, delta: number): void {
    this.#table.add(row, column, 0, delta);
    this.#changed[this.#revision++ % this.#changed.length] = row;
    const dimension = this.#rows.first[row]! * digestLanes;
    const item = this.#rows.second[row]! * digestLanes;
    this.#digest.change(this.items.hashes, dimension, item, bucket, 0, delta);
  }

  #columnOf(bucket: number): number {
    const known = this.#columns.get(bucket);
    if (known !== undefined) return known;
    const column = this.#buckets.length;
    this.#buckets.push(bucket);
    this.#columns.set(bucket, column);
    return column;
  }

  #eachCell(visit: (dimension: number, item: number, bucket: number, count: number) => void): void {
    const { row, column, value } = this.#table;
    for (let cell = 1; cell < this.#table.end; cell++) {
      if (!this.#table.holds(cell)) continue;
      const pair = row[cell]!;
      const bucket = this.#buckets[column[cell]!]!;
      visit(this.#rows.first[pair]!, this.#rows.second[pair]!, bucket, value[cell]!);
    }
  }
}
