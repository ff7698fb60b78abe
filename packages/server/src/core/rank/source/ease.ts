import { assert } from "../../../base/assert.ts";
import type { Items } from "../../sum/items.ts";
import { apportion } from "../blend.ts";
import type { EaseView } from "../ease.ts";
import type { Scores } from "../scores.ts";
import type { Ask, Part, Source } from "../source.ts";
import { tasteItems } from "../taste-items.ts";

/** Weights read for an answer: the newest taste comes first, and the walk stops between items. */
const cellsMax = 1 << 20;

/**
 * Long-term taste through an EASE view: the score of an item is the sum of what the user's taste says of it,
 * the sum of integers B[x][j] over the items x they have a taste for. The taste is read fresh from the state,
 * so an own event acts at once; only B waits for the next view. Weights against an item lower its score, and
 * what is not above 0 is no candidate; what is, is split over those events that speak for it.
 */
export class Ease implements Source {
  readonly name = "ease";
  /** Rows of the taste that the last score was made of, and their items. */
  #rows: { key: string; row: number }[] = [];
  /** Dense ids of the view's items in the sums, -1 where not looked up yet. */
  #ids = new Int32Array(0);
  #view: EaseView | undefined;
  #items: Items | undefined;
  /** Sums by column, and the columns they stand at. */
  #sums = new Int32Array(0);
  #seen = new Uint8Array(0);

  /** Whether the view covers at least half of the user's taste; when it does not, the counts know more. */
  covers({ state, ease }: Ask): boolean {
    if (ease === undefined) return false;
    const taste = tasteItems(state);
    const covered = taste.filter((key) => ease.placeOf(key) >= 0).length;
    return covered > 0 && covered * 2 >= taste.length;
  }

  score(ask: Ask, scores: Scores): void {
    const { ease, models, state } = ask;
    this.#rows = [];
    if (ease === undefined) return;
    this.#bind(ease, models.items);
    const held = tasteItems(state).flatMap((key) => {
      const row = ease.placeOf(key);
      return row < 0 ? [] : [{ key, row }];
    });
    const touched = this.#add(ease, held);
    // An item the user holds already is not proposed.
    for (const { row } of held) this.#sums[row] = 0;
    for (const column of touched) {
      const item = this.#sums[column]! > 0 ? this.#idOf(column) : -1;
      // An item that nobody holds any more is not proposed, though the view still knows of it.
      if (item >= 0 && models.cooccurrence.count(item) > 0) scores.add(item, this.#sums[column]!);
      this.#sums[column] = 0;
      this.#seen[column] = 0;
    }
  }

  parts(ask: Ask, item: number): Part[] {
    const { ease, models } = ask;
    assert(ease !== undefined && ease === this.#view, "parts are asked right after the score");
    const column = ease.placeOf(models.items.keys[item]!);
    if (column < 0) return [];
    const parts: Part[] = [];
    let score = 0;
    for (const { key, row } of this.#rows) {
      const weight = ease.weight(row, column);
      score += weight;
      if (weight > 0) parts.push({ because: key, amount: weight });
    }
    return score > 0 ? apportion(parts, score) : [];
  }

  /** Sums the rows of the taste and returns the columns that they reach. */
  #add({ rows }: EaseView, held: readonly { key: string; row: number }[]): number[] {
    const { starts, columns, weights } = rows;
    const [sums, seen] = [this.#sums, this.#seen];
    const touched: number[] = [];
    let cells = 0;
    for (const one of held) {
      if (cells >= cellsMax) break;
      this.#rows.push(one);
      const [start, end] = [starts[one.row]!, starts[one.row + 1]!];
      cells += end - start;
      for (let at = start; at < end; at++) {
        const column = columns[at]!;
        if (seen[column] === 0) {
          seen[column] = 1;
          touched.push(column);
        }
        sums[column] = sums[column]! + weights[at]!;
      }
    }
    return touched;
  }

  #bind(view: EaseView, items: Items): void {
    if (view === this.#view && items === this.#items) return;
    this.#view = view;
    this.#items = items;
    this.#ids = new Int32Array(view.items.length).fill(-1);
    this.#sums = new Int32Array(view.items.length);
    this.#seen = new Uint8Array(view.items.length);
  }

  #idOf(column: number): number {
    if (this.#ids[column]! < 0) {
      this.#ids[column] = this.#items!.find(this.#view!.items[column]!);
    }
    return this.#ids[column]!;
  }
}
