/**
 * A counted set of keys of five 32-bit lanes: open addressing in two typed arrays, 21 bytes a slot. Callers give
 * the key's `hashKey` along, since they ask many tables for one key.
 */
import { assert } from "../base/assert.ts";
import type { ByteWriter } from "../base/bytes.ts";

export const keyLanes = 5;
const firstSlots = 16;
const countMax = 255;

/** Mixes all lanes: tables work for keys that differ in any one of them. The salt is unknown to clients. */
export function hashKey(lanes: Uint32Array, at: number, salt: number): number {
  let hash = salt;
  for (let i = at; i < at + keyLanes; i++) {
    hash = Math.imul(hash ^ (lanes[i] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export class KeyTable {
  readonly #salt: number;
  #slots = firstSlots;
  #lanes = new Uint32Array(firstSlots * keyLanes);
  /** Times the key was added; 0 is an empty slot, `countMax` sticks for ever. */
  #counts = new Uint8Array(firstSlots);
  #size = 0;

  constructor(salt: number) {
    this.#salt = salt;
  }

  get size(): number {
    return this.#size;
  }

  has(key: Uint32Array, hash: number): boolean {
    return this.#counts[this.#slotOf(key, hash)] !== 0;
  }

  add(key: Uint32Array, hash: number, times: number): void {
    assert(key.length === keyLanes && times > 0, "not a key to add");
    if ((this.#size + 1) * 4 > this.#slots * 3) this.#grow();
    const slot = this.#slotOf(key, hash);
    const count = this.#counts[slot] as number;
    if (count === 0) {
      this.#lanes.set(key, slot * keyLanes);
      this.#size++;
    }
    this.#counts[slot] = Math.min(countMax, count + times);
  }

  /** Takes back one `add`; nothing when the key is not there. */
  remove(key: Uint32Array, hash: number): void {
    const slot = this.#slotOf(key, hash);
    const count = this.#counts[slot] as number;
    if (count === 0 || count === countMax) return;
    this.#counts[slot] = count - 1;
    if (count === 1) {
      this.#size--;
      this.#closeGap(slot);
    }
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#size);
    for (let slot = 0; slot < this.#slots; slot++) {
      const count = this.#counts[slot] as number;
      if (count === 0) continue;
      for (let lane = 0; lane < keyLanes; lane++) {
        writer.u32(this.#lanes[slot * keyLanes + lane] as number);
      }
      writer.u8(count);
    }
  }

  /** The slot that holds the key, or the empty one where it belongs. */
  #slotOf(key: Uint32Array, hash: number): number {
    const lanes = this.#lanes;
    const mask = this.#slots - 1;
    let slot = hash & mask;
    while (this.#counts[slot] !== 0) {
      const at = slot * keyLanes;
      if (
        lanes[at] === key[0] &&
        lanes[at + 1] === key[1] &&
        lanes[at + 2] === key[2] &&
        lanes[at + 3] === key[3] &&
        lanes[at + 4] === key[4]
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [slots, lanes, counts] = [this.#slots, this.#lanes, this.#counts];
    this.#slots = slots * 2;
    this.#lanes = new Uint32Array(this.#slots * keyLanes);
    this.#counts = new Uint8Array(this.#slots);
    const key = new Uint32Array(keyLanes);
    for (let slot = 0; slot < slots; slot++) {
      if (counts[slot] === 0) continue;
      for (let lane = 0; lane < keyLanes; lane++)
        key[lane] = lanes[slot * keyLanes + lane] as number;
      const target = this.#slotOf(key, hashKey(key, 0, this.#salt));
      this.#lanes.set(key, target * keyLanes);
      this.#counts[target] = counts[slot] as number;
    }
  }

  /** Moves later keys of the run back, so that no search ends early at the emptied slot. */
  #closeGap(emptied: number): void {
    const mask = this.#slots - 1;
    let gap = emptied;
    for (let slot = (gap + 1) & mask; this.#counts[slot] !== 0; slot = (slot + 1) & mask) {
      const at = slot * keyLanes;
      const home = hashKey(this.#lanes, at, this.#salt) & mask;
      // The key may move unless its home lies cyclically in (gap, slot].
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#lanes.copyWithin(gap * keyLanes, at, at + keyLanes);
      this.#counts[gap] = this.#counts[slot] as number;
      this.#counts[slot] = 0;
      gap = slot;
    }
  }
}
