import type { Named } from "../fold/contribution.ts";
import { digestLanes, hashString } from "../../base/digest.ts";

/**
 * Gives strings (items, placements, dimensions) small dense ids for the arrays of the sums. Ids depend on
 * the order of arrival: they are layout, never state. No digest, encoding, answer or tie-break may show one.
 */
export class Items {
  readonly keys: string[] = [];
  /** Eight digest lanes an id, at `id * digestLanes`. */
  hashes = new Uint32Array(1024 * digestLanes);
  readonly #ids = new Map<string, number>();
  /** The two keys asked for last, newest first: the cells of one event name its item seven times. */
  #lastKey = "";
  #lastId = -1;
  #priorKey = "";
  #priorId = -1;

  /** The id of a key, given out now if it is new; a number is an id already. */
  intern(key: Named): number {
    if (typeof key === "number") return key;
    if (key === this.#lastKey && this.#lastId !== -1) return this.#lastId;
    const id = key === this.#priorKey && this.#priorId !== -1 ? this.#priorId : this.#idOf(key);
    this.#priorKey = this.#lastKey;
    this.#priorId = this.#lastId;
    this.#lastKey = key;
    this.#lastId = id;
    return id;
  }

  #idOf(key: string): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.keys.length;
    this.keys.push(key);
    this.#ids.set(key, id);
    if ((id + 1) * digestLanes > this.hashes.length) {
      const grown = new Uint32Array(this.hashes.length * 2);
      grown.set(this.hashes);
      this.hashes = grown;
    }
    hashString(key, this.hashes, id * digestLanes);
    return id;
  }

  /** The id of a key, or -1 if no sum ever held it. */
  find(key: string): number {
    return this.#ids.get(key) ?? -1;
  }

  get size(): number {
    return this.keys.length;
  }
}
