/**
 * Cells of sessions that do not stand in a sequence yet: a subtract before its add, a place after a gap, two
 * cells at one place. Such orders come up while parts are merged or in tests of the group laws, never while
 * one user's records are folded, so this is plain maps. A cell whose value comes to zero is gone.
 */
export interface PendingCell {
  item: number;
  minute: number;
  value: number;
}

export type CellVisit = (
  keyHi: number,
  keyLo: number,
  index: number,
  item: number,
  minute: number,
  value: number,
) => void;

interface Waiting {
  keyHi: number;
  keyLo: number;
  /** By index. */
  places: Map<number, PendingCell[]>;
}

export class PendingCells {
  readonly #sessions = new Map<string, Waiting>();
  #size = 0;

  /** Number of cells that are not zero. */
  get size(): number {
    return this.#size;
  }

  has(keyHi: number, keyLo: number): boolean {
    return this.#sessions.has(`${keyHi}:${keyLo}`);
  }

  /** The one cell that waits for a place of a session; undefined if there is none or more than one. */
  only(keyHi: number, keyLo: number, index: number): PendingCell | undefined {
    const cells = this.#sessions.get(`${keyHi}:${keyLo}`)?.places.get(index);
    return cells?.length === 1 ? cells[0] : undefined;
  }

  add(
    keyHi: number,
    keyLo: number,
    index: number,
    item: number,
    minute: number,
    delta: number,
  ): void {
    const key = `${keyHi}:${keyLo}`;
    let waiting = this.#sessions.get(key);
    if (waiting === undefined) {
      waiting = { keyHi, keyLo, places: new Map() };
      this.#sessions.set(key, waiting);
    }
    const cells = waiting.places.get(index) ?? [];
    waiting.places.set(index, cells);
    const at = cells.findIndex((cell) => cell.item === item && cell.minute === minute);
    const cell = cells[at];
    if (cell === undefined) {
      cells.push({ item, minute, value: delta });
      this.#size++;
      return;
    }
    cell.value += delta;
    if (cell.value !== 0) return;
    cells.splice(at, 1);
    this.#size--;
    if (cells.length === 0) waiting.places.delete(index);
    if (waiting.places.size === 0) this.#sessions.delete(key);
  }

  visit(visit: CellVisit): void {
    for (const { keyHi, keyLo, places } of this.#sessions.values()) {
      for (const [index, cells] of places) {
        for (const cell of cells) {
          visit(keyHi, keyLo, index, cell.item, cell.minute, cell.value);
        }
      }
    }
  }
}
