/**
 * How good the answers of a placement are, and for whom: what came of the slots that were seen, and how answers
 * were judged, by placement, audience and day. A small additive table: placements times days, whatever the items.
 */
import { assert } from "../../base/assert.ts";
import { digestLanes, MultisetDigest } from "../../base/digest.ts";
import {
  type Audience,
  type AudienceCell,
  type AudienceCount,
  audienceCounts,
  audiences,
  type Named,
} from "../fold/contribution.ts";
import { CellWriter, readCells } from "./cell-bytes.ts";
import { CellRows } from "./cell-rows.ts";
import type { Items } from "./items.ts";
import { PairTable } from "./pair-table.ts";
import type { Summary } from "./summary.ts";

const shape = { strings: 1, numbers: 2 };
/** What is counted of an audience has a number below it. */
const countsMax = 16;

export class Audiences implements Summary<AudienceCell> {
  readonly model = "audiences";
  readonly items: Items;
  /** Row (placement, audience x 16 + what is counted), column a day. */
  readonly #cells = new CellRows();
  readonly #rows = new PairTable();
  readonly #digest = new MultisetDigest();

  constructor(items: Items) {
    this.items = items;
  }

  static decode(bytes: Uint8Array, items: Items): Audiences {
    const sum = new Audiences(items);
    readCells(bytes, shape, 0, ([placement], [code, day, count]) => {
      sum.#change(placement!, code!, day!, count!);
    });
    return sum;
  }

  get size(): number {
    return this.#cells.size;
  }

  get bytes(): number {
    return this.#cells.bytes + this.#rows.bytes;
  }

  add(cell: AudienceCell<Named>): void {
    this.#change(cell.placement, codeOf(cell.audience, cell.count), cell.day, cell.delta);
  }

  subtract(cell: AudienceCell<Named>): void {
    this.#change(cell.placement, codeOf(cell.audience, cell.count), cell.day, -cell.delta);
  }

  merge(other: Audiences): void {
    const { keys } = other.items;
    other.#eachCell((placement, code, day, count) => {
      this.#change(keys[placement]!, code, day, count);
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

  /** Sum over days, both ends included. */
  count(
    placement: string,
    audience: Audience,
    counted: AudienceCount,
    from = 0,
    to = Infinity,
  ): number {
    const id = this.items.find(placement);
    const row = id < 0 ? -1 : this.#rows.find(id, codeOf(audience, counted));
    if (row < 0) return 0;
    const end = this.#cells.start(row) + this.#cells.length(row);
    let sum = 0;
    for (let at = this.#cells.start(row); at < end; at++) {
      const day = this.#cells.columnAt(at);
      if (day >= from && day <= to) sum += this.#cells.valueAt(row, at);
    }
    return sum;
  }

  /** Placements of which anything was ever counted, in code units' order. */
  placements(): string[] {
    const ids = new Set<number>();
    this.#cells.each((row) => ids.add(this.#rows.first[row]!));
    return [...ids].map((id) => this.items.keys[id]!).sort();
  }

  #change(placementKey: Named, code: number, day: number, delta: number): void {
    assert(code >= 0 && code < countsMax * audiences.length, "a known audience");
    assert(code % countsMax < audienceCounts.length, "a known count");
    assert(day >>> 0 === day && day < 2 ** 29, "a day is a whole number >= 0");
    const placement = this.items.intern(placementKey);
    this.#cells.add(this.#rows.intern(placement, code), day, delta);
    const lanes = placement * digestLanes;
    this.#digest.change(this.items.hashes, lanes, lanes, code, day, delta);
  }

  #eachCell(visit: (placement: number, code: number, day: number, count: number) => void): void {
    const { first, second } = this.#rows;
    this.#cells.each((row, day, count) => visit(first[row]!, second[row]!, day, count));
  }
}

function codeOf(audience: Audience, counted: AudienceCount): number {
  const place = audienceCounts.indexOf(counted);
  return place < 0 ? -1 : audiences.indexOf(audience) * countsMax + place;
}
