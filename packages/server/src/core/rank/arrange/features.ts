import { murmur2 } from "../../../base/murmur2.ts";
import { utf8Encode } from "../../../base/text.ts";
import type { CatalogueItem } from "../catalogue.ts";

/**
 * What an item is like, as a vector of ones: the hashes of its (attribute, value) pairs, ascending. Two that hash
 * alike count as one; that is rare and the same everywhere. Vectors are kept as long as their items.
 */
export class Features {
  readonly #kept = new WeakMap<CatalogueItem, Uint32Array>();

  of(item: CatalogueItem | undefined): Uint32Array {
    if (item === undefined) return nothing;
    let vector = this.#kept.get(item);
    if (vector === undefined) {
      vector = vectorOf(item);
      this.#kept.set(item, vector);
    }
    return vector;
  }
}

const nothing = new Uint32Array(0);
/** More values than this say nothing more about what an item is like. */
const featuresMax = 64;
export const similarityOne = 1 << 20;

function vectorOf({ attributes }: CatalogueItem): Uint32Array {
  const hashes = new Set<number>();
  for (const name of Object.keys(attributes).sort()) {
    const held = attributes[name];
    for (const value of Array.isArray(held) ? held : [held]) {
      if (hashes.size === featuresMax) break;
      const type = typeof value;
      if (type === "string" || type === "number" || type === "boolean")
        hashes.add(murmur2(utf8Encode(`${name}\u0000${type}\u0000${String(value)}`)) >>> 0);
    }
  }
  return Uint32Array.from(hashes).sort();
}

/** Twice what both have over all that each has (Dice): 0 to `similarityOne`, whole. */
export function similarity(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i]!, b[j]!];
    if (x === y) shared += 1;
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  const size = a.length + b.length;
  return size === 0 ? 0 : Math.floor((2 * shared * similarityOne) / size);
}
