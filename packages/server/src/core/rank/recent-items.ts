import type { UserState } from "../fold/state.ts";
import type { Items } from "../sum/items.ts";

/**
 * The context of an answer: the distinct items of the user's newest positive interactions, newest first,
 * each with how many interactions ago it last came. Read from the ring of the state alone; arrays are reused.
 */
export class RecentItems {
  readonly ids: Uint32Array;
  /** Interactions since: 0 for the newest. */
  readonly ago: Uint32Array;
  count = 0;

  constructor(max: number) {
    this.ids = new Uint32Array(max);
    this.ago = new Uint32Array(max);
  }

  /**
   * Reads at most `max` (of the constructor) interactions, of a shifted session half as many, but for the newest;
   * items that no sum holds are counted, not kept.
   */
  read(state: UserState, items: Items, isShifted = false): void {
    this.count = 0;
    let ago = 0;
    const most = isShifted ? Math.ceil(this.ids.length / 2) : this.ids.length;
    const { ring } = state;
    for (let at = ring.length - 1; at >= 0 && ago < most; at--) {
      if (ring.strengthAt(at) <= 0) continue;
      const id = items.find(ring.itemAt(at));
      if (id !== -1 && !this.#has(id)) {
        this.ids[this.count] = id;
        this.ago[this.count++] = ago;
      }
      ago++;
    }
  }

  #has(id: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.ids[i] === id) return true;
    return false;
  }
}
