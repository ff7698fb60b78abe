import { type InteractionType, interactionTypes } from "@attune/protocol";
import { ByteReader, ByteWriter, BytesError } from "../../base/bytes.ts";
import { sharedText } from "../../base/text.ts";
import { emptyMap } from "./state.ts";

/** The words that a packed state is written in: see codec.ts for its laws. */

/** Written one state at a time, so one buffer serves them all. */
const buffer = new ByteWriter(4_096);

export class StateWriter {
  readonly #names = new Map<string, number>();
  #at = 0;

  constructor() {
    buffer.reset();
  }

  u8(value: number): void {
    buffer.u8(value);
  }

  varint(value: number): void {
    buffer.varint(value);
  }

  zigzag(value: number): void {
    buffer.zigzag(value);
  }

  u32(value: number): void {
    buffer.u32(value);
  }

  blob(bytes: Uint8Array): void {
    buffer.blob(bytes);
  }

  text(value: string): void {
    buffer.text(value);
  }

  name(value: string): void {
    const known = this.#names.get(value);
    if (known !== undefined) return buffer.varint(known);
    buffer.varint(this.#names.size);
    buffer.text(value);
    this.#names.set(value, this.#names.size);
  }

  /** A time as its distance from the one written before. */
  time(at: number): void {
    buffer.zigzag(at - this.#at);
    this.#at = at;
  }

  type(type: InteractionType): void {
    buffer.u8(interactionTypes.indexOf(type));
  }

  done(): Uint8Array<ArrayBuffer> {
    return buffer.finish();
  }
}

export class StateReader extends ByteReader {
  readonly #names: string[] = [];
  #at = 0;

  name(): string {
    const number = this.varint();
    if (number === this.#names.length) this.#names.push(sharedText(this.text()));
    return known(this.#names, number);
  }

  time(): number {
    this.#at += this.zigzag();
    return this.#at;
  }

  type(): InteractionType {
    return known(interactionTypes, this.u8());
  }

  typePlace(): number {
    return interactionTypes.indexOf(this.type());
  }

  count(): number {
    const count = this.varint();
    // What is listed has at least a byte each: a wrong count must not reserve memory.
    if (count > this.left) throw new BytesError("a list longer than its bytes");
    return count;
  }

  list<T>(read: () => T): T[] {
    const count = this.count();
    const list: T[] = [];
    for (let i = 0; i < count; i++) list.push(read());
    return list;
  }

  /** Of what most users have none of. */
  rareMap<K, V>(read: () => [K, V]): ReadonlyMap<K, V> {
    const entries = this.list(read);
    return entries.length === 0 ? emptyMap : new Map(entries);
  }
}

export function known<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new BytesError("an unknown number for a name");
  return value;
}
