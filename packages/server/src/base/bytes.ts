/**
 * Packing of numbers, strings and bytes, little-endian, for the log and for states. Equal values give equal
 * bytes (varints are minimal), reading never leaves the bounds, and what does not decode throws BytesError.
 */
import { assert } from "./assert.ts";
import { utf8Decode, utf8EncodeInto } from "./text.ts";

/** The bytes are not what their reader expects: cut short, or not written by a ByteWriter. */
export class BytesError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BytesError";
  }
}

const varintBytesMax = 8; // 7 bits a byte: 8 bytes hold 56 bits, a safe integer has 53
const shortText = 48; // below this a loop beats the call into the platform's coder, for ASCII

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    assert(value >>> 0 === value && value <= 0xff, "u8 out of range");
    const at = this.#claim(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    assert(value >>> 0 === value && value <= 0xffff, "u16 out of range");
    const at = this.#claim(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    assert(value >>> 0 === value, "u32 out of range");
    const at = this.#claim(4);
    this.#view.setUint32(at, value, true);
  }

  /** Eight bytes. -0 is written as 0 and every NaN alike, so that equal values have equal bytes. */
  f64(value: number): void {
    const at = this.#claim(8);
    this.#view.setFloat64(at, value === value ? value + 0 : NaN, true);
  }

  /** A safe integer, signed, in eight bytes whatever its size. */
  int53(value: number): void {
    assert(Number.isSafeInteger(value), "int53 is not a safe integer");
    const at = this.#claim(8);
    this.#view.setFloat64(at, value + 0, true);
  }

  /** A safe integer >= 0: one byte below 128, eight at most. */
  varint(value: number): void {
    assert(value >= 0 && Number.isSafeInteger(value), "varint is not a safe integer >= 0");
    let at = this.#claim(varintBytesMax);
    let rest = value;
    while (rest >= 0x80000000) {
      this.#bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at++] = rest;
    this.#length = at;
  }

  /** A signed safe integer: 0, -1, 1, -2 are 0, 1, 2, 3. Small magnitudes are short. */
  zigzag(value: number): void {
    assert(Number.isSafeInteger(value), "zigzag is not a safe integer");
    const sign = value < 0 ? 1 : 0;
    const magnitude = value < 0 ? -1 - value : value;
    // The sign shares the first byte with 6 bits: doubling the value would leave the safe integers.
    const low = ((magnitude % 64) << 1) | sign;
    if (magnitude < 64) {
      this.u8(low);
    } else {
      this.u8(low | 0x80);
      this.varint(Math.floor(magnitude / 64));
    }
  }

  /** UTF-8 after its length in bytes. */
  text(value: string): void {
    const units = value.length;
    if (units < shortText && this.#shortAscii(value, units)) return;
    this.#reserve(units * 3 + varintBytesMax);
    // Encoded behind the longest possible length, then moved to where it belongs.
    const hole = this.#length + varintBytesMax;
    const size = utf8EncodeInto(value, this.#bytes.subarray(hole));
    this.varint(size);
    this.#bytes.copyWithin(this.#length, hole, hole + size);
    this.#length += size;
  }

  /** Bytes after their count. */
  blob(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** Bytes alone: the reader must know how many. */
  raw(value: Uint8Array): void {
    const at = this.#claim(value.length);
    this.#bytes.set(value, at);
  }

  /** Overwrites four bytes written earlier. */
  patchU32(at: number, value: number): void {
    assert(value >>> 0 === value && at >= 0 && at + 4 <= this.#length, "patch out of range");
    this.#view.setUint32(at, value, true);
  }

  /** A view of what was written, valid until the next write or `reset`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of its own, which may be kept or transferred. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length) as Uint8Array<ArrayBuffer>;
  }

  /** Hands over the buffer itself when it is exactly full, a copy otherwise; the writer is empty after. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#length < this.#bytes.length) {
      const copy = this.finish();
      this.reset();
      return copy;
    }
    const taken = this.#bytes as Uint8Array<ArrayBuffer>;
    this.#bytes = new Uint8Array(16);
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = 0;
    return taken;
  }

  /** Empties the writer and keeps its buffer. */
  reset(): void {
    this.#length = 0;
  }

  #shortAscii(value: string, units: number): boolean {
    const start = this.#claim(units + 1);
    const bytes = this.#bytes;
    bytes[start] = units; // shortText < 128: one byte of length
    for (let i = 0; i < units; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#length = start;
        return false;
      }
      bytes[start + 1 + i] = code;
    }
    return true;
  }

  #claim(size: number): number {
    const at = this.#length;
    if (at + size > this.#bytes.length) this.#reserve(size);
    this.#length = at + size;
    return at;
  }

  #reserve(size: number): void {
    const need = this.#length + size;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  /** Reads `bytes` from `start` to `end`; the bytes are not copied and must not change meanwhile. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    assert(start >= 0 && start <= end && end <= bytes.length, "reader outside its bytes");
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  int53(): number {
    const value = this.#view.getFloat64(this.#take(8), true);
    if (!Number.isSafeInteger(value)) throw new BytesError("not a safe integer");
    return value;
  }

  varint(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < varintBytesMax; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0) throw new BytesError("varint is not minimal");
        if (value > Number.MAX_SAFE_INTEGER) throw new BytesError("varint is no safe integer");
        return value;
      }
      scale *= 0x80;
    }
    throw new BytesError("varint is too long");
  }

  zigzag(): number {
    const first = this.u8();
    let magnitude = (first >> 1) & 0x3f;
    if (first >= 0x80) {
      const high = this.varint();
      if (high === 0) throw new BytesError("zigzag is not minimal");
      magnitude += high * 64;
    }
    const value = (first & 1) === 0 ? magnitude : -1 - magnitude;
    if (!Number.isSafeInteger(value)) throw new BytesError("zigzag is no safe integer");
    return value;
  }

  text(): string {
    const size = this.varint();
    const start = this.#take(size);
    if (size < shortText) {
      const ascii = this.#shortAscii(start, size);
      if (ascii !== undefined) return ascii;
    }
    try {
      return utf8Decode(this.#bytes.subarray(start, start + size));
    } catch {
      throw new BytesError("text is not UTF-8");
    }
  }

  /** A view, not a copy. */
  blob(): Uint8Array {
    return this.raw(this.varint());
  }

  /** A view, not a copy. */
  raw(size: number): Uint8Array {
    const start = this.#take(size);
    return this.#bytes.subarray(start, start + size);
  }

  /** The bytes under the reader, for those who decode in place at what `skip` returns. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Passes over `size` bytes and returns where they start. */
  skip(size: number): number {
    return this.#take(size);
  }

  /** Call when all is read: bytes left over mean that writer and reader disagree. */
  expectEnd(): void {
    if (this.#at !== this.#end) throw new BytesError(`${this.#end - this.#at} bytes left over`);
  }

  #shortAscii(start: number, size: number): string | undefined {
    let text = "";
    for (let i = start; i < start + size; i++) {
      const code = this.#bytes[i] as number;
      if (code >= 0x80) return undefined;
      text += String.fromCharCode(code);
    }
    return text;
  }

  #take(size: number): number {
    const at = this.#at;
    // Written so that a NaN or a negative size is refused too.
    if (!(size >= 0 && size <= this.#end - at)) throw new BytesError("bytes end too early");
    this.#at = at + size;
    return at;
  }
}
