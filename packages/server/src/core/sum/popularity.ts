/**
 * How many users touched an item, by dimension and bucket of time: hours for 72 h, UTC days for 60 days,
 * weeks beyond, cut by the hour of the last clock record alone. Moving a bucket up is addition, so advance
 * then add equals add then advance. Decay is the reader's.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, hashString, MultisetDigest } from "../../base/digest.ts";
import type { PopularityCell, Named } from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { Blocks } from "./blocks.ts";
import { CellRows } from "./cell-rows.ts";
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
/**
 * Changes that are remembered: at least so many, and one in so many rows. A reader that is further behind looks at every
 * row, which with a million items takes it a second, after which it is behind again.
 */
const changedMin = 8_192;
const rowsPerChange = 4;
const clockHash = new Uint32Array(digestLanes);
hashString("clock", clockHash, 0);

export class Popularity implements Summary<PopularityCell> {
  readonly model = "popularity";
  readonly items: Items;
  /** Row (dimension, item), column a bucket. */
  readonly #cells = new CellRows();
  readonly #rows = new PairTable();
  /** List of each bucket that may hold something: its rows, so that advance touches what moves alone. */
  readonly #lists = new Map<number, number>();
  /** A row stands in the list from when its cell came to be: twice if it went and came again. */
  readonly #rowsOf = new Blocks();
  /** By list: cells that there are. */
  readonly #living: number[] = [];
  readonly #digest = new MultisetDigest();
  /** The newest rows that changed, by revision: a reader's cache brings itself up to date from these. */
  #changed = new Uint32Array(changedMin);
  /** Changes before this one are forgotten, whatever the room for them. */
  #firstRemembered = 0;
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
    return this.#cells.size;
  }

  get bytes(): number {
    return this.#cells.bytes + this.#rows.bytes + this.#rowsOf.bytes + this.#changed.byteLength;
  }

  /** Hour of the last clock record, 0 before the first. */
  get clockHour(): number {
    return this.#clockHour;
  }

  add(cell: PopularityCell<Named>): void {
    this.#change(cell.dimension, cell.item, this.#bucketOf(cell.hour), cell.delta);
  }

  subtract(cell: PopularityCell<Named>): void {
    this.#change(cell.dimension, cell.item, this.#bucketOf(cell.hour), -cell.delta);
  }

  /** Moves buckets up to the hour of a clock record; earlier hours change nothing. */
  advance(clockHour: number): void {
    assert(clockHour >>> 0 === clockHour, "a clock hour is a whole number >= 0");
    if (clockHour <= this.#clockHour) return;
    this.#clockHour = clockHour;
    for (const [bucket, list] of this.#lists) {
      const target = moved(bucket, clockHour);
      if (target === bucket) continue;
      const length = this.#rowsOf.length(list);
      for (let at = 0; at < length; at++) {
        const row = this.#rowsOf.words[this.#rowsOf.start(list) + at]!;
        this.#moveCell(row, bucket, target);
      }
      this.#empty(list);
      this.#lists.delete(bucket);
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
    if (since < this.#firstRemembered || this.#revision - since > this.#changed.length)
      return false;
    for (let at = since; at < this.#revision; at++) {
      visit(this.#changed[at % this.#changed.length]!);
    }
    return true;
  }

  /** Sum of counts times their weight by age in hours (of a bucket's middle); 0 for an empty row. */
  decayed(row: number, nowHour: number, weights: Uint32Array): number {
    const end = this.#cells.start(row) + this.#cells.length(row);
    const oldest = weights.length - 1;
    let sum = 0;
    for (let at = this.#cells.start(row); at < end; at++) {
      const bucket = this.#cells.columnAt(at);
      const middle = (firstHourOf(bucket) + lastHourOf(bucket) + 1) >> 1;
      const age = Math.min(Math.max(nowHour - middle, 0), oldest);
      sum += this.#cells.valueAt(row, at) * weights[age]!;
    }
    return sum;
  }

  /**
   * Users of the last `hours` hours, the running one included; a day counts whole if it overlaps. With an
   * `endHour` what began then or later is left out: at the border of a day the count of a past span stays the
   * same while its hours become days.
   */
  recent(row: number, nowHour: number, hours: number, endHour = Infinity): number {
    const end = this.#cells.start(row) + this.#cells.length(row);
    let count = 0;
    for (let at = this.#cells.start(row); at < end; at++) {
      const bucket = this.#cells.columnAt(at);
      if (lastHourOf(bucket) <= nowHour - hours || firstHourOf(bucket) >= endHour) continue;
      count += this.#cells.valueAt(row, at);
    }
    return count;
  }

  #bucketOf(hour: number): number {
    assert(hour >>> 0 === hour && hour < firstDay, "an hour is a whole number >= 0");
    return bucketOf(hour, this.#clockHour);
  }

  #change(dimensionKey: Named, itemKey: Named, bucket: number, delta: number): void {
    const row = this.#rows.intern(this.items.intern(dimensionKey), this.items.intern(itemKey));
    this.#changeRow(row, bucket, delta);
  }

  #changeRow(row: number, bucket: number, delta: number): void {
    if (delta === 0) return;
    const change = this.#cells.add(row, bucket, delta);
    if (change !== 0) this.#list(row, bucket, change);
    this.#note(row);
    const dimension = this.#rows.first[row]! * digestLanes;
    const item = this.#rows.second[row]! * digestLanes;
    this.#digest.change(this.items.hashes, dimension, item, bucket, 0, delta);
  }

  /** The list of the old bucket is let go of by the caller; a row may stand in it that has gone since. */
  #moveCell(row: number, bucket: number, target: number): void {
    const count = this.#cells.get(row, bucket);
    if (count === 0) return;
    const change = this.#cells.move(row, bucket, target);
    if (change !== 0) this.#list(row, target, change);
    this.#note(row);
    const dimension = this.#rows.first[row]! * digestLanes;
    const item = this.#rows.second[row]! * digestLanes;
    this.#digest.move(this.items.hashes, dimension, item, bucket, target, count);
  }

  /** Remembers that a row changed. */
  #note(row: number): void {
    if (this.#changed.length * rowsPerChange < this.rowCount) this.#rememberMore();
    this.#changed[this.#revision++ % this.#changed.length] = row;
  }

  #rememberMore(): void {
    const old = this.#changed;
    const grown = new Uint32Array(old.length * 2);
    this.#firstRemembered = Math.max(0, this.#revision - old.length);
    for (let at = this.#firstRemembered; at < this.#revision; at++)
      grown[at % grown.length] = old[at % old.length]!;
    this.#changed = grown;
  }

  /** A cell of the bucket came to be or went. */
  #list(row: number, bucket: number, change: -1 | 1): void {
    // Weeks stay where they are.
    if (bucket >= firstWeek) return;
    let list = this.#lists.get(bucket);
    if (list === undefined) {
      list = this.#living.length;
      this.#living.push(0);
      this.#lists.set(bucket, list);
    }
    const living = this.#living[list]! + change;
    this.#living[list] = living;
    if (change === -1) return;
    const length = this.#rowsOf.length(list);
    this.#append(list, row);
    if (length > 2 * living + 64) this.#tidy(list, bucket);
  }

  /** Drops from a list the rows that went or stand twice. */
  #tidy(list: number, bucket: number): void {
    const start = this.#rowsOf.start(list);
    const rows = new Set(this.#rowsOf.words.subarray(start, start + this.#rowsOf.length(list)));
    this.#empty(list);
    for (const row of rows) if (this.#cells.get(row, bucket) !== 0) this.#append(list, row);
  }

  #append(list: number, row: number): void {
    const place = this.#rowsOf.open(list, this.#rowsOf.length(list));
    this.#rowsOf.words[place] = row;
  }

  #empty(list: number): void {
    for (let at = this.#rowsOf.length(list) - 1; at >= 0; at--) this.#rowsOf.close(list, at);
  }

  #eachCell(visit: (dimension: number, item: number, bucket: number, count: number) => void): void {
    const { first, second } = this.#rows;
    this.#cells.each((row, bucket, count) => visit(first[row]!, second[row]!, bucket, count));
  }
}
