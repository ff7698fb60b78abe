import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import type { SeqRange } from "../../log/log.ts";

/** Of everybody with one range at most: an array of their own would be larger than all the rest. */
const none = new Uint8Array(0);

/**
 * The commits that hold one user's records, ascending, in bytes: with pairs of numbers these lists were two thirds of
 * all objects that the collector marks. Packed they are their number, then for each range the way from the end of the
 * one before and the way to its own end; `[0]` is none.
 */
export class Commits {
  /** All ranges but the last, packed, in the first `#size` bytes. */
  #bytes: Uint8Array = none;
  #size = 0;
  #closed = 0;
  /** Where the last of those ends. */
  #end = 0;
  /** The last range, which may grow yet; 0 = there is none. */
  #first = 0;
  #last = 0;

  /** Throws a BytesError for bytes that `pack` did not make. */
  static of(packed: Uint8Array): Commits {
    const commits = new Commits();
    const reader = new ByteReader(packed);
    const count = reader.varint();
    const start = reader.at;
    for (let i = 1; i < count; i++) commits.#end = lastOf(reader, commits.#end);
    commits.#closed = Math.max(0, count - 1);
    commits.#size = reader.at - start;
    if (commits.#size > 0) commits.#bytes = packed.slice(start, reader.at);
    if (count > 0) {
      commits.#first = commits.#end + reader.zigzag();
      commits.#last = commits.#first + reader.varint();
    }
    reader.expectEnd();
    return commits;
  }

  /** The newest commit; 0 = none. */
  get newest(): number {
    return this.#last;
  }

  add(seq: number): void {
    assert(seq >= this.#first && seq > 0, "commits of a user come in order");
    if (seq > this.#last + 1 || this.#first === 0) {
      if (this.#first !== 0) this.#close();
      this.#first = seq;
    }
    this.#last = Math.max(this.#last, seq);
  }

  ranges(): SeqRange[] {
    return rangesOf(this.pack());
  }

  /** Bytes of its own, equal for equal commits. */
  pack(): Uint8Array {
    writer.reset();
    writer.varint(this.#closed + (this.#first === 0 ? 0 : 1));
    writer.raw(this.#bytes.subarray(0, this.#size));
    if (this.#first !== 0) writeRange(this.#first, this.#last, this.#end);
    return writer.finish();
  }

  #close(): void {
    writer.reset();
    writeRange(this.#first, this.#last, this.#end);
    const added = writer.view();
    const size = this.#size + added.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(16, size, Math.ceil(this.#bytes.length * 1.5)));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(added, this.#size);
    this.#size = size;
    this.#closed += 1;
    this.#end = this.#last;
  }
}

export function packRanges(ranges: readonly SeqRange[]): Uint8Array {
  writer.reset();
  writer.varint(ranges.length);
  let end = 0;
  for (const [first, last] of ranges) {
    writeRange(first, last, end);
    end = last;
  }
  return writer.finish();
}

/** Throws a BytesError for bytes that are no packed ranges. */
export function rangesOf(packed: Uint8Array): SeqRange[] {
  const reader = new ByteReader(packed);
  const ranges = readRanges(reader);
  reader.expectEnd();
  return ranges;
}

/** Reads packed ranges that stand among other bytes. */
export function readRanges(reader: ByteReader): SeqRange[] {
  let end = 0;
  return Array.from({ length: reader.varint() }, () => {
    const first = end + reader.zigzag();
    end = first + reader.varint();
    return [first, end] as const;
  });
}

/** Passes over packed ranges and gives their bytes, a copy. */
export function takeRanges(reader: ByteReader): Uint8Array {
  const start = reader.at;
  for (let left = reader.varint(); left > 0; left--) lastOf(reader, 0);
  return reader.bytes.slice(start, reader.at);
}

/** One after the other, so one serves them all. */
const writer = new ByteWriter();

function writeRange(first: number, last: number, end: number): void {
  writer.zigzag(first - end);
  writer.varint(last - first);
}

function lastOf(reader: ByteReader, end: number): number {
  const first = end + reader.zigzag();
  return first + reader.varint();
}
