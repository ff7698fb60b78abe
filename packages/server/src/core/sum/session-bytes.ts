/**
 * Canonical bytes of the session index: the strings in use in order of code units, then the cells ordered by
 * (key, index, item, minute), those of one session under its key. Equal cells give equal bytes, whatever
 * their slots and ids; decoding refuses bytes that this would not have written.
 */
import { ByteReader, BytesError, ByteWriter } from "../../base/bytes.ts";
import type { SessionCell } from "../fold/contribution.ts";
import type { Items } from "./items.ts";
import type { CellVisit } from "./pending-cells.ts";

const width = 6;

/** `visitAll` shows all `size` cells, each once, in any order. */
export function encodeSessions(
  items: Items,
  size: number,
  visitAll: (visit: CellVisit) => void,
): Uint8Array {
  const cells = new Float64Array(size * width);
  let end = 0;
  const used = new Set<number>();
  visitAll((keyHi, keyLo, index, item, minute, value) => {
    used.add(item);
    cells.set([keyHi, keyLo, index, item, minute, value], end);
    end += width;
  });
  const writer = new ByteWriter(64 + size * 4);
  const ranks = writeStrings(writer, items, used);
  for (let at = 3; at < end; at += width) cells[at] = ranks.get(cells[at]!)!;
  const order = Uint32Array.from({ length: size }, (_, cell) => cell * width);
  order.sort((x, y) => {
    for (let i = 0; i < width; i++) {
      const difference = cells[x + i]! - cells[y + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  });
  for (let first = 0; first < size;) {
    const at = order[first]!;
    let next = first + 1;
    while (next < size && sameSession(cells, at, order[next]!)) next++;
    writer.u32(cells[at]!);
    writer.u32(cells[at + 1]!);
    writer.varint(next - first);
    for (; first < next; first++) {
      const cell = order[first]!;
      for (let i = 2; i < width - 1; i++) writer.varint(cells[cell + i]!);
      writer.zigzag(cells[cell + width - 1]!);
    }
  }
  return writer.finish();
}

function sameSession(cells: Float64Array, x: number, y: number): boolean {
  return cells[x] === cells[y] && cells[x + 1] === cells[y + 1];
}

/** Writes the strings in order and returns their ranks by id. */
function writeStrings(writer: ByteWriter, items: Items, used: Set<number>): Map<number, number> {
  const ids = [...used].sort((x, y) => (items.keys[x]! < items.keys[y]! ? -1 : 1));
  writer.varint(ids.length);
  for (const id of ids) writer.text(items.keys[id]!);
  return new Map(ids.map((id, rank) => [id, rank]));
}

/** Shows every cell in the order of the bytes. */
export function decodeSessions(bytes: Uint8Array, visit: (cell: SessionCell) => void): void {
  const reader = new ByteReader(bytes);
  const keys: string[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const key = reader.text();
    if (keys.length > 0 && key <= keys.at(-1)!) throw new BytesError("strings out of order");
    keys.push(key);
  }
  let before: number[] = [];
  while (reader.left > 0) {
    const keyHi = reader.u32();
    const keyLo = reader.u32();
    for (let left = reader.varint(); left > 0; left--) {
      const [index, rank, minute] = [reader.varint(), reader.varint(), reader.varint()];
      const here = [keyHi, keyLo, index, rank, minute];
      if (before.length > 0 && !isAfter(here, before)) throw new BytesError("cells out of order");
      before = here;
      const item = keys[rank];
      const delta = reader.zigzag();
      if (item === undefined || delta === 0) throw new BytesError("a cell without item or value");
      visit({ model: "sessions", keyHi, keyLo, index, item, minute, delta });
    }
  }
}

function isAfter(here: readonly number[], before: readonly number[]): boolean {
  const at = here.findIndex((part, i) => part !== before[i]);
  return at !== -1 && here[at]! > before[at]!;
}
