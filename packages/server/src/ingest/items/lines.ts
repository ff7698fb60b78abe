/**
 * Cuts a stream of bytes into lines, or into the elements of one JSON array, in bounded memory: a line that is
 * too long is given as such and its bytes are let go while the line goes on.
 */
import { splitArray } from "../json.ts";

export type ItemLine = { text: string } | { fault: "too long" };

export interface ItemLinesLimits {
  lineBytesMax: number;
  /** Of an array, which must be held whole. */
  arrayBytesMax: number;
  linesMax: number;
}

/** A stream in which a line does not end for this many times its limit is none. */
const runawayMax = 64;

/** Why nothing further can be read. */
export type ItemStop = "too many lines" | "endless line" | "array too large" | "array broken";

export class ItemLines {
  readonly #limits: ItemLinesLimits;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #lines = 0;
  #isArray: boolean | undefined;
  stop: ItemStop | undefined;

  constructor(limits: ItemLinesLimits) {
    this.#limits = limits;
  }

  push(chunk: Uint8Array): ItemLine[] {
    const first = this.#isArray === undefined ? chunk.findIndex((byte) => byte > 0x20) : 0;
    if (first >= 0) this.#isArray ??= chunk[first] === openBracket;
    if (this.stop !== undefined) return [];
    if (this.#isArray === true) {
      this.#hold(chunk);
      if (this.#bytes > this.#limits.arrayBytesMax) this.#halt("array too large");
      return [];
    }
    const lines: ItemLine[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end < 0) break;
      this.#hold(chunk.subarray(start, end));
      this.#line(lines);
      if (this.stop !== undefined) return lines;
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    const { lineBytesMax } = this.#limits;
    if (this.#bytes > lineBytesMax * runawayMax) this.#halt("endless line");
    return lines;
  }

  /** What was still open when the stream ended. */
  end(): ItemLine[] {
    if (this.stop !== undefined) return [];
    const lines: ItemLine[] = [];
    if (this.#isArray !== true) {
      if (this.#bytes > 0) this.#line(lines);
      return lines;
    }
    const { lineBytesMax, linesMax } = this.#limits;
    const elements = splitArray(Buffer.concat(this.#parts).toString("utf8"), linesMax);
    this.#parts = [];
    if (elements === undefined) this.#halt("array broken");
    for (const text of elements ?? []) {
      if (this.#lines++ >= linesMax) {
        this.#halt("too many lines");
        break;
      }
      const isLong = text.length > lineBytesMax || Buffer.byteLength(text) > lineBytesMax;
      lines.push(isLong ? { fault: "too long" } : { text });
    }
    return lines;
  }

  #line(lines: ItemLine[]): void {
    if (this.#lines++ >= this.#limits.linesMax) {
      this.#halt("too many lines");
      return;
    }
    const isLong = this.#bytes > this.#limits.lineBytesMax;
    const text = isLong ? "" : Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#bytes = 0;
    if (isLong) lines.push({ fault: "too long" });
    // Blank lines count for the limit too, or a stream of nothing else would never end.
    else if (text.trim() !== "") lines.push({ text });
  }

  #hold(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const isKept = this.#isArray === true || this.#bytes <= this.#limits.lineBytesMax;
    if (isKept && bytes.length > 0) this.#parts.push(bytes);
    else if (!isKept) this.#parts = [];
  }

  #halt(reason: ItemStop): void {
    this.stop = reason;
    this.#parts = [];
  }
}

const lineFeed = 0x0a;
const openBracket = 0x5b;
