import { assert } from "../../base/assert.ts";
import { MultisetDigest, digestLanes } from "../../base/digest.ts";
import type { SessionCell, Named } from "../fold/contribution.ts";
import { Blocks } from "./blocks.ts";
import type { Items } from "./items.ts";
import { type CellVisit, PendingCells } from "./pending-cells.ts";
import { decodeSessions, encodeSessions } from "./session-bytes.ts";
import { Repeats } from "./repeats.ts";
import { SessionDays } from "./session-days.ts";
import { SlotTable } from "./slot-table.ts";
import type { Summary } from "./summary.ts";

/**
 * The multiset of sessions, the backbone of the neighbours: an arena of sessions and, for each item, the
 * posting of the sessions that hold it, ordered by (minute of the item's first occurrence, session key).
 * The shape is that of VMIS-kNN (Kersbergen et al., SIGMOD 2022), but a list is cut to its newest m only when
 * it is read: what storage dropped, a later deletion could not bring back. Law: what an answer reads is a
 * function of the cells held; slots, dense ids and the order of arrival never show.
 *
 * A session's sequence is the longest run of places 0, 1, .. that hold exactly one cell, with the value 1,
 * within `spanMinutesMax`. All other cells wait in `#pending`: they count in digest, size and bytes, not in
 * answers. Growing and shrinking at the end, all that `fold` does, never goes there.
 */
const spanMinutesMax = 0xffff;
const dayMinutes = 1_440;
/** What stands further behind an item leaves its `revision` as it is. */
export const revisionGapMax = 8;
/** Items share so many revisions: with one of them those that share its revision count as changed, and none is overlooked. */
const revisionCount = 1 << 14;
const revisionMask = revisionCount - 1;

export class SessionIndex implements Summary<SessionCell> {
  readonly model = "sessions";
  readonly #items: Items;
  readonly #digest = new MultisetDigest();
  readonly #slots = new SlotTable();
  /** By slot: items (words) and minutes since the session's first (shorts). */
  readonly #sequences = new Blocks({ shorts: true });
  /** By item: slots of the sessions that hold it. */
  readonly #postings = new Blocks();
  /** By item: the minute of its posting's newest entry, so that a later one is put behind it unread. */
  #newestMinutes = new Uint32Array(1024);
  /** By the low bits of an item: see `revision`. */
  readonly #revisions = new Uint32Array(revisionCount);
  readonly #days = new SessionDays();
  /** How often an item was followed by any, and by itself. */
  readonly #repeats = new Repeats();
  readonly #pending = new PendingCells();
  /** Cells that stand in sequences. */
  #interactions = 0;

  constructor(items: Items) {
    this.#items = items;
  }

  get size(): number {
    return this.#interactions + this.#pending.size;
  }

  get bytes(): number {
    const lists =
      this.#sequences.bytes +
      this.#postings.bytes +
      this.#newestMinutes.byteLength +
      this.#revisions.byteLength;
    return this.#slots.bytes + lists + this.#repeats.bytes;
  }

  /** Number of sessions. */
  get count(): number {
    return this.#slots.count;
  }

  /** Slots are numbers below this: the length that scratch arrays over slots need. */
  get slotEnd(): number {
    return this.#slots.end;
  }

  digest(): string {
    return this.#digest.hex();
  }

  add(cell: SessionCell<Named>): void {
    const { keyHi, keyLo, index, minute, delta } = cell;
    assert(Number.isSafeInteger(delta), "a sum takes integers only");
    assert(index >>> 0 === index && minute >>> 0 === minute, "index and minute are 32 bits");
    if (delta !== 0)
      this.#change(keyHi, keyLo, index, this.#items.intern(cell.item), minute, delta);
  }

  subtract(cell: SessionCell<Named>): void {
    this.add({ ...cell, delta: -cell.delta });
  }

  /** Number of sessions that hold the item. */
  support(item: number): number {
    return this.#postings.length(item);
  }

  /** Slot of the session that opened the item as the `back`-th newest (0 = newest, below `support`). */
  newest(item: number, back: number): number {
    const postings = this.#postings;
    return postings.words[postings.start(item) + postings.length(item) - 1 - back]!;
  }

  /** Minute in which the newest session first opened the item; -1 if none holds it. */
  newestMinute(item: number): number {
    return this.support(item) === 0 ? -1 : this.#newestMinutes[item]!;
  }

  /** Slot of a session, or -1. */
  find(keyHi: number, keyLo: number): number {
    return this.#slots.find(keyHi, keyLo);
  }

  /** Number of interactions of a session. */
  length(slot: number): number {
    return this.#sequences.length(slot);
  }

  itemAt(slot: number, index: number): number {
    return this.#sequences.words[this.#sequences.start(slot) + index]!;
  }

  /** Items of all sessions, each session's in a row; read on only until the next change. */
  get lane(): Uint32Array {
    return this.#sequences.words;
  }

  /** Where a session's items begin in the lane. */
  startOf(slot: number): number {
    return this.#sequences.start(slot);
  }

  /** Slots of the sessions of all items, each item's in a row, oldest first; read on only until the next change. */
  get postingLane(): Uint32Array {
    return this.#postings.words;
  }

  /** Where the newest session of an item with a support above 0 stands in its lane; older ones before it. */
  newestAt(item: number): number {
    return this.#postings.start(item) + this.#postings.length(item) - 1;
  }

  /** Index of the item's first occurrence in a session, or -1. */
  placeOf(slot: number, item: number): number {
    const { words } = this.#sequences;
    const start = this.#sequences.start(slot);
    const end = start + this.#sequences.length(slot);
    for (let at = start; at < end; at++) if (words[at] === item) return at - start;
    return -1;
  }

  minuteAt(slot: number, index: number): number {
    const offset = this.#sequences.shorts[this.#sequences.start(slot) + index]!;
    return this.#slots.first[slot]! + offset;
  }

  firstMinute(slot: number): number {
    return this.#slots.first[slot]!;
  }

  /** Minute of the session's newest interaction. */
  lastMinute(slot: number): number {
    return this.minuteAt(slot, this.#sequences.length(slot) - 1);
  }

  /**
   * Grows whenever another session opens the item or one that did lets go of it, and whenever what stands up to
   * `revisionGapMax` places behind it in any session changes: what was read of that still holds at the same number.
   */
  revision(item: number): number {
    return this.#revisions[item & revisionMask]!;
  }

  /** Share of an item's next steps that repeat it: see Repeats. */
  repeatRate(item: number, prior: number): number {
    return this.#repeats.rate(item, prior);
  }

  /** Minute at which the day began on which the middle session, by time, did; 0 when there is none. */
  middleMinute(): number {
    return this.#days.middle() * dayMinutes;
  }

  /** Orders two sessions by key: the sign says which is the smaller. */
  compareKeys(a: number, b: number): number {
    const { keyHi, keyLo } = this.#slots;
    return keyHi[a]! - keyHi[b]! || keyLo[a]! - keyLo[b]!;
  }

  merge(other: this): void {
    const { keys } = other.#items;
    other.#visit((keyHi, keyLo, index, item, minute, value) => {
      this.#change(keyHi, keyLo, index, this.#items.intern(keys[item]!), minute, value);
    });
  }

  encode(): Uint8Array {
    return encodeSessions(this.#items, this.size, (visit) => this.#visit(visit));
  }

  static decode(bytes: Uint8Array, items: Items): SessionIndex {
    const index = new SessionIndex(items);
    decodeSessions(bytes, (cell) => index.add(cell));
    return index;
  }

  #change(
    keyHi: number,
    keyLo: number,
    index: number,
    item: number,
    minute: number,
    delta: number,
  ): void {
    const at = item * digestLanes;
    // For one key both foldings are one-to-one in index and minute; keys themselves are hashes.
    const n = keyHi ^ Math.imul(index + 1, 0x9e3779b1);
    const m = keyLo ^ Math.imul(minute + 1, 0x85ebca6b);
    this.#digest.change(this.#items.hashes, at, at, n, m, delta);
    const slot = this.#slots.find(keyHi, keyLo);
    const length = slot === -1 ? 0 : this.#sequences.length(slot);
    const calm = this.#pending.size === 0 || !this.#pending.has(keyHi, keyLo);
    if (calm && delta === 1 && index === length && this.#fits(slot, minute)) {
      this.#append(slot, keyHi, keyLo, item, minute);
    } else if (calm && delta === -1 && index === length - 1 && this.#isLast(slot, item, minute)) {
      this.#pop(slot);
    } else {
      this.#unwind(slot, index);
      this.#pending.add(keyHi, keyLo, index, item, minute, delta);
      this.#settle(keyHi, keyLo);
    }
  }

  #fits(slot: number, minute: number): boolean {
    if (slot === -1) return true;
    const offset = minute - this.#slots.first[slot]!;
    return offset >= 0 && offset <= spanMinutesMax;
  }

  #isLast(slot: number, item: number, minute: number): boolean {
    const last = this.#sequences.length(slot) - 1;
    return this.itemAt(slot, last) === item && this.minuteAt(slot, last) === minute;
  }

  #append(found: number, keyHi: number, keyLo: number, item: number, minute: number): void {
    const slot = found === -1 ? this.#open(keyHi, keyLo, minute) : found;
    const length = this.#sequences.length(slot);
    if (this.placeOf(slot, item) === -1) {
      this.#enter(item, minute, slot);
    }
    if (length > 0) this.#repeats.add(this.itemAt(slot, length - 1), item, 1);
    this.#revise(slot, length, item);
    const place = this.#sequences.open(slot, length);
    this.#sequences.words[place] = item;
    this.#sequences.shorts[place] = minute - this.#slots.first[slot]!;
    this.#interactions++;
  }

  #pop(slot: number): void {
    const last = this.#sequences.length(slot) - 1;
    const item = this.itemAt(slot, last);
    if (this.placeOf(slot, item) === last) {
      const at = this.#postingPlace(item, this.minuteAt(slot, last), slot);
      assert(
        this.#postings.words[this.#postings.start(item) + at] === slot,
        "posting holds session",
      );
      this.#postings.close(item, at);
      const left = this.#postings.length(item);
      if (at === left && left > 0) {
        this.#newestMinutes[item] = this.#openedAt(this.newest(item, 0), item);
      }
    }
    if (last > 0) this.#repeats.add(this.itemAt(slot, last - 1), item, -1);
    this.#revise(slot, last, item);
    this.#sequences.close(slot, last);
    this.#interactions--;
    if (last > 0) return;
    this.#days.add(Math.floor(this.#slots.first[slot]! / dayMinutes), -1);
    this.#slots.close(slot);
  }

  /** `item` comes to the end of a session of `length` items, or goes from there. */
  #revise(slot: number, length: number, item: number): void {
    this.#revisions[item & revisionMask]!++;
    const { words } = this.#sequences;
    const end = this.#sequences.start(slot) + length;
    for (let at = end - Math.min(length, revisionGapMax); at < end; at++) {
      this.#revisions[words[at]! & revisionMask]!++;
    }
  }

  #open(keyHi: number, keyLo: number, minute: number): number {
    this.#days.add(Math.floor(minute / dayMinutes), 1);
    return this.#slots.open(keyHi, keyLo, minute);
  }

  /** Moves the end of a sequence, down to `index`, to the pending cells. */
  #unwind(slot: number, index: number): void {
    if (slot === -1) return;
    const keyHi = this.#slots.keyHi[slot]!;
    const keyLo = this.#slots.keyLo[slot]!;
    for (let last = this.#sequences.length(slot) - 1; last >= index; last--) {
      const item = this.itemAt(slot, last);
      this.#pending.add(keyHi, keyLo, last, item, this.minuteAt(slot, last), 1);
      this.#pop(slot);
    }
  }

  /** Appends pending cells of a session as long as the next place has exactly one, with the value 1. */
  #settle(keyHi: number, keyLo: number): void {
    for (;;) {
      const slot = this.#slots.find(keyHi, keyLo);
      const index = slot === -1 ? 0 : this.#sequences.length(slot);
      const only = this.#pending.only(keyHi, keyLo, index);
      if (only === undefined || only.value !== 1 || !this.#fits(slot, only.minute)) return;
      this.#pending.add(keyHi, keyLo, index, only.item, only.minute, -1);
      this.#append(slot, keyHi, keyLo, only.item, only.minute);
    }
  }

  /** Puts a session into the posting of an item that it does not hold yet. */
  #enter(item: number, minute: number, slot: number): void {
    if (item >= this.#newestMinutes.length) {
      const grown = new Uint32Array(
        Math.max(item + 1, Math.ceil(this.#newestMinutes.length * 1.25)),
      );
      grown.set(this.#newestMinutes);
      this.#newestMinutes = grown;
    }
    const length = this.#postings.length(item);
    const isNewest = length === 0 || minute > this.#newestMinutes[item]!;
    const at = isNewest ? length : this.#postingPlace(item, minute, slot);
    const entry = this.#postings.open(item, at);
    this.#postings.words[entry] = slot;
    if (at === length) this.#newestMinutes[item] = minute;
  }

  #openedAt(slot: number, item: number): number {
    return this.minuteAt(slot, this.placeOf(slot, item));
  }

  /** Where the session stands in the item's posting, or would stand; mostly at the end. */
  #postingPlace(item: number, minute: number, slot: number): number {
    let high = this.#postings.length(item);
    if (high === 0 || this.#opensBefore(item, high - 1, minute, slot)) return high;
    let low = 0;
    high -= 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#opensBefore(item, middle, minute, slot)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the entry at place `at` of the item's posting stands before (minute, key of slot). */
  #opensBefore(item: number, at: number, minute: number, slot: number): boolean {
    const other = this.#postings.words[this.#postings.start(item) + at]!;
    const difference = this.#openedAt(other, item) - minute;
    return difference < 0 || (difference === 0 && this.compareKeys(other, slot) < 0);
  }

  #visit(visit: CellVisit): void {
    const { keyHi, keyLo } = this.#slots;
    for (let slot = 0; slot < this.#slots.end; slot++) {
      for (let index = 0; index < this.#sequences.length(slot); index++) {
        const item = this.itemAt(slot, index);
        visit(keyHi[slot]!, keyLo[slot]!, index, item, this.minuteAt(slot, index), 1);
      }
    }
    this.#pending.visit(visit);
  }
}
