import { utf8Decode, utf8Encode } from "../../base/text.ts";
import type { Catalogue, CatalogueChange, CatalogueItem } from "../../core/rank/catalogue.ts";

/**
 * One tenant's catalogue in the checkpoint: pieces in order, each with items that were put and ids that were removed;
 * what a later one says of an item stands. A checkpoint adds what changed since the one before. Once the pieces say much
 * more than there are items, all is written again and the old ones go, in the same transaction.
 */
export class StoredCatalogue {
  readonly #tenant: number;
  /** Since the last checkpoint, as they are now; undefined: removed. */
  #changed = new Map<string, CatalogueItem | undefined>();
  /** Numbers of the stored pieces: from the first to the one before the next. */
  #first = 0;
  #next = 0;
  /** Items and ids in them. */
  #entries = 0;
  /** A checkpoint of an older day has the items elsewhere. */
  #isElsewhere = false;

  constructor(tenant: number) {
    this.#tenant = tenant;
  }

  get entries(): number {
    return this.#entries;
  }

  /** A piece was found in the checkpoint. */
  found(number: number): void {
    if (this.#next === 0) this.#first = number;
    this.#next = number + 1;
  }

  /** All were found, with so many items and ids in them; undefined: the items stood elsewhere. */
  foundAll(entries: number | undefined): void {
    this.#entries = entries ?? 0;
    this.#isElsewhere = entries === undefined;
  }

  /** The change has made `catalogue`. Costs what it touches, in the turn in which it is folded. */
  changed({ put = [], remove = [] }: CatalogueChange, catalogue: Catalogue): void {
    for (const { id } of put) this.#changed.set(id, catalogue.get(id));
    for (const id of remove) this.#changed.set(id, undefined);
  }

  /**
   * What is to be written so that the checkpoint has `catalogue`, which is the newest in this turn; made piece by piece,
   * with a rest wherever it yields. Whatever changes meanwhile is for the next time.
   */
  write(catalogue: Catalogue): Generator<void, (readonly [string, Uint8Array | null])[]> {
    const changed = this.#changed;
    this.#changed = new Map();
    const most = catalogue.size * wasteMax + wasteFree;
    const isWhole = this.#isElsewhere || this.#entries + changed.size > most;
    if (!isWhole) return this.#write(changed.entries(), []);
    const old = Array.from({ length: this.#next - this.#first }, (_, at) =>
      keyOf(this.#tenant, this.#first + at),
    );
    this.#first = this.#next;
    this.#entries = 0;
    this.#isElsewhere = false;
    return this.#write(idsOf(catalogue.walk()), old);
  }

  *#write(
    entries: Iterable<readonly [string, CatalogueItem | undefined]>,
    old: readonly string[],
  ): Generator<void, (readonly [string, Uint8Array | null])[]> {
    const values: (readonly [string, Uint8Array | null])[] = old.map((key) => [key, null]);
    const piece = new Piece();
    const end = (): void => {
      values.push([keyOf(this.#tenant, this.#next++), piece.take()]);
    };
    for (const [id, item] of entries) {
      piece.add(id, item);
      this.#entries += 1;
      if (piece.length < pieceLength) continue;
      end();
      yield;
    }
    if (piece.length > 0) end();
    return values;
  }
}

/** Characters of a piece: some ms of work, where all of a million items were seconds. */
const pieceLength = 1 << 16;
/** Items and ids in all pieces, for each item there is, beyond which all are written again; and those that are free. */
const wasteMax = 1.5;
const wasteFree = 10_000;

function* idsOf(items: Iterable<CatalogueItem>): Generator<[string, CatalogueItem]> {
  for (const item of items) yield [item.id, item];
}

class Piece {
  #put: string[] = [];
  #remove: string[] = [];
  length = 0;

  add(id: string, item: CatalogueItem | undefined): void {
    const text = JSON.stringify(item ?? id);
    (item === undefined ? this.#remove : this.#put).push(text);
    this.length += text.length + 1;
  }

  take(): Uint8Array {
    const text = `{"put":[${this.#put.join()}],"remove":[${this.#remove.join()}]}`;
    [this.#put, this.#remove, this.length] = [[], [], 0];
    return utf8Encode(text);
  }
}

/** Takes a stored piece into the items that those before it left. */
export function takePiece(items: Map<string, CatalogueItem>, bytes: Uint8Array): void {
  const { put, remove } = JSON.parse(utf8Decode(bytes)) as {
    put: CatalogueItem[];
    remove: string[];
  };
  for (const item of put) items.set(item.id, item);
  for (const id of remove) items.delete(id);
}

/** Keys of a tenant are in the order of their numbers, and before those of what the tenant declared else. */
function keyOf(tenant: number, number: number): string {
  return `items/${tenant}/${String(number).padStart(15, "0")}`;
}

/** Whose piece stands under a key, and its number; undefined for the key of anything else. */
export function pieceOf(key: string): { tenant: number; number: number } | undefined {
  const [, tenant, number] = /^items\/(\d+)\/(\d{15})$/.exec(key) ?? [];
  return tenant === undefined ? undefined : { tenant: Number(tenant), number: Number(number) };
}
