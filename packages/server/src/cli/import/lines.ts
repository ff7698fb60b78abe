/** The lines of a file with their places, so that reading can stop after any line and go on from there. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";

/** How far a reading came: what to skip when it goes on, and bytes for the progress. */
export interface Place {
  line: number;
  byte: number;
}

export interface Line {
  /** Without its line break; undefined when it is longer than the limit. */
  text: string | undefined;
  /** In the file, from 1. */
  number: number;
  /** Right after the line. */
  place: Place;
}

const lineBreak = 0x0a;

/** In the order of the file, a chunk at a time. */
export async function* linesOf(
  path: string,
  from: Place,
  lineBytesMax: number,
): AsyncGenerator<Line[]> {
  let { line, byte } = from;
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): Line => {
    const text = length > lineBytesMax ? undefined : Buffer.concat(parts).toString("utf8");
    [parts, length] = [[], 0];
    line += 1;
    return { text, number: line, place: { line, byte } };
  };
  const hold = (part: Buffer): void => {
    length += part.length;
    byte += part.length;
    // Of a line that is too long nothing is kept, however long it goes on.
    if (length <= lineBytesMax) parts.push(part);
    else parts = [];
  };
  for await (const bytes of chunksOf(path, byte)) {
    const lines: Line[] = [];
    let start = 0;
    for (let at = bytes.indexOf(lineBreak); at >= 0; at = bytes.indexOf(lineBreak, start)) {
      hold(bytes.subarray(start, at));
      byte += 1;
      lines.push(take());
      start = at + 1;
    }
    hold(bytes.subarray(start));
    yield lines;
  }
  if (length > 0) yield [take()];
}

/** The bytes of a file from a place on; of a `.gz` file what is packed in it. */
export async function* chunksOf(path: string, from: number): AsyncGenerator<Buffer> {
  if (!path.endsWith(".gz")) {
    yield* createReadStream(path, { start: from, highWaterMark: 1 << 18 });
    return;
  }
  const packed = createReadStream(path);
  const unpacked = createGunzip({ chunkSize: 1 << 18 });
  packed.on("error", (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  let skip = from;
  for await (const chunk of unpacked as AsyncIterable<Buffer>) {
    if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
